"""What a check looks at: one version's gradient along the line.

In: a sweep. Out: stretches, the maximal runs of regions in which the output and this version's gradient keep their
class (regions also end where another version changes).
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck.records import Class, Domain, Finding, Kind, Region, Stop, Sweep, Version


@dataclass(frozen=True)
class Rule:
    """A check's stable code and its name."""

    code: str
    name: str


@dataclass(frozen=True)
class Subject:
    """One version of one sweep.

    Attributes:
        target: the target's name.
        sweep: the sweep.
        version: the version.
        effective: whether training runs this version.
        stops: the target's `tf.stop_gradient` calls.
    """

    target: str
    sweep: Sweep
    version: Version
    effective: bool
    stops: tuple[Stop, ...]


@dataclass(frozen=True)
class Stretch:
    """Adjacent regions with one class of output, and one class and one kind of gradient."""

    regions: tuple[Region, ...]
    forward: Class
    gradient: Class
    kind: Kind | None = None

    @property
    def is_outside(self) -> bool:
        """Whether the function is not defined there."""
        return all(r.domain is Domain.OUTSIDE for r in self.regions)

    @property
    def is_judged(self) -> bool:
        """Whether real arithmetic decided that the function is defined there."""
        return any(r.domain is Domain.INSIDE for r in self.inside)

    @property
    def inside(self) -> list[Region]:
        """The regions that are not holes in the domain, without those that are undecided if others are not."""
        known = [r for r in self.regions if r.domain is Domain.INSIDE]
        return known or [r for r in self.regions if r.domain is not Domain.OUTSIDE] or list(self.regions)

    @property
    def lo(self) -> int:
        """First ordinal."""
        return self.regions[0].lo

    @property
    def hi(self) -> int:
        """Last ordinal."""
        return self.regions[-1].hi

    @property
    def at(self) -> int:
        """Ordinal of the simplest witness: the one nearest to 0 of the shortest decimals."""
        fmt = self.regions[0].fmt
        return min((r.witness for r in self.inside), key=lambda o: (len(fmt.text(o)), abs(o), o))

    @property
    def interval(self) -> str:
        """Its ends as decimals."""
        fmt = self.regions[0].fmt
        return fmt.text(self.lo) if self.lo == self.hi else f"[{fmt.text(self.lo)}, {fmt.text(self.hi)}]"


def stretches(subject: Subject) -> Iterator[Stretch]:
    """The stretches of a version, in order."""
    name = subject.version.name
    every = subject.sweep.regions
    keyed = [
        (r.forward, r.gradients[name], settled_kind(every, i, name), r.domain is Domain.OUTSIDE)
        for i, r in enumerate(every)
    ]
    return grouped(every, keyed, name)


def settled_kind(regions: tuple[Region, ...], i: int, name: str) -> Kind | None:
    """The kind of a region; where that is not decided, that of a neighbour that is alike."""
    kind, here = regions[i].kinds.get(name), regions[i]
    if kind is not Kind.UNDECIDED:
        return kind
    near = [r for r in regions[max(i - 1, 0) : i + 2] if r.gradients == here.gradients and r.forward is here.forward]
    return next((r.kinds[name] for r in near if r.kinds.get(name, kind) is not kind), kind)


def defects(subject: Subject) -> Iterator[Stretch]:
    """The stretches on which the output should have been finite."""
    name = subject.version.name
    keyed = [(r.forward, r.defect) for r in subject.sweep.regions]
    found = (s for s in grouped(subject.sweep.regions, keyed, name) if any(r.defect for r in s.regions))
    return (replace(s, kind=Kind.NUMERICAL) for s in found)


def grouped(regions: tuple[Region, ...], keys: Sequence[Hashable], name: str) -> Iterator[Stretch]:
    """Adjacent regions of one key; a hole in the domain does not divide what is alike on both of its sides."""
    part: list[Region] = []
    last: Hashable = None
    for i, (region, key) in enumerate(zip(regions, keys, strict=True)):
        if part and part[-1].hi + 1 == region.lo and (key == last or is_hole(regions, keys, i, last)):
            part.append(region)
            continue
        if part:
            yield stretch_of(part, name)
        part, last = [region], key
    if part:
        yield stretch_of(part, name)


def is_hole(regions: tuple[Region, ...], keys: Sequence[Hashable], i: int, around: Hashable) -> bool:
    """Whether a region is one number, or 0 and what is flushed to it, outside the domain between two of one key."""
    region, fmt = regions[i], regions[i].fmt
    tiny = int(fmt.encode(fmt.smallest_normal)) - 1
    small = region.lo == region.hi or (-tiny - 1 <= region.lo and region.hi <= tiny)
    same = region.forward is regions[i - 1].forward and region.gradients == regions[i - 1].gradients
    last = i + 1 == len(regions) or regions[i + 1].lo != region.hi + 1
    return small and same and region.domain is Domain.OUTSIDE and not last and keys[i + 1] == around


def stretch_of(regions: list[Region], name: str) -> Stretch:
    """The stretch that regions make."""
    first = next((r for r in regions if r.domain is not Domain.OUTSIDE), regions[0])
    kinds = [r.kinds[name] for r in regions if name in r.kinds]
    kind = next((k for k in kinds if k is not Kind.UNDECIDED), kinds[0] if kinds else None)
    return Stretch(tuple(regions), first.forward, first.gradients[name], kind)


def severity_of(stretch: Stretch, output_too: bool) -> str:
    """How bad a gradient that is not finite is; `output_too` counts only where the truth is not known."""
    if stretch.kind is Kind.OVERFLOW:
        return "warning"
    if stretch.is_judged and stretch.kind in (Kind.NUMERICAL, Kind.SINGULAR):
        return "error"
    return "warning" if output_too else "error"


def finding(rule: Rule, subject: Subject, stretch: Stretch, severity: str, message: str) -> Finding:
    """A finding about a stretch; on a version that training does not run it is for information only."""
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=severity if subject.effective else "info",
        version=subject.version.name,
        wrt=subject.sweep.input.name,
        fmt=subject.sweep.input.fmt,
        masked=stretch.forward is Class.FINITE,
        lo=stretch.lo,
        hi=stretch.hi,
        at=stretch.at,
        message=message,
        kind=stretch.kind.value if stretch.kind else None,
    )


def beside(stretch: Stretch) -> str:
    """What the output does meanwhile, and what real arithmetic says, in words."""
    words = {
        Class.FINITE: "the output is finite, so no check of it sees this",
        Class.NAN: "the output is NaN too",
        Class.INF: "the output is inf",
        Class.NEGATIVE_INF: "the output is -inf",
    }
    truth = {
        Kind.NUMERICAL: "",
        Kind.SINGULAR: ", and the derivative is infinite or does not exist there",
        Kind.OVERFLOW: f", and the true gradient exceeds {stretch.regions[0].fmt.name} too",
        Kind.UNDECIDED: ", and the true gradient could not be decided",
    }
    unknown = ": outside the domain, or a defect of the code; not decided" if stretch.forward is Class.NAN else ""
    said = words.get(stretch.forward, "the output is now finite, now not")
    return said + (truth[stretch.kind] if stretch.kind else unknown)
