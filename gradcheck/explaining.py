"""Explaining: each finding gets what came out at its witness, and what to do next.

In: findings, and a way to run points. Out: the same findings with witnesses and suggestions. Causes come here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from gradcheck.floats import FloatFormat
from gradcheck.records import Finding, Witness

ValuesAt = Callable[[int], tuple[Mapping[str, float], float, Mapping[str, float | None]]]
"""From an ordinal to all inputs by name, the output, and the gradient of each version."""


def explain(findings: tuple[Finding, ...], values_at: ValuesAt) -> tuple[Finding, ...]:
    """Fill in witness and suggestion."""
    return tuple(explained(finding, values_at) for finding in findings)


def explained(finding: Finding, values_at: ValuesAt) -> Finding:
    """One finding with its witness and suggestion."""
    suggestion = suggest(finding)
    if finding.at is None:
        return replace(finding, suggestion=suggestion)
    inputs, output, gradients = values_at(finding.at)
    return replace(finding, suggestion=suggestion, witness=Witness(inputs, output, gradients[finding.version]))


def suggest(finding: Finding) -> str | None:
    """What to do next, in one sentence."""
    if finding.severity == "info":
        return None
    if finding.code == "GC008":
        return "if a gradient is wanted, give the function one with tf.custom_gradient; if not, say so with tf.stop_gradient"
    if finding.code == "GC009":
        return "replace the operation that has no gradient, or give the function one with tf.custom_gradient"
    if finding.severity == "warning":
        return f"if inputs never come here, leave it out: --range {finding.wrt}={outside(finding)}"
    return (
        "use the library's stable form, or keep the input out of there BEFORE the operation that fails"
        " (a tf.where behind it does not help), or write tf.custom_gradient and scan again"
    )


def outside(finding: Finding) -> str:
    """A range that ends where a finding begins, on the side that is left."""
    assert finding.lo is not None and finding.hi is not None, "only findings with an interval come here"
    fmt: FloatFormat = finding.fmt
    if finding.lo > fmt.min_ordinal and finding.lo > 0:
        return f":{fmt.text(finding.lo - 1)}"
    if finding.hi < fmt.max_ordinal:
        return f"{fmt.text(finding.hi + 1)}:"
    return "LO:HI"
