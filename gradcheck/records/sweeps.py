"""Sweeps: what is planned on one line of floats, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradcheck.floats import FloatFormat
from gradcheck.records.classes import Class, Domain, Kind
from gradcheck.records.curves import Curve
from gradcheck.records.targets import TracedInput


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
class ModeResult:
    """Classes in one mode: of the output, and of each version's gradient."""

    forward: Class
    gradients: Mapping[str, Class]


@dataclass(frozen=True)
class ModeRegion:
    """A maximal interval of ordinals in which no mode changes its classes.

    Attributes:
        fmt: dtype of the swept input.
        lo, hi: first and last ordinal.
        witness: ordinal of the simplest float in it.
        results: by mode.
        domain: outside where the function is not defined there; None elsewhere.
    """

    fmt: FloatFormat
    lo: int
    hi: int
    witness: int
    results: Mapping[str, ModeResult]
    domain: Domain | None = None


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
class Screen:
    """How the finite gradients of all floats compare with those that the graph has in float64.

    Attributes:
        stretches: first and last ordinals, sorted; outside of them no gradient is further off than an error may be.
        joined: whether floats that are not lie between the ends of a stretch: there were too many to be listed.
        unlisted: what of the stretches is in no region with a bad gradient: there real arithmetic had the last word.
    """

    stretches: tuple[tuple[int, int], ...]
    joined: bool = False
    unlisted: tuple[tuple[int, int], ...] = ()


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
        notes: what the user should know of how it was run.
        screen: every gradient beside that in float64; None where that was not asked for, or cannot be had.
        curve: what is drawn; None of a replacement that is only tried, and of older reports.
    """

    plan: InputPlan
    input: TracedInput
    regions: tuple[Region, ...]
    evaluated: int
    exhaustive: bool
    varies: bool
    truth: "Reference | None" = None
    notes: tuple[str, ...] = ()
    screen: "Screen | None" = None
    curve: "Curve | None" = None
