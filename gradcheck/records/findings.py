"""Findings: what is wrong, shown at a witness, with its cause."""

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.floats import FloatFormat
from gradcheck.records.classes import Class


@dataclass(frozen=True)
class Witness:
    """One concrete input that shows a finding, with what came out there."""

    inputs: Mapping[str, float]
    output: float
    gradient: float | None
    true_output: float | None = None
    true_gradient: float | None = None


@dataclass(frozen=True)
class Cause:
    """The operation that a finding comes from.

    Attributes:
        op: type of the operation in which the bad value is born.
        forward_op: type of the forward operation that it belongs to; None in a gradient function of the user's.
        file, line, source: the user's line, or None (a SavedModel has none).
        node: name of the forward operation in the graph.
        message: one sentence with the values.
    """

    op: str
    forward_op: str | None
    file: str | None
    line: int | None
    source: str | None
    node: str = ""
    message: str = ""


@dataclass(frozen=True)
class Finding:
    """A stretch of the line with a code.

    Attributes:
        code, name: GC001 and nan-gradient, for example.
        severity: info, warning or error.
        kind: numerical, singular or overflow; None while truth is not known.
        version: whose gradient.
        wrt: the input.
        masked: whether the output is finite there, so that no forward check sees it.
        lo, hi: ordinals of its ends; None where it is not an interval.
        at: ordinal of its witness, or None.
        message: one sentence: what.
        suggestion: one sentence: what next.
        witness, cause: filled by the stage that explains.
    """

    code: str
    name: str
    severity: str
    version: str
    wrt: str
    fmt: FloatFormat
    masked: bool
    lo: int | None
    hi: int | None
    at: int | None
    message: str
    suggestion: str | None = None
    kind: str | None = None
    witness: Witness | None = None
    cause: Cause | None = None


@dataclass(frozen=True)
class Link:
    """One forward operation of a chain, at one point; None where there is no such value, or it is not known.

    Attributes:
        op: its type.
        text: what it computes, as a formula.
        place: file name and line, or the node's name.
        value, true_value: its output, computed and exact.
        arriving: the gradient of the target's output with respect to its output, as computed.
        leaving: the gradient that it passes on, as computed; one an input that depends on the swept one.
        true_leaving: the same, evaluated exactly from the exact values.
        guilty: whether it is the cause.
    """

    op: str
    text: str
    place: str
    value: float | None
    true_value: float | None
    arriving: float | None
    leaving: tuple[float, ...]
    true_leaving: tuple[float | None, ...]
    guilty: bool


@dataclass(frozen=True)
class Chain:
    """One version of a target at one point, operation by operation.

    Attributes:
        target, version, wrt: what is explained.
        witness: what came out.
        verdict: class of the gradient, with the truth considered.
        links: the forward operations, in order.
        cause: where the bad gradient is born, or None where it is good.
        trap: words on the `tf.where` trap, or None.
    """

    target: str
    version: str
    wrt: str
    witness: Witness
    verdict: Class
    links: tuple[Link, ...]
    cause: Cause | None
    trap: str | None
