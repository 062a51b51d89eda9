"""`gradcheck rules`: what each code means, with a tiny function that has it and its cure."""

import difflib
import json
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.delivery import put, terminal_style
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.examples import EXAMPLES, Example
from gradcheck.rules import ERRORS, RULES, Rule

if TYPE_CHECKING:
    from gradcheck.renderers import Style

FORMATS = ("table", "json")

NAMES = max(len(rule.name) for rule in RULES)
"""Columns of the names in the list."""


@app.command()
def rules(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="GC001, or nan-gradient; a beginning, GC9, lists those.")
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"{' or '.join(FORMATS)}, on standard output.")
    ] = "table",
) -> None:
    """Explain the codes of findings and errors: what they mean, a tiny example that fails, and its cure."""
    from gradcheck.parsing import parse_choice

    parse_choice("--format", output_format, FORMATS)
    found = RULES if code is None else matching(code)
    style = terminal_style(sys.stdout)
    if output_format == "json":
        text = json.dumps({"schema_version": 1, "rules": [as_data(rule) for rule in found]}, indent=2) + "\n"
    else:
        text = page(found[0], style) if code is not None and len(found) == 1 else listed(found, style)
    put(text)


def matching(code: str) -> tuple[Rule, ...]:
    """The rules of a code, a name or the beginning of a code."""
    wanted = code.strip()
    found = tuple(r for r in RULES if wanted.lower() == r.name or (wanted and r.code.startswith(wanted.upper())))
    if not found:
        near = difflib.get_close_matches(wanted.upper(), [r.code for r in RULES], n=1)
        near = near or difflib.get_close_matches(wanted.lower(), [r.name for r in RULES], n=1)
        hint = f"did you mean {near[0]}?" if near else "gradcheck rules lists all of them"
        raise CannotCheck(BAD_CONFIGURATION, f"rules {code}: there is no such code; {hint}")
    return found


def as_data(rule: Rule) -> dict[str, object]:
    """A rule for programs; the example is null where a code has none."""
    example = EXAMPLES.get(rule.code)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "explanation": rule.explanation,
        "example": None
        if example is None
        else {
            "fails": code_of(example, example.fails),
            "cure": code_of(example, example.cure),
            "command": command(example),
        },
    }


def listed(rules: tuple[Rule, ...], style: "Style") -> str:
    """A line or two a rule."""
    lines = []
    for rule in rules:
        begin = f"{rule.code}  {rule.severity:7}  {rule.name:{NAMES}}  "
        text = textwrap.fill(rule.summary, style.width, initial_indent=begin, subsequent_indent=" " * len(begin))
        lines.append(text.replace(rule.code, style.paint(rule.code, rule.severity), 1))
    return "\n".join([*lines, "", "gradcheck rules CODE explains one of them."]) + "\n"


def page(rule: Rule, style: "Style") -> str:
    """All about one rule."""
    kind = "could not check: exit status 2" if rule in ERRORS else rule.severity
    lines = [f"{style.paint(rule.code, rule.severity)} {style.paint(rule.name, 'heading')} ({kind})"]
    for text in (f"{rule.summary[0].upper()}{rule.summary[1:]}.", rule.explanation):
        lines += ["", textwrap.fill(text, style.width, initial_indent="  ", subsequent_indent="  ")]
    example = EXAMPLES.get(rule.code)
    if example is not None:
        lines += ["", f"  This has it, in {command(example)}", "", *indented(code_of(example, example.fails))]
        lines += ["", "  and this has not:", "", *indented(code_of(example, example.cure))]
    return "\n".join(lines) + "\n"


def code_of(example: Example, text: str) -> str:
    """A function as a file that can be scanned, or a script."""
    blanks = "\n" * (2 if example.watched else 3)
    return f"import tensorflow as tf{blanks}{text}"


def command(example: Example) -> str:
    """The command that shows it."""
    if example.watched:
        return f"gradcheck watch {example.options} example.py"
    return f"gradcheck scan example.py:f {example.options}"


def indented(code: str) -> list[str]:
    """Lines of code in a page."""
    return [f"      {line}".rstrip() for line in code.splitlines()]
