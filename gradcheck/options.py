"""What the user asked for, and every threshold with its unit and its reason.

In: nothing. Out: frozen options, which `parsing` makes of texts; what nobody said becomes a default at one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from gradcheck.domains import ValueDomain

STRATA = 1 << 21
"""Evenly spaced stretches of ordinals, one draw from each. On float32 a stretch is 2,040 floats wide, so nothing wider
than 4,080 floats can hide; 2^21 points of a cheap function cost about 0.05 s on two cores."""

LOOP_STRATA = 1 << 14
"""The same where a target has to be called once a point (data-dependent control flow): 10 to 20 us a point."""

GRID_STEPS = 1 << 12
"""Steps of each decimal grid; a range of [-8, 8] is cut at multiples of 1/256 among others."""

GRID_REACHES = (1.0, 8.0, 128.0, 1024.0)
"""Half-widths of the decimal grids that a range is cut to: where people's inputs live, whatever the range."""

PROBE_STRATA = 1 << 15
"""Points at which intermediates are looked at for danger; each costs the memory of one float an intermediate."""

MAX_CHANGES = 1024
"""Changes of class that one sweep follows to the exact float; a function that oscillates has millions, and those that
bound the widest stretches are taken."""

MAX_PROBE_CHANGES = 128
"""The same for one intermediate."""

MAX_MINIMA = 32
"""Local approaches to a danger point that are followed, for one intermediate."""

TOLERANCES = {"float16": 1e-2, "bfloat16": 1e-2, "float32": 1e-3, "float64": 1e-6}
"""Relative error of a gradient that is still right, by dtype."""

CONDITION_ULPS = 128
"""Last bits of the input, and of the output, whose rounding may explain an error: TensorFlow's kernels are right to a
few, and a function is made of a few of them."""

SURVEY_POINTS = 640
"""Points of a sweep at which the truth is asked for, besides two in each region: 0.05 to 1 ms each."""

MAX_COST = 20_000
"""Numbers that the truth may compute at one point, 1 to 3 us each."""

MAX_ZERO_CHANGES = 48
"""Ends of runs of zero gradients that are followed to the exact float; with more of them they are noise."""

MAX_VERDICT_CHANGES = 24
"""Changes of verdict that are followed to the exact float; the true gradient is evaluated 32 times for each."""

CURVE_POINTS = 400
"""Points of the survey that are kept of one input to be drawn, some 30 kB of JSON: a third of them are even over all
floats, one in every other octave of float32, the others decimals up to 8 and up to 128, where people look."""

CURVE_STEPS = 64
"""Even steps of a segment in which no point may be missing: a tenth of what a plot is wide, in pixels."""

CURVE_REGIONS = 64
"""Regions, the widest first, whose ends are drawn to the float."""

LINE_POINTS = 128
"""Points of the line through a witness of a tensor target; each is a run of its own, as one of its interval is."""

LINE_OPERATIONS = 60_000
"""Operations that are run for one such line, about 0.1 s: of a large graph there are fewer points."""

LINE_TRUTHS = 24
"""Points of it at which the truth is asked, some 1 ms each."""

MAX_CURES = 2
"""Replacements of known diseases that are tried on one input; each is a sweep of its own."""

MOST_FLOATS = 1 << 40
"""Floats of a range that --exhaustive takes on: an hour or so."""

DEFAULT_HOLD = "0.5"
"""Value of the float inputs that are not being swept: a probability, a scale, and no identity of * or pow (1 would hide
everything that is multiplied by its logarithm)."""


DEFAULT_BUDGET = 5.0
"""Seconds that the search of a tensor target may take, about."""

TIMEOUT = 60.0
"""Seconds that one target may take; the slowest of the samples takes 5."""

BUDGETS = 10
"""What a target may take at least, in budgets of its search, which the clock stops after three."""

LONGEST = 24 * 3600.0
"""The longest time that can be asked for, and what a proof may take: it shows how much is left."""

FAR = 1e15
"""Absolute value of an input beyond all that training meets; a defect that takes one is a warning, of a tensor target:
every square overflows somewhere."""

