"""Findings: what is wrong, shown at a witness, with its cause."""

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.floats import FloatFormat
from gradcheck.program import Array
from gradcheck.records.classes import Class
from gradcheck.records.curves import Curve
from gradcheck.records.ignores import Suppression
from gradcheck.records.trainings import TrainingWitness


@dataclass(frozen=True)
class Witness:
    """One concrete input that shows a finding, with what came out there.

    Attributes:
        paste: Python that shows it; none where the target cannot be named, or training runs another version.
    """

    inputs: Mapping[str, float]
    output: float
    gradient: float | None
    true_output: float | None = None
    true_gradient: float | None = None
    paste: tuple[str, ...] = ()


@dataclass(frozen=True)
class LineInterval:
    """The floats of one element, the rest of the witness held, on which a finding stays the same.

    Attributes:
        input: its name.
        index: of the element.
        lo, hi: first and last ordinal.
        fmt: its dtype.
    """

    input: str
    index: tuple[int, ...]
    lo: int
    hi: int
    fmt: FloatFormat


@dataclass(frozen=True, eq=False)
class TensorWitness:
    """One point of a tensor target that shows a finding, with what came out there.

    Attributes:
        inputs: by name; floats as float64.
        dtypes: of the inputs, by name.
        outputs: by name.
        gradient: by what the finding is about; None where it is not connected, or raised.
        true_outputs, true_gradient: objects: floats, or None where they are not known; None where nothing is.
        bad: indices of the bad entries of the gradient, the first ones.
        bad_count: how many there are.
        bad_outputs: names and indices of the outputs that are not finite, the first ones.
        cotangent: what the outputs are weighed with: `ones` or `random signs`.
        weights: the cotangent itself, one array an output; None where it is ones.
        line: along one element; None where the element is no float or the finding is about finite numbers.
        poisons: how one bad row of a batch spoils others; None where it does not, or there is no batch.
        paste: Python that shows it.
        curve: along `line`, with the gradient's first bad entry; None where there is no line.
    """

    inputs: Mapping[str, Array]
    dtypes: Mapping[str, str]
    outputs: Mapping[str, Array]
    gradient: Array | None
    true_outputs: Mapping[str, Array] | None = None
    true_gradient: Array | None = None
    bad: tuple[tuple[int, ...], ...] = ()
    bad_count: int = 0
    bad_outputs: tuple[str, ...] = ()
    cotangent: str = "ones"
    weights: tuple[Array, ...] | None = None
    line: LineInterval | None = None
    poisons: str | None = None
    paste: tuple[str, ...] = ()
    curve: Curve | None = None


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
class Elsewhere:
    """What comes out at one float in another way of running it.

    Attributes:
        at: the value of the input.
        mode: graph, eager or xla.
        size: elements of the tensor, all of them that value.
        output, gradient: of one of them; the gradient None where there is none.
    """

    at: float
    mode: str
    size: int
    output: float
    gradient: float | None


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
        tensor: the witness of a tensor target, in the place of `witness`.
        elsewhere: ways of running the witness, or an end, in which it is of another class.
        mode: in which it was found: graph, eager or xla; of a disagreement the first of them.
        suppressed: why it does not count; None where it does.
        training: the step of a training run that shows it, in the place of `witness`.
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
    tensor: TensorWitness | None = None
    elsewhere: tuple[Elsewhere, ...] = ()
    mode: str = "graph"
    suppressed: Suppression | None = None
    training: TrainingWitness | None = None


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
