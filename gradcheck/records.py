"""The records that travel between the stages, all frozen.

A target becomes a graph, a graph and options become a plan, a plan becomes samples, samples become regions, regions
become findings, findings become explained findings, those become a report. Floats travel as ordinals of their input's
dtype; they become decimals where they are printed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeAlias

from gradcheck.floats import FloatFormat
from gradcheck.program import Observation, Program

Tensor: TypeAlias = Any
"""A TensorFlow tensor; this layer must not import TensorFlow."""


class Class(Enum):
    """What was observed of one value: the forward output or one version's gradient."""

    FINITE = "finite"
    NAN = "nan"
    INF = "inf"
    NEGATIVE_INF = "-inf"
    NONE = "none"
    """Autodiff returns None: the gradient is not connected."""
    MIXED = "mixed"
    """Several classes in turn, too many to tell apart."""
    ZERO = "zero"
    """Exactly 0, of a gradient; before the truth is known, which makes it finite or vanished."""
    VANISHED = "vanished"
    """Exactly 0 where the true gradient is not, and could be represented."""
    INACCURATE = "inaccurate"
    """Finite, but further from the true gradient than the tolerance."""
    WRONG = "wrong"
    """Finite, of a custom gradient whose formula is not the derivative."""

    @property
    def is_infinite(self) -> bool:
        """Either infinity."""
        return self in (Class.INF, Class.NEGATIVE_INF)

    @property
    def is_number(self) -> bool:
        """Whether every value of this class is a finite number."""
        return self in (Class.FINITE, Class.ZERO, Class.VANISHED, Class.INACCURATE, Class.WRONG)


class Domain(Enum):
    """Whether the function is defined in real arithmetic."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"


class Kind(Enum):
    """What real arithmetic says where a gradient is not finite."""

    NUMERICAL = "numerical"
    """The true gradient can be represented: a defect of the code."""
    SINGULAR = "singular"
    """The true derivative is infinite or does not exist."""
    OVERFLOW = "overflow"
    """The true gradient exceeds the dtype."""
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Parameter:
    """One input of a loaded target.

    Attributes:
        name: as the function or the signature spells it.
        dtype: a dtype name, or None where nothing declares one.
        shape: declared dimensions (None: any), or None where nothing declares them.
        keyword_only: whether it must be passed by name.
    """

    name: str
    dtype: str | None = None
    shape: tuple[int | None, ...] | None = None
    keyword_only: bool = False


@dataclass(frozen=True)
class LoadedTarget:
    """A target whose code or model is in memory, not traced yet.

    Attributes:
        name: as the user wrote it, or `file:function` for a discovered one.
        function: takes one tensor a parameter, returns one tensor.
        parameters: the float inputs, in order.
        autograph: whether Python control flow on tensors is to be converted.
        override_lost: whether a SavedModel names gradient overrides that were not saved with it.
        notes: what the user should know of how it was loaded.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    autograph: bool = True
    override_lost: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """Intermediates of one version's forward and backward graph, to be looked at along the line.

    Attributes:
        run: from one tensor [block] an input to a list of tensors [block], one an intermediate.
        dangers: for each intermediate, the values at which an operation that reads it has no finite gradient.
    """

    run: Callable[..., list[Tensor]]
    dangers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Study:
    """One version at a single point, for real arithmetic and for causes.

    Attributes:
        program: (output, gradient), or (output,) where there is no gradient.
        observe: from one value an input to what TensorFlow computes there, for every tensor of the program.
        recast: makes a function that computes the outputs in float64; None where TensorFlow cannot.
        entered: the study of the branches that are taken at a point; None where there are none.
    """

    program: Program
    observe: Callable[[tuple[float, ...]], Observation]
    recast: Callable[[], Callable[[tuple[float, ...]], tuple[float, ...]] | None] = lambda: None
    entered: "Callable[[tuple[float, ...]], Study | None]" = lambda values: None


@dataclass(frozen=True)
class Version:
    """One way to get the gradient of a target with respect to one input, traced.

    Attributes:
        name: `autodiff`, `custom` or `against`.
        run: from one tensor [block] an input to (output [block], gradient [block] or None).
        failure: why the gradient cannot be computed, or None; then `run` gives (output, None).
        connected: whether autodiff returns a gradient at all.
        constants: small numeric constants of the forward and backward graph.
        probe: its intermediates, or None where they cannot be fetched.
        study: makes its program at a single point when first called; None where TensorFlow cannot inline it.
    """

    name: str
    run: Callable[..., tuple[Tensor, Tensor | None]]
    failure: str | None = None
    connected: bool = True
    constants: tuple[float, ...] = ()
    probe: Probe | None = None
    study: Callable[[], Study | None] = lambda: None


