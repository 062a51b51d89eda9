"""Every pair of floats of two 16-bit inputs, and what is wrong there.

In: a traced target of two inputs, its plans, and what was found on each line. Out: a `Plane`, and a finding for each
gradient that is NaN, or infinite, where the function is defined. One stands for all pairs: that of the worst kind,
at the simplest pair. What was found on a line already, of the same kind and with the same cause, is not told again.

A gradient that is finite is not held against the truth here.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradcheck import checks, explaining, truth
from gradcheck.floats import FloatFormat
from gradcheck.options import ScanOptions
from gradcheck.pipeline.sweeps import judge_of, knowledge_of
from gradcheck.records import Class, Finding, InputPlan, Plane, PlaneMap, TracedTarget
from gradcheck.simplest import simplest
from gradcheck.vocabulary import SEVERITIES

if TYPE_CHECKING:
    from gradcheck.engine import Engine

CODES = {"GC001": (Class.NAN,), "GC002": (Class.INF, Class.NEGATIVE_INF)}
"""Checks of pairs, and the classes of gradient that they are about."""

CANDIDATES = 8
"""Pairs of one class that are judged: so many of the simplest, and one in each of so many of the largest rectangles."""

MORE_INPUTS = "each input was swept alone: all pairs are run only of a target with two inputs"

NO_BLOCKS = "the pairs of its inputs were not run: it takes no tensors of any size"


@dataclass(frozen=True)
class Case:
    """A pair at which a gradient is not finite.

    Attributes:
        pair: its ordinals.
        forward, gradient: the classes there.
    """

    pair: tuple[int, int]
    forward: Class
    gradient: Class


def every_pair(
    target: TracedTarget, plans: tuple[InputPlan, ...], options: ScanOptions, lines: tuple[Finding, ...]
) -> tuple[Plane | None, tuple[Finding, ...], tuple[str, ...]]:
    """The plane of two inputs with its findings and notes; None where pairs are not asked for, or cannot be run.

    `lines` are the findings of the sweeps of each input alone.
    """
    narrow = options.exhaustive and all(traced.fmt.bits == 16 for traced in target.inputs)
    if not narrow or len(plans) < 2 or any(hold.name in [i.name for i in target.inputs] for hold in options.holds):
        return None, (), ()
    if len(plans) > 2:
        return None, (), (MORE_INPUTS,)
    from gradcheck.engine import Engine
    from gradcheck.engine.plane import plane
    from gradcheck.pipeline.proofs import teller

    maps = plane(Engine(target, plans[0]), Engine(target, plans[1]), teller(what="pairs"))
    if maps is None:
        return None, (), (NO_BLOCKS,)
    x, y = target.inputs
    found = Plane((x, y), (plans[0].segments, plans[1].segments), maps)
    names = [traced.name for traced in target.inputs]
    grounds = (Ground(target, plans[names.index(m.wrt)], options, found, m) for m in maps)
    told = [finding for ground in grounds for code in CODES if (finding := worst(ground, code, lines))]
    return found, tuple(sorted(told, key=lambda f: (-SEVERITIES.index(f.severity), f.code))), ()


@dataclass(frozen=True)
class Ground:
    """One gradient on a plane, and what it takes to look at single pairs."""

    target: TracedTarget
    plan: InputPlan
    options: ScanOptions
    plane: Plane
    map: PlaneMap

    def at(self, pair: tuple[int, int]) -> InputPlan:
        """A plan of one pair."""
        here = pair[self.plan.index]
        return replace(self.plan, segments=((here, here),), held=pair)

    @property
    def is_effective(self) -> bool:
        """Whether training runs this version."""
        names = [version.name for version in self.target.versions[0]]
        return self.map.version == ("custom" if "custom" in names else "autodiff")


def worst(ground: Ground, code: str, lines: tuple[Finding, ...]) -> Finding | None:
    """The finding of one code: of the worst kind that no line has, at the simplest pair."""
    found = [(f, case) for case in cases(ground, CODES[code]) for f in findings_at(ground, case) if f.code == code]
    found.sort(key=lambda pair: (-SEVERITIES.index(pair[0].severity), not pair[0].masked))  # stable: simple ones first
    told: set[tuple[str | None, bool]] = set()
    for finding, case in found:
        if (finding.kind, finding.masked) in told:
            continue
        told.add((finding.kind, finding.masked))
        explained = explained_at(ground, finding, case)
        if not any(is_same(explained, line) for line in lines):
            return replace(explained, message=f"{finding.message}; {counted(ground, code)}")
    return None


def cases(ground: Ground, wanted: tuple[Class, ...]) -> list[Case]:
    """Pairs of some classes of gradient, the simplest first."""
    x, y = (traced.fmt for traced in ground.plane.inputs)
    found = []
    for group in ground.map.classes:
        if group.gradient not in wanted:
            continue
        pairs = [(simplest(x, r.x_lo, r.x_hi), simplest(y, r.y_lo, r.y_hi)) for r in group.rectangles]
        easy = sorted(pairs, key=lambda pair: written(x, y, pair))[:CANDIDATES]
        chosen = dict.fromkeys([*easy, *pairs[:CANDIDATES]])
        found += [Case(pair, group.forward, group.gradient) for pair in chosen]
    return sorted(found, key=lambda case: written(x, y, case.pair))


def written(x: FloatFormat, y: FloatFormat, pair: tuple[int, int]) -> tuple[int, int, tuple[int, int]]:
    """How hard a pair is to write: its digits, then how far it is from 0."""
    return len(x.text(pair[0])) + len(y.text(pair[1])), abs(pair[0]) + abs(pair[1]), pair


def findings_at(ground: Ground, case: Case) -> tuple[Finding, ...]:
    """What the checks say of a pair, with real arithmetic considered; none where the function is not defined."""
    engine, judge = instruments(ground, case)
    domain = kind = None
    if judge is not None:
        ((_, output, gradients),) = engine.values_at([case.pair[ground.plan.index]])
        here = judge.names.index(ground.map.version)
        judgement = judge.judge(truth.Point(case.pair[ground.plan.index], output, tuple(gradients.values())))
        domain, (_, kind) = judgement.domain, judgement.gradients[here]
    subject = checks.PointSubject(
        version=ground.map.version,
        effective=ground.is_effective,
        wrt=ground.map.wrt,
        fmt=engine.fmt,
        forward=case.forward,
        gradient=case.gradient,
        kind=kind,
        domain=domain,
    )
    return checks.find_at(subject)


def instruments(ground: Ground, case: Case) -> "tuple[Engine, truth.Judge | None]":
    """What runs a pair, and who judges it."""
    from gradcheck.engine import Engine

    engine = Engine(ground.target, ground.at(case.pair))
    judge, _ = judge_of(ground.target, ground.at(flushed(ground, case.pair)), engine.versions, ground.options)
    return engine, judge


def flushed(ground: Ground, pair: tuple[int, int]) -> tuple[int, int]:
    """A pair as the device takes it: what is flushed to 0 as 0."""
    x, y = (
        0 if traced.fmt.flushes and abs(traced.fmt.value(o)) < traced.fmt.smallest_normal else o
        for traced, o in zip(ground.plane.inputs, pair, strict=True)
    )
    return x, y


def explained_at(ground: Ground, finding: Finding, case: Case) -> Finding:
    """A finding with its witness and cause, looked at again elsewhere."""
    from gradcheck.pipeline.rechecks import rechecked

    engine, judge = instruments(ground, case)
    placed = replace(finding, at=case.pair[ground.plan.index])
    (told,) = rechecked(engine, explaining.explain((placed,), knowledge_of(engine, engine.versions, judge)))
    return told


def is_same(finding: Finding, line: Finding) -> bool:
    """Whether a finding on a line is of the same kind, no less masked, and has the same cause."""
    return told_by(finding) == told_by(line) and line.masked >= finding.masked


def told_by(finding: Finding) -> tuple[object, ...]:
    """What tells findings on lines and on pairs from one another."""
    born = (finding.cause.op, finding.cause.node) if finding.cause else None
    return finding.code, finding.version, finding.wrt, finding.kind, born


def counted(ground: Ground, code: str) -> str:
    """How many pairs there are of it."""
    bad, masked = (ground.map.count(*CODES[code], masked=which) for which in (False, True))
    what = "NaN" if code == "GC001" else "infinite"
    of_those = "all" if masked == bad else f"{masked:,}" if masked else "none"
    return f"it is {what} at {bad:,} of all {ground.plane.pairs:,} pairs, and the output finite at {of_those} of those"
