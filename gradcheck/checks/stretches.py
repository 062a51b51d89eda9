"""What a check looks at: one version's gradient along the line.

In: a sweep. Out: stretches, the maximal runs of regions in which the output and this version's gradient keep their
class (regions also end where another version changes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from gradcheck.records import Class, Finding, Region, Stop, Sweep, Version


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
    """Adjacent regions with one class of output and one class of gradient."""

    regions: tuple[Region, ...]
    forward: Class
    gradient: Class

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
        return min((r.witness for r in self.regions), key=lambda o: (len(fmt.text(o)), abs(o)))

    @property
    def interval(self) -> str:
        """Its ends as decimals."""
        fmt = self.regions[0].fmt
        return fmt.text(self.lo) if self.lo == self.hi else f"[{fmt.text(self.lo)}, {fmt.text(self.hi)}]"


def stretches(subject: Subject) -> Iterator[Stretch]:
    """The stretches of a version, in order."""
    name = subject.version.name

    def joined(group: list[Region]) -> Iterator[list[Region]]:
        part: list[Region] = []
        for region in group:
            if part and part[-1].hi + 1 != region.lo:
                yield part
                part = []
            part.append(region)
        yield part

    for (forward, gradient), group in groupby(subject.sweep.regions, key=lambda r: (r.forward, r.gradients[name])):
        for part in joined(list(group)):
            yield Stretch(tuple(part), forward, gradient)


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
    )


def beside(stretch: Stretch) -> str:
    """What the output does meanwhile, in words."""
    words = {
        Class.FINITE: "the output is finite, so no check of it sees this",
        Class.NAN: "the output is NaN too: outside the domain, or a defect of the code; not decided yet",
        Class.INF: "the output is inf",
        Class.NEGATIVE_INF: "the output is -inf",
    }
    return words.get(stretch.forward, "the output is now finite, now not")
