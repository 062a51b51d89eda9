"""Planted verdicts are found to the exact float, within a budget; what only flickers is one stretch."""

import itertools
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS, FloatFormat, Ordinals
from gradcheck.options import MAX_VERDICT_CHANGES, SURVEY_POINTS
from gradcheck.records import Class, Domain, InputPlan, Kind, Region
from gradcheck.truth import survey as package_survey
from gradcheck.truth.draws import drawn
from gradcheck.truth.judging import Judgement, Point
from gradcheck.truth.survey import QUIET_SAMPLES, survey, worst

FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
FINITE, NAN, INF, MIXED, ZERO = Class.FINITE, Class.NAN, Class.INF, Class.MIXED, Class.ZERO
VANISHED, INACCURATE, WRONG = Class.VANISHED, Class.INACCURATE, Class.WRONG
MODULE = sys.modules["gradcheck.truth.survey"]
"""The module; the package has a function of that name."""
Said = tuple[Class, Kind | None]


def judgement(*columns: "Said | Class", domain: Domain = Domain.INSIDE, defect: bool = False) -> Judgement:
    return Judgement(domain, defect, tuple(c if isinstance(c, tuple) else (c, None) for c in columns))


GOOD = judgement(FINITE)


class Everything(dict[tuple[str, int], float]):
    """Every error is worth reporting."""

    def get(self, key: Any, default: Any = None) -> float:
        return math.inf


class Planted:
    """A judge that knows its verdicts: `GOOD`, and where `pieces` of (first, last, judgement) say otherwise, theirs."""

    def __init__(self, *pieces: tuple[int, int, Judgement], names: tuple[str, ...] = ("autodiff",)) -> None:
        self.pieces = pieces
        self.names = names
        self.fmt: FloatFormat = FLOAT32
        self.held: tuple[float, ...] = ()
        self.good = Judgement(Domain.INSIDE, False, ((FINITE, None),) * len(names))
        self.asked: list[int] = []
        self.losses: Mapping[tuple[str, int], float] = Everything()

    def judge(self, point: Point) -> Judgement:
        self.asked.append(point.ordinal)
        said = [j for lo, hi, j in self.pieces if lo <= point.ordinal <= hi]
        return said[-1] if said else self.good


def points_at(ordinals: Ordinals) -> list[Point]:
    return [Point(o, 0.0, (0.0,)) for o in ordinals.tolist()]


def region(lo: int, hi: int, gradient: Class = FINITE, forward: Class = FINITE, **fields: Any) -> Region:
    return Region(
        "z", FLOAT32, lo, hi, forward, {"autodiff": gradient}, lo, **{"losses": {"autodiff": math.inf}, **fields}
    )


def surveyed(judge: Planted, *regions: Region, seed: int = 0) -> tuple[Region, ...]:
    plan = InputPlan(0, ((regions[0].lo, regions[-1].hi),), (0,))
    found = survey(regions, judge, points_at, drawn(plan, judge.fmt, judge.held, seed))  # type: ignore[arg-type]
    assert (found[0].lo, found[-1].hi) == (regions[0].lo, regions[-1].hi)
    assert all(a.hi + 1 == b.lo for a, b in itertools.pairwise(found))
    assert all(r.lo <= r.witness <= r.hi for r in found)
    return found


def told(found: tuple[Region, ...]) -> list[tuple[int, int, Class]]:
    return [(r.lo, r.hi, r.gradients["autodiff"]) for r in found]


# Splitting


