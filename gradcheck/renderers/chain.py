"""The chain that `gradcheck explain` prints, for people and as JSON.

In: a chain. Out: text, or an object for JSON. One row an operation: its value and the true one, the gradient that
arrives and the one that leaves, and the true one; the guilty row is marked.
"""

import json
import textwrap
from math import isinf
from typing import Any

from tabulate import tabulate

from gradcheck.records import Chain, Class, Link
from gradcheck.renderers.cleaning import cleaned
from gradcheck.renderers.json_report import SCHEMA_VERSION, cause_object
from gradcheck.renderers.numbers import number
from gradcheck.renderers.styles import Style

DIGITS = 4
"""Significant digits of a printed value."""

WIDEST, NARROWEST = 26, 8
"""Characters of a formula in the table, where there is room and where there is none."""


def render_chain(chain: Chain, name: str, style: Style) -> str:
    """The chain in the format `name`, `table` or `json`."""
    if name == "json":
        return json.dumps(chain_object(chain), indent=2, allow_nan=False) + "\n"
    return chain_text(cleaned(chain), style)


def chain_text(chain: Chain, style: Style) -> str:
    """The chain as a table of 80 columns."""
    bad = chain.verdict not in (Class.FINITE, Class.NONE)
    verdict = style.paint(chain.verdict.value if bad else "right", "error" if bad else "good")
    inputs = ", ".join(f"{name} = {value!r}".removesuffix(".0") for name, value in chain.witness.inputs.items())
    lines = [f"{style.paint(chain.target, 'heading')}  at {inputs}: the {chain.version} gradient is {verdict}", ""]
    lines += fitted(chain, style)
    witness = chain.witness
    lines += ["", f"  output {shown(witness.output)} (true {shown(witness.true_output)})"]
    lines.append(f"  gradient {shown(witness.gradient)} (true {shown(witness.true_gradient)})")
    if chain.cause:
        where = f"  {chain.cause.source}" if chain.cause.source else ""
        lines.append(paragraph(f"cause: {chain.cause.message}", style))
        lines += [f"      {where.strip()}"[: style.width]] if where else []
    if chain.trap:
        lines.append(paragraph(f"next: {chain.trap}", style))
    return "\n".join(lines) + "\n"


def fitted(chain: Chain, style: Style) -> list[str]:
    """The table, with formulas cut, and a digit less, so that it fits."""
    plain = Style(style.width, False, style.unicode)  # colours take no room on a terminal
    for digits in (DIGITS, DIGITS - 1):
        excess = max(map(len, table(chain, plain, WIDEST, digits))) - style.width
        widest = max(NARROWEST, WIDEST - max(0, excess))
        if max(map(len, table(chain, plain, widest, digits))) <= style.width:
            break
    return table(chain, style, widest, digits)


def table(chain: Chain, style: Style, widest: int, digits: int) -> list[str]:
    """The rows under their header."""
    header = ["", "operation", "value", "true", "gradient in", "out", "true"]
    rows = [row(link, style, widest, digits) for link in chain.links]
    return ["  " + line.rstrip() for line in tabulate(rows, header, "simple", disable_numparse=True).splitlines()]


def row(link: Link, style: Style, widest: int, digits: int) -> list[str]:
    """One operation."""
    mark = style.paint(">" if not style.unicode else "▶", "error") if link.guilty else ""
    text = link.text if len(link.text) <= widest else link.text[: widest - 3] + "..."
    values = [shown(v, digits) for v in (link.value, link.true_value, link.arriving)]
    leaving = "".join([*(shown(v, digits) for v in link.leaving[:1]), *([" ..."] if len(link.leaving) > 1 else [])])
    return [mark, text, *values, leaving, shown(link.true_leaving[0], digits) if link.true_leaving else ""]


def shown(value: float | None, digits: int = DIGITS) -> str:
    """A value in few digits; a dash where there is none."""
    if value is None:
        return "-"
    return ("-" if value < 0 else "") + "inf" if isinf(value) else f"{value:.{digits}g}"


def paragraph(text: str, style: Style) -> str:
    """A paragraph with a hanging indent."""
    return textwrap.fill(
        text,
        style.width,
        initial_indent="  ",
        subsequent_indent=" " * 6,
        break_on_hyphens=False,
        break_long_words=False,
    )


def chain_object(chain: Chain) -> dict[str, Any]:
    """The chain for JSON."""
    witness = chain.witness
    return {
        "schema_version": SCHEMA_VERSION,
        "target": chain.target,
        "version": chain.version,
        "wrt": chain.wrt,
        "inputs": {name: number(value) for name, value in witness.inputs.items()},
        "output": number(witness.output),
        "gradient": optional(witness.gradient),
        "true_output": optional(witness.true_output),
        "true_gradient": optional(witness.true_gradient),
        "verdict": chain.verdict.value,
        "chain": [link_object(link) for link in chain.links],
        "cause": cause_object(chain.cause) if chain.cause else None,
        "suggestion": chain.trap,
    }


def link_object(link: Link) -> dict[str, Any]:
    """One operation."""
    return {
        "op": link.op,
        "text": link.text,
        "place": link.place,
        "value": optional(link.value),
        "true_value": optional(link.true_value),
        "gradient_in": optional(link.arriving),
        "gradient_out": [number(v) for v in link.leaving],
        "true_gradient_out": [optional(v) for v in link.true_leaving],
        "guilty": link.guilty,
    }


def optional(value: float | None) -> float | str | None:
    """A number, or null."""
    return None if value is None else number(value)