MOVED_ULPS = {"float16": 4, "bfloat16": 4, "float32": 64, "float64": 64}
"""Last bits by which an end of a finding may differ from the baseline and be the same end: another TensorFlow's kernels
differ in a few, and a function is made of a few of them. In float16 and bfloat16 64 of them would be 6% and 50%."""

SOFT_ENDS = 16
"""Times that for GC004 and GC005, whose ends are where an error passes the tolerance: rounding moves those further."""

BASELINE_BYTES = 1 << 24
"""The largest baseline that is read: some 60,000 findings."""

LINE_DOMAINS = ("any", "range", "probability", "positive")
"""Domains that are ranges of a line."""


@dataclass(frozen=True)
class RangeOption:
    """One `--range [NAME=]LO:HI`; without a name it is for every float input. An empty end is the dtype's own."""

    name: str | None
    lo: str
    hi: str

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return (f"{self.name}=" if self.name else "") + f"{self.lo}:{self.hi}"


@dataclass(frozen=True)
class HoldOption:
    """One `--hold NAME=VALUE`."""

    name: str
    value: str


@dataclass(frozen=True)
class AtOption:
    """One `--at [NAME=]VALUE`; a value that begins with @ names a file of numbers."""

    name: str | None
    value: str

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return (f"{self.name}=" if self.name else "") + self.value


@dataclass(frozen=True)
class Said:
    """What somebody says of a scan, on the command line, above a function or in a file; the rest is None or empty.

    Attributes:
        defaults: names of fields that hold where a target can have them: what a project says of all its targets.
    """

    ranges: tuple[RangeOption, ...] = ()
    holds: tuple[HoldOption, ...] = ()
    dtype: str | None = None
    against: str | None = None
    seed: int | None = None
    tolerance: float | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    domains: Mapping[str, ValueDomain] = field(default_factory=dict)
    wrt: tuple[str, ...] = ()
    budget: float | None = None
    order: int | None = None
    exhaustive: bool | None = None
    modes: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    @property
    def completed(self) -> "ScanOptions":
        """What nobody said is as it always is."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return ScanOptions(**{name: value for name, value in said.items() if value not in (None, ())})


NOTHING_SAID = Said()


@dataclass(frozen=True)
class ScanOptions(Said):
    """Everything that a scan depends on, besides the targets: nothing is open."""

    seed: int = 0
    budget: float = DEFAULT_BUDGET
    order: int = 1
    exhaustive: bool = False
    modes: tuple[str, ...] = ("graph",)

    @property
    def is_for_tensors(self) -> bool:
        """Whether something was asked that only a tensor target has."""
        return bool(
            self.shapes or self.wrt or self.order > 1 or any(d.kind not in LINE_DOMAINS for d in self.domains.values())
        )


@dataclass(frozen=True)
class GateOptions:
    """What counts of what was found.

    Attributes:
        select, ignore: codes or beginnings of codes; of two that fit a code the longer one says.
        fail_on: the lowest severity that fails.
        exit_zero: whether findings leave the exit status at 0.
        baseline: a file of findings that are known.
        write_baseline: where to write the findings of this run.
    """

    select: tuple[str, ...] = ("GC",)
    ignore: tuple[str, ...] = ()
    fail_on: str = "error"
    exit_zero: bool = False
    baseline: Path | None = None
    write_baseline: Path | None = None


@dataclass(frozen=True)
class WatchOptions:
    """How a training run is watched.

    Attributes:
        on_bad: what happens at a bad gradient: `stop`, `warn` or `skip-step`.
        every: steps between two looks at the weights; None: as many as watching finds cheap.
        max_steps: steps after which the script is stopped; None: none.
        save_repro: the directory that a bad step is saved in; None: nowhere.
        vanished: steps of gradients that are all 0 after which a variable is a finding; None: not looked for.
        exploding: times the running median that a norm may be; None: not looked for.
        untrained: whether variables that no optimizer trains, or two do, are looked for.
    """

    on_bad: str = "stop"
    every: int | None = None
    max_steps: int | None = None
    save_repro: Path | None = None
    vanished: int | None = None
    exploding: float | None = None
    untrained: bool = False