@dataclass(frozen=True)
class TracedInput:
    """One float input of a traced target."""

    name: str
    fmt: FloatFormat
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Stop:
    """A `tf.stop_gradient` that the user's own code calls."""

    file: str | None
    line: int | None

    @property
    def place(self) -> str:
        """File name and line, as far as they are known."""
        return f"{PurePath(self.file).name}:{self.line}" if self.file else "line not known"


@dataclass(frozen=True)
class TracedTarget:
    """A target as TensorFlow graphs.

    Attributes:
        name: the target's name.
        inputs: its float inputs.
        versions: for each input, the versions of the gradient with respect to it; the first is `autodiff`.
        block: points that one call takes, at most.
        looped: whether a call runs its points one by one (data-dependent control flow) instead of as one tensor.
        stops: `tf.stop_gradient` calls in the forward graph.
        notes: what the user should know of how it was traced.
    """

    name: str
    inputs: tuple[TracedInput, ...]
    versions: tuple[tuple[Version, ...], ...]
    block: int
    looped: bool
    stops: tuple[Stop, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputPlan:
    """What will be swept: one input, its segments of ordinals (inclusive), and where the others are held.

    Attributes:
        index: position of the swept input.
        segments: disjoint, sorted (first, last) ordinals.
        held: an ordinal for every input, in its own dtype (that of the swept one is not used).
    """

    index: int
    segments: tuple[tuple[int, int], ...]
    held: tuple[int, ...]

    @property
    def floats(self) -> int:
        """How many floats the segments hold."""
        return sum(hi - lo + 1 for lo, hi in self.segments)


@dataclass(frozen=True)
class Region:
    """A maximal interval of ordinals in which everything observed falls in one class.

    Attributes:
        input: name of the swept input.
        fmt: its dtype.
        lo, hi: first and last ordinal.
        forward: class of the output.
        gradients: class of the gradient, for each version.
        witness: ordinal of the simplest float in it, run and found to be of these classes.
        domain: whether the function is defined there; None where the truth is not known.
        defect: whether the output is not finite although the true output can be represented.
        border: the same, for a true output that is within a rounding of the largest float.
        kinds: of the gradients that are not finite, by version.
        losses: of the gradients that are finite and wrong, by version: their error beside what rounding explains.
    """

    input: str
    fmt: FloatFormat
    lo: int
    hi: int
    forward: Class
    gradients: Mapping[str, Class]
    witness: int
    domain: Domain | None = None
    defect: bool = False
    border: bool = False
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def floats(self) -> int:
        """How many floats it holds."""
        return self.hi - self.lo + 1


@dataclass(frozen=True)
class Reference:
    """What the verdicts of a sweep rest on.

    Attributes:
        points: floats at which the truth was asked for.
        approximate: operations that are not in the table, so that the graph in float64 stands in for the truth.
    """

    points: int
    approximate: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """One input's sweep: the plan, what came out, and how much of the line was run.

    Attributes:
        plan: what was to be swept.
        regions: in order of ordinals.
        evaluated: distinct floats that were run.
        exhaustive: whether those are all floats of the plan.
        varies: whether the output differs between any two of them.
        truth: what the verdicts rest on.
    """

    plan: InputPlan
    input: TracedInput
    regions: tuple[Region, ...]
    evaluated: int
    exhaustive: bool
    varies: bool
    truth: "Reference | None" = None


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


@dataclass(frozen=True)
class TargetError:
    """Why a target could not be checked."""

    code: str
    message: str


@dataclass(frozen=True)
class TargetReport:
    """All that is reported of one target."""

    target: str
    error: TargetError | None = None
    inputs: tuple[TracedInput, ...] = ()
    versions: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """clean, findings or error."""
        if self.error:
            return "error"
        return "findings" if self.findings else "clean"


@dataclass(frozen=True)
class Environment:
    """Where a report was measured."""

    tensorflow: str
    python: str
    device: str


@dataclass(frozen=True)
class Report:
    """A whole run."""

    version: str
    environment: Environment
    targets: tuple[TargetReport, ...]
    seed: int = 0