@given(
    start=st.integers(*WHOLE),
    floats=st.integers((WHOLE[1] - WHOLE[0]) // 50, WHOLE[1] - WHOLE[0]),
    gradient=st.sampled_from([VANISHED, INACCURATE, WRONG]),
    seed=st.integers(0, 5),
)
def test_a_change_of_verdict_inside_a_region_is_found_to_the_float(
    start: int, floats: int, gradient: Class, seed: int
) -> None:
    lo, hi = start, min(start + floats, WHOLE[1])
    if hi - lo < (WHOLE[1] - WHOLE[0]) // 100:
        return
    found = told(surveyed(Planted((lo, hi, judgement(gradient))), region(*WHOLE), seed=seed))
    before = [(WHOLE[0], lo - 1, FINITE)] if lo > WHOLE[0] else []
    behind = [(hi + 1, WHOLE[1], FINITE)] if hi < WHOLE[1] else []
    assert found == [*before, (lo, hi, gradient), *behind]


def test_a_narrow_stretch_where_inputs_live_is_found() -> None:
    """[2, 3] is 0.1% of all floats; decimals are drawn there too."""
    lo, hi = (int(o) for o in FLOAT32.encode([2.0, 3.0]))
    found = told(surveyed(Planted((lo, hi, judgement(INACCURATE))), region(*WHOLE)))
    assert (lo, hi, INACCURATE) in found


def test_both_ends_of_a_region_are_judged() -> None:
    for end in (0, 999):
        found = told(surveyed(Planted((end, end, judgement(VANISHED))), region(0, 999)))
        assert (end, end, VANISHED) in found


def test_domain_defect_and_kinds_are_those_of_the_verdict() -> None:
    judge = Planted(
        (0, 499_999, judgement((NAN, Kind.NUMERICAL), defect=True)),
        (500_000, 999_999, judgement((NAN, None), domain=Domain.OUTSIDE)),
    )
    first, second = surveyed(judge, region(0, 999_999, NAN, NAN))
    assert (first.hi, first.domain, first.defect, dict(first.kinds)) == (
        499_999,
        Domain.INSIDE,
        True,
        {"autodiff": Kind.NUMERICAL},
    )
    assert (second.lo, second.domain, second.defect, dict(second.kinds)) == (500_000, Domain.OUTSIDE, False, {})


def test_the_witness_of_a_part_is_plain_and_has_the_verdict_of_the_part() -> None:
    lo, hi = (int(o) for o in FLOAT32.encode([88.72284, 3.4028235e38]))
    judge = Planted((lo, hi, judgement(VANISHED)))
    *_, last = surveyed(judge, region(*WHOLE))
    assert last.fmt.text(last.witness) == "100"
    assert judge.judge(Point(last.witness, 0.0, (0.0,))) == judgement(VANISHED)


def test_every_version_has_its_verdict() -> None:
    judge = Planted((0, 9_999_999, judgement(VANISHED, WRONG)), names=("autodiff", "custom"))
    both = {"autodiff": FINITE, "custom": FINITE}
    before = Region("z", FLOAT32, -10_000_000, 9_999_999, FINITE, both, 0)
    first, second = surveyed(judge, before)
    assert (first.hi, dict(first.gradients)) == (-1, both)
    assert dict(second.gradients) == {"autodiff": VANISHED, "custom": WRONG}


def test_regions_stay_in_order_and_each_is_judged() -> None:
    judge = Planted((0, 99, judgement((NAN, Kind.OVERFLOW))))
    first, second, third = surveyed(judge, region(-100, -1), region(0, 99, NAN), region(100, 199, INF))
    assert [dict(r.kinds) for r in (first, second, third)] == [{}, {"autodiff": Kind.OVERFLOW}, {}]


# Flicker, mixtures and budgets


def stripes(width: int, judgement: Judgement, lo: int = 0, hi: int = WHOLE[1]) -> list[tuple[int, int, Judgement]]:
    """Every other stripe from `lo` to `hi`."""
    return [(a, min(a + width - 1, hi), judgement) for a in range(lo, hi, 2 * width)]


SPACE = (WHOLE[1] - WHOLE[0]) // (SURVEY_POINTS // 6)
"""Floats between two even draws; up to ordinal 22 SPACE there are hardly any others."""


def test_verdicts_that_flicker_are_one_stretch() -> None:
    """Good here and there by chance, in runs of fewer samples than QUIET_SAMPLES."""
    judge = Planted(*stripes(SPACE, judgement(INACCURATE), 0, 20 * SPACE))
    found = told(surveyed(judge, region(*WHOLE)))
    assert [c for _, _, c in found] == [FINITE, INACCURATE, FINITE]
    assert found[1][0] == 0, "the outer ends are exact"
    assert found[1][1] in {hi for _, hi, _ in judge.pieces}


def test_a_long_good_run_parts_two_bad_stretches_that_flicker() -> None:
    quiet = int(1.5 * QUIET_SAMPLES) * SPACE
    first = stripes(SPACE, judgement(INACCURATE), 0, 12 * SPACE)
    second = stripes(SPACE, judgement(INACCURATE), 12 * SPACE + quiet, 24 * SPACE + quiet)
    found = told(surveyed(Planted(*first, *second), region(*WHOLE)))
    assert [c for _, _, c in found] == [FINITE, INACCURATE, FINITE, INACCURATE, FINITE]
    assert found[3][0] == 12 * SPACE + quiet


def test_few_changes_are_each_followed() -> None:
    judge = Planted((0, 299_999, judgement(VANISHED)), (600_000, 899_999, judgement(VANISHED)))
    found = told(surveyed(judge, region(0, 999_999)))
    assert found == [
        (0, 299_999, VANISHED),
        (300_000, 599_999, FINITE),
        (600_000, 899_999, VANISHED),
        (900_000, 999_999, FINITE),
    ]


def test_no_more_changes_are_followed_than_the_budget_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = itertools.cycle(((NAN, Kind.NUMERICAL), (NAN, Kind.OVERFLOW), (NAN, Kind.SINGULAR)))
    width = 20_000_000
    pieces = [(a, a + width - 1, judgement(said)) for a, said in zip(range(0, WHOLE[1], width), kinds, strict=False)]
    judge = Planted(*pieces)
    found = surveyed(judge, region(0, WHOLE[1], NAN))
    assert 10 < len(found) <= 2 * MAX_VERDICT_CHANGES
    assert len(judge.asked) < SURVEY_POINTS + MAX_VERDICT_CHANGES * 40
    monkeypatch.setattr(MODULE, "MAX_VERDICT_CHANGES", 3)
    assert len(surveyed(Planted(*pieces), region(0, WHOLE[1], NAN))) <= 7
    monkeypatch.setattr(MODULE, "MAX_VERDICT_CHANGES", 0)
    (one,) = surveyed(Planted(*pieces), region(0, WHOLE[1], NAN))
    assert one.kinds == {"autodiff": Kind.NUMERICAL}, "of several, the worst"


def test_a_mixture_stays_one_region_with_the_kind_of_what_is_not_finite() -> None:
    judge = Planted(*stripes(10_000_000, judgement((NAN, Kind.NUMERICAL))))
    (found,) = surveyed(judge, region(0, WHOLE[1], MIXED))
    assert found.gradients == {"autodiff": MIXED}
    assert found.kinds == {"autodiff": Kind.NUMERICAL}
    assert judge.judge(Point(found.witness, 0.0, (0.0,))) != GOOD, "the witness shows it"
    assert len(judge.asked) < 200


def test_of_very_many_regions_the_widest_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "MAX_CLOSE_LOOKS", 1)
    judge = Planted((50, 99, judgement(VANISHED)), (600, 1999, judgement(VANISHED)))
    found = told(surveyed(judge, region(0, 99), region(100, 1999)))
    assert found == [(0, 99, FINITE), (100, 599, FINITE), (600, 1999, VANISHED)]


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [
        ([FINITE, VANISHED], VANISHED),
        ([VANISHED, INACCURATE, FINITE], INACCURATE),
        ([INACCURATE, WRONG], WRONG),
        ([FINITE, FINITE], FINITE),
    ],
)
def test_of_several_verdicts_the_worst_counts(classes: list[Class], wanted: Class) -> None:
    assert worst([judgement(c) for c in classes]).gradients == ((wanted, None),)


def test_of_several_domains_inside_counts() -> None:
    inside, outside, undecided = (judgement(FINITE, domain=d) for d in Domain)
    assert worst([inside, outside]).domain is Domain.INSIDE
    assert worst([outside, undecided]).domain is Domain.UNDECIDED
    assert worst([outside, judgement(NAN, domain=Domain.OUTSIDE)]).domain is Domain.OUTSIDE
    assert worst([judgement(FINITE), judgement(FINITE, defect=True)]).defect


def test_a_region_has_the_largest_loss_of_its_judged_points() -> None:
    judge = Planted((0, 999_999, judgement(VANISHED)))
    judge.losses = {("autodiff", 0): 0.25, ("autodiff", 999_999): 3.5, ("autodiff", 1_999_999): 99.0}
    first, second = surveyed(judge, region(0, 1_999_999))
    assert (first.losses, second.losses) == ({"autodiff": 3.5}, {"autodiff": 99.0})


def test_what_the_package_offers_is_this_survey() -> None:
    chosen: Callable[..., Any] = package_survey
    assert chosen is survey
