"""Regions of planted classes have exact ends, and a witness that belongs to them."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.bisection import Classify, Codes, Samples, sample
from gradcheck.floats import FORMATS, FloatFormat, Ordinals
from gradcheck.records import Class, InputPlan, Region, TracedInput
from gradcheck.regions import find, merged, refine
from gradcheck.simplest import simplest

FLOAT32 = FORMATS["float32"]
CLASSES = (Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF)
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))


def columns(code: int) -> tuple[Class, ...]:
    """A code holds the class of the output and that of one gradient."""
    return CLASSES[code // 4], CLASSES[code % 4]


@dataclass
class Line:
    """A class for every ordinal: code 0, and where `pieces` of (first, last, code) say otherwise, the last of them."""

    pieces: list[tuple[int, int, int]]
    asked: list[Ordinals] = field(default_factory=list)

    def __call__(self, ordinals: Ordinals) -> Codes:
        self.asked.append(ordinals)
        codes = np.zeros(len(ordinals), dtype=np.int64)
        for first, last, code in self.pieces:
            codes[(ordinals >= first) & (ordinals <= last)] = code
        return codes


def at(value: float, fmt: FloatFormat = FLOAT32) -> int:
    return int(fmt.encode(value))


def coarse(plan: InputPlan, count: int = 4096) -> Ordinals:
    """Evenly spaced ordinals, both ends of every segment included."""
    return np.concatenate([np.linspace(lo, hi, count).round().astype(np.int64) for lo, hi in plan.segments])


def regions_of(line: Line, *segments: tuple[int, int], count: int = 4096) -> tuple[Region, ...]:
    """What a sweep of float32 finds."""
    plan = InputPlan(0, segments or (WHOLE,), (0,))
    samples = refine(sample(coarse(plan, count), line), plan, FLOAT32, line)
    found = find(samples, plan, TracedInput("z", FLOAT32, ()), ("autodiff",), columns)
    assert [(r.input, r.fmt) for r in found] == [("z", FLOAT32)] * len(found)
    check_tiling(found, plan)
    return found


def check_tiling(found: tuple[Region, ...], plan: InputPlan) -> None:
    """The regions of a segment cover it without gap or overlap, and neighbours differ."""
    for lo, hi in plan.segments:
        inside = [r for r in found if lo <= r.lo <= hi]
        assert (inside[0].lo, inside[-1].hi) == (lo, hi)
        for before, behind in itertools.pairwise(inside):
            assert before.hi + 1 == behind.lo
            assert (before.forward, before.gradients) != (behind.forward, behind.gradients)
    assert sum(r.floats for r in found) == plan.floats


def ends(found: tuple[Region, ...]) -> list[tuple[int, int]]:
    return [(r.lo, r.hi) for r in found]


def test_one_class_is_one_region() -> None:
    (region,) = regions_of(Line([]))
    assert (region.lo, region.hi) == WHOLE
    assert (region.forward, region.gradients, region.witness) == (Class.FINITE, {"autodiff": Class.FINITE}, 0)


def test_softplus() -> None:
    """log(exp(z) + 1): the gradient is NaN and the output inf from 88.72284 on."""

    def classify(ordinals: Ordinals) -> Codes:
        with np.errstate(over="ignore"):
            overflown = np.isinf(np.exp(FLOAT32.decode(ordinals).astype(np.float32)))
        codes: Codes = np.where(overflown, 4 * 2 + 1, 0)
        return codes

    plan = InputPlan(0, (WHOLE,), (0,))
    samples = refine(sample(coarse(plan), classify), plan, FLOAT32, classify)
    good, bad = find(samples, plan, TracedInput("z", FLOAT32, ()), ("autodiff",), columns)
    assert bad.lo == good.hi + 1 == at(88.72284)
    assert (bad.forward, bad.gradients["autodiff"], bad.witness) == (Class.INF, Class.NAN, at(100.0))


@given(
    cuts=st.sets(st.integers(WHOLE[0] + 1, WHOLE[1]), min_size=1, max_size=8).map(sorted),
    code=st.integers(0, 15),
)
def test_planted_ends_are_found(cuts: list[int], code: int) -> None:
    stretches = list(zip([WHOLE[0], *cuts], [*(cut - 1 for cut in cuts), WHOLE[1]], strict=True))
    line = Line([(lo, hi, (code + i) % 16) for i, (lo, hi) in enumerate(stretches)])
    plan = InputPlan(0, (WHOLE,), (0,))
    seen = np.array([o for stretch in stretches for o in stretch], dtype=np.int64)
    seen = np.unique(np.concatenate([seen[::2], seen[-1:]]))  # the first float of each stretch is enough
    samples = refine(sample(seen, line), plan, FLOAT32, line)
    found = find(samples, plan, TracedInput("z", FLOAT32, ()), ("autodiff",), columns)
    assert ends(found) == stretches
    for i, region in enumerate(found):
        assert (region.forward, region.gradients["autodiff"]) == columns((code + i) % 16)
        assert region.witness == simplest(FLOAT32, region.lo, region.hi)


@given(data=st.data())
def test_witnesses_lie_in_their_region_and_have_its_class(data: st.DataObject) -> None:
    place = st.integers(*WHOLE) | st.integers(at(-10.0), at(10.0))
    pieces = data.draw(st.lists(st.tuples(place, st.integers(0, 2**28), st.integers(0, 15)), max_size=6))
    line = Line([(lo, lo + width, code) for lo, width, code in pieces])
    for region in regions_of(line, count=64):
        assert region.lo <= region.witness <= region.hi
        (code,) = line(np.array([region.witness]))
        assert (region.forward, region.gradients["autodiff"]) == columns(int(code))


@pytest.mark.parametrize("distance", [2, 3, 7, 8, 64, 1024, 2048])
@pytest.mark.parametrize("side", [-1, 1])
def test_an_island_of_two_floats_beside_an_end_is_found(distance: int, side: int) -> None:
    end = at(5.0)
    island = (end + side * distance - 1, end + side * distance)
    found = regions_of(Line([(end, WHOLE[1], 1), (*island, 2)]))
    assert [region.gradients["autodiff"] for region in found].count(Class.INF) == 1
    assert island in ends(found)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 100.0])
def test_one_bad_float_where_people_look_first_is_found(value: float) -> None:
    segment = (at(value) - 10**6, at(value) + 10**7) if value else (at(-3.0), at(7.0))
    line = Line([(at(value), at(value), 1)])
    found = regions_of(line, segment, count=3)
    assert (at(value), at(value)) in ends(found)


def test_segments_are_swept_apart() -> None:
    segments = ((at(-3.0), at(-2.0)), (at(1.0), at(2.0)))
    line = Line([(at(-2.5), at(1.5), 1)])
    found = regions_of(line, *segments)
    assert ends(found) == [
        (at(-3.0), at(-2.5) - 1),
        (at(-2.5), at(-2.0)),
        (at(1.0), at(1.5)),
        (at(1.5) + 1, at(2.0)),
    ]


def test_segments_of_one_class_are_regions_of_their_own() -> None:
    segments = ((at(-3.0), at(-2.0)), (at(1.0), at(2.0)))
    assert ends(regions_of(Line([]), *segments)) == list(segments)


def test_nothing_is_run_outside_of_the_plan() -> None:
    segments = ((at(-3.0), at(-2.0)), (at(1.0), at(2.0)))
    line = Line([(at(0.0), WHOLE[1], 1)])
    regions_of(line, *segments)
    asked = np.concatenate(line.asked)
    outside = [FLOAT32.text(int(o)) for o in asked if not any(lo <= o <= hi for lo, hi in segments)]
    assert outside == []


def wave(width: int) -> Classify:
    """Code 0 below 1; from there on a class of 1 and 0 in turn, `width` floats each."""

    def classify(ordinals: Ordinals) -> Codes:
        codes: Codes = np.where(ordinals >= at(1.0), 1 - ((ordinals - at(1.0)) // width & 1), 0)
        return codes

    return classify


def regions_of_wave(width: int) -> tuple[Region, ...]:
    """What a sweep finds that starts from random floats."""
    plan = InputPlan(0, (WHOLE,), (0,))
    drawn = np.random.default_rng(0).integers(*WHOLE, 1 << 18, endpoint=True)
    samples = refine(sample(np.concatenate([drawn, WHOLE]), wave(width)), plan, FLOAT32, wave(width))
    found = find(samples, plan, TracedInput("z", FLOAT32, ()), ("autodiff",), columns)
    check_tiling(found, plan)
    assert all(region.lo <= region.witness <= region.hi for region in found)
    return found


def test_a_slow_oscillation_is_followed_to_the_exact_float() -> None:
    found = regions_of_wave(1 << 22)
    assert [region.lo for region in found[1:]] == list(range(at(1.0), WHOLE[1], 1 << 22))
    assert {region.gradients["autodiff"] for region in found} == {Class.FINITE, Class.NAN}


def test_a_fast_oscillation_is_mixed() -> None:
    found = regions_of_wave(1 << 10)
    mixed = [region for region in found if region.gradients["autodiff"] is Class.MIXED]
    assert len(found) < 1100
    assert sum(region.floats for region in mixed) > 0.98 * (WHOLE[1] - at(1.0))
    assert min(region.lo for region in mixed) >= at(1.0)
    assert {region.forward for region in found} == {Class.FINITE}, "the output does not oscillate"


def test_a_mixture_of_outputs_and_gradients_is_told_column_by_column() -> None:
    finite, nan, inf = Class.FINITE, Class.NAN, Class.INF
    assert merged([(finite, nan)]) == [finite, nan]
    assert merged([(finite, nan), (finite, inf)]) == [finite, Class.MIXED]
    assert merged([(finite, nan), (inf, nan), (finite, finite)]) == [Class.MIXED, Class.MIXED]


def test_every_version_has_its_column() -> None:
    plan = InputPlan(0, ((0, 9),), (0,))
    samples = Samples(np.arange(10), np.array([0] * 4 + [1] * 6))
    classes = {0: (Class.FINITE, Class.NAN, Class.FINITE), 1: (Class.INF, Class.NAN, Class.NONE)}
    found = find(samples, plan, TracedInput("z", FLOAT32, ()), ("autodiff", "custom"), lambda code: classes[code])
    assert ends(found) == [(0, 3), (4, 9)]
    assert [r.forward for r in found] == [Class.FINITE, Class.INF]
    assert [dict(r.gradients) for r in found] == [
        {"autodiff": Class.NAN, "custom": Class.FINITE},
        {"autodiff": Class.NAN, "custom": Class.NONE},
    ]
