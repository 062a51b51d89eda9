"""Explaining: each finding gets what came out at its witness, and what to do next.

In: findings, and a way to run points. Out: the same findings with witnesses and suggestions. Causes come here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from gradcheck.floats import FloatFormat
from gradcheck.records import Finding, Witness

NOWHERE = "scan it where your inputs are, with --range"

Result: TypeAlias = tuple[Mapping[str, float], float, Mapping[str, float | None]]
"""All inputs by name, the output, and the gradient of each version, at one point."""

ValuesAt: TypeAlias = Callable[[list[int]], Sequence[Result]]
"""From ordinals to the result at each."""


def explain(findings: tuple[Finding, ...], values_at: ValuesAt) -> tuple[Finding, ...]:
    """Fill in witness and suggestion."""
    places = sorted({finding.at for finding in findings if finding.at is not None})
    results = dict(zip(places, values_at(places), strict=True)) if places else {}
    return tuple(replace(f, suggestion=suggest(f), witness=witness(f, results)) for f in findings)


def witness(finding: Finding, results: Mapping[int, Result]) -> Witness | None:
    """What came out at a finding's witness."""
    if finding.at is None:
        return None
    inputs, output, gradients = results[finding.at]
    return Witness(inputs, output, gradients[finding.version])


def suggest(finding: Finding) -> str | None:
    """What to do next, in one sentence."""
    if finding.severity == "info":
        return None
    if finding.code == "GC008":
        return "if a gradient is wanted, write tf.custom_gradient; if not, say so with tf.stop_gradient"
    if finding.code == "GC009":
        return "replace the operation that has no gradient, or give the function one with tf.custom_gradient"
    if finding.severity == "warning":
        rest = outside(finding)
        return f"if inputs never come here, leave it out: --range {finding.wrt}={rest}" if rest else NOWHERE
    return (
        "use the library's stable form, or keep the input out of there BEFORE the operation that fails"
        " (a tf.where behind it does not help), or write tf.custom_gradient and scan again"
    )


def outside(finding: Finding) -> str | None:
    """A range that ends where a finding's interval begins, on the side of 0; None where nothing is left."""
    assert finding.lo is not None, "only findings with an interval come here"
    assert finding.hi is not None, "an interval has two ends"
    fmt: FloatFormat = finding.fmt
    if finding.lo > fmt.min_ordinal and (finding.lo > 0 or finding.hi == fmt.max_ordinal):
        return f":{fmt.text(finding.lo - 1)}"
    return f"{fmt.text(finding.hi + 1)}:" if finding.hi < fmt.max_ordinal else None
