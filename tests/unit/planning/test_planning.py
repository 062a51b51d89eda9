"""Plans lie where the user said, and what a sweep starts from covers them."""

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import options as opt
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS, FloatFormat, Ordinals
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_hold, parse_range
from gradcheck.planning import even, first_ordinals, is_exhaustive, plan_inputs, segments, share, strata, within
from gradcheck.records import InputPlan, TracedInput

FLOAT32, FLOAT64 = FORMATS["float32"], FORMATS["float64"]
WHOLE32 = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
WHOLE64 = (FLOAT64.min_ordinal, FLOAT64.max_ordinal)
each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))


def at(value: float, fmt: FloatFormat = FLOAT32) -> int:
    return int(fmt.encode(value))


def traced(*names: str, fmt: FloatFormat = FLOAT32) -> tuple[TracedInput, ...]:
    return tuple(TracedInput(name, fmt, ()) for name in names)


def asked(*ranges: str, holds: tuple[str, ...] = ()) -> ScanOptions:
    return ScanOptions(ranges=tuple(map(parse_range, ranges)), holds=tuple(map(parse_hold, holds)))


def segments_of(*ranges: str, name: str = "z") -> tuple[tuple[int, int], ...]:
    return segments(TracedInput(name, FLOAT32, ()), asked(*ranges))


def lies_in(plan: InputPlan, ordinals: Ordinals) -> bool:
    inside = [(ordinals >= lo) & (ordinals <= hi) for lo, hi in plan.segments]
    return bool(np.any(inside, axis=0).all())


def missing(ordinals: Ordinals, wanted: Ordinals) -> list[int]:
    """Those of `wanted` that are not among `ordinals`, which are sorted."""
    place = np.minimum(np.searchsorted(ordinals, wanted), len(ordinals) - 1)
    return [int(o) for o in wanted[ordinals[place] != wanted]]


# Ranges and held values


@each_format
def test_without_a_range_everything_is_swept(fmt: FloatFormat) -> None:
    (plan,) = plan_inputs("m:f", traced("z", fmt=fmt), ScanOptions())
    assert plan.segments == ((fmt.min_ordinal, fmt.max_ordinal),)
    assert plan.index == 0


@pytest.mark.parametrize(
    ("ranges", "wanted"),
    [
        (["-1:1"], [(at(-1.0), at(1.0))]),
        (["1:"], [(at(1.0), WHOLE32[1])]),
        ([":-2"], [(WHOLE32[0], at(-2.0))]),
        ([":"], [WHOLE32]),
        (["2:2"], [(at(2.0), at(2.0))]),
        (["-0:0"], [(-1, 0)]),
        (["5:6", "1:2"], [(at(1.0), at(2.0)), (at(5.0), at(6.0))]),
        (["1:3", "2:4"], [(at(1.0), at(4.0))]),
        (["1:9", "2:3"], [(at(1.0), at(9.0))]),
        (["1:2", "2:3"], [(at(1.0), at(3.0))]),
        (["1:2", "2.0000002:3"], [(at(1.0), at(3.0))]),  # neighbours
        (["1:2", "2.0000005:3"], [(at(1.0), at(2.0)), (at(2.0) + 2, at(3.0))]),
        (["z=1:2", "5:6"], [(at(1.0), at(2.0))]),
        (["y=1:2", "5:6"], [(at(5.0), at(6.0))]),
        (["y=1:2"], [WHOLE32]),
        (["z=1:2", "z=5:6", "y=7:8"], [(at(1.0), at(2.0)), (at(5.0), at(6.0))]),
        (["0.1:0.2"], [(at(0.1), at(0.2))]),
        (["0x1p-1:0x1.8p+0"], [(at(0.5), at(1.5))]),
    ],
)
def test_ranges_become_segments(ranges: list[str], wanted: list[tuple[int, int]]) -> None:
    assert segments_of(*ranges) == tuple(wanted)


@given(ends=st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=6))
def test_segments_are_disjoint_sorted_and_hold_every_range(ends: list[tuple[int, int]]) -> None:
    pairs = [(min(pair), max(pair)) for pair in ends]
    found = segments_of(*(f"{FLOAT32.text(lo)}:{FLOAT32.text(hi)}" for lo, hi in pairs if (lo, hi) != (-1, 0)), "-0:0")
    members = [o for lo, hi in found for o in range(lo, hi + 1)]
    assert members == sorted({o for lo, hi in [*pairs, (-1, 0)] for o in range(lo, hi + 1)})
    assert all(before[1] + 1 < behind[0] for before, behind in itertools.pairwise(found))


def test_a_range_from_zero_down_to_negative_zero_is_no_empty_range() -> None:
    floats = 1
    with contextlib.suppress(CannotCheck):  # to refuse it is fine too
        floats = plan_inputs("m:f", traced("z"), asked("0:-0"))[0].floats
    assert floats > 0


def test_each_input_has_its_own_plan() -> None:
    options = asked("x=1:2", "5:6", holds=("y=0.25", "x=1", "x=3"))
    first, second = plan_inputs("m:f", traced("x", "y"), options)
    assert (first.index, first.segments) == (0, ((at(1.0), at(2.0)),))
    assert (second.index, second.segments) == (1, ((at(5.0), at(6.0)),))
    assert first.held == second.held == (at(3.0), at(0.25)), "the last of a name wins"


def test_inputs_are_held_in_their_own_dtype() -> None:
    inputs = (TracedInput("x", FLOAT64, ()), TracedInput("y", FORMATS["bfloat16"], ()))
    plans = plan_inputs("m:f", inputs, asked(holds=("y=0.1",)))
    assert plans[0].held == (at(0.5, FLOAT64), at(0.1, FORMATS["bfloat16"]))
    assert plans[1].segments == ((FORMATS["bfloat16"].min_ordinal, FORMATS["bfloat16"].max_ordinal),)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (asked("logit=0:1"), "m:f: --range logit=...: no input 'logit'; did you mean logits?"),
        (asked(holds=("scal=2",)), "m:f: --hold scal=...: no input 'scal'; did you mean scale?"),
        (asked("q=0:1"), "m:f: --range q=...: no input 'q'; it has: logits, scale"),
        (asked("0:1", "q=0:1"), "m:f: --range q=...: no input 'q'; it has: logits, scale"),
        (asked("0:1", holds=("scale=1", "w=2")), "m:f: --hold w=...: no input 'w'; it has: logits, scale"),
    ],
)
def test_an_unknown_input_is_refused_with_the_nearest_name(options: ScanOptions, wanted: str) -> None:
    with pytest.raises(CannotCheck) as error:
        plan_inputs("m:f", traced("logits", "scale"), options)
    assert (error.value.code, error.value.message) == (BAD_CONFIGURATION, wanted)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (asked("z=-1e5:1"), "--range z=-1e5:1: float16 cannot hold -1e5; its largest is 65500"),
        (asked("1:1e5"), "--range 1:1e5: float16 cannot hold 1e5; its largest is 65500"),
        (asked("1e-9:1"), "--range 1e-9:1: float16 cannot hold 1e-9; its smallest is 6e-08"),
        (asked(holds=("z=1e5",)), "--hold z=1e5: float16 cannot hold 1e5"),
        (asked(holds=("z=1e-9",)), "--hold z=1e-9: float16 cannot hold 1e-9"),
    ],
)
def test_a_value_that_the_dtype_cannot_hold_is_refused(options: ScanOptions, start: str) -> None:
    with pytest.raises(CannotCheck) as error:
        plan_inputs("m:f", traced("z", fmt=FORMATS["float16"]), options)
    assert error.value.code == BAD_CONFIGURATION
    assert error.value.message.startswith(start)


# Stratified draws


@given(lo=st.integers(*WHOLE64), width=st.integers(1, 10**12), count=st.integers(2, 200), seed=st.integers(0, 99))
def test_one_draw_from_each_of_equal_stretches_and_both_ends(lo: int, width: int, count: int, seed: int) -> None:
    lo = min(lo, WHOLE64[1] - width * count + 1)
    hi = lo + width * count - 1
    drawn = even(lo, hi, count, np.random.default_rng(seed))
    stretches = [(int(o) - lo) // width for o in drawn]
    assert stretches == [*range(count), 0, count - 1]
    assert drawn[-2:].tolist() == [lo, hi]


@given(floats=st.integers(2, 10**9), count=st.integers(2, 300), seed=st.integers(0, 99))
def test_no_gap_between_draws_is_wider_than_two_stretches(floats: int, count: int, seed: int) -> None:
    drawn = np.sort(even(-5, floats - 6, count, np.random.default_rng(seed)))
    stretch = -(-floats // count)
    assert (drawn[0], drawn[-1]) == (-5, floats - 6)
    assert np.diff(drawn).max() <= 2 * stretch
    assert len(drawn) <= count + 2


@each_format
def test_the_whole_line_is_covered(fmt: FloatFormat) -> None:
    count = 1 << 10
    drawn = np.sort(even(fmt.min_ordinal, fmt.max_ordinal, count, np.random.default_rng(0)))
    gaps = [int(b) - int(a) for a, b in itertools.pairwise(drawn)]
    assert (drawn[0], drawn[-1]) == (fmt.min_ordinal, fmt.max_ordinal)
    assert max(gaps) <= 2 * (2 * fmt.max_ordinal + 2) // count


@pytest.mark.parametrize(
    ("lo", "hi", "count"), [(*WHOLE64, 1001), (*WHOLE64, 2), (-7, 1000, 13), (0, 9, 10), (0, 9, 7), (3, 2**62, 999)]
)
def test_draws_are_those_of_the_formula(lo: int, hi: int, count: int) -> None:
    """In whole numbers of Python's, so that a report keeps its bytes."""
    width, wider = divmod(hi - lo + 1, count)
    draws = np.random.default_rng(5).random(count).tolist()
    widths = [width + (i < wider) for i in range(count)]
    starts = itertools.accumulate(widths, initial=lo)
    wanted = [s + min(int(d * w), w - 1) for s, d, w in zip(starts, draws, widths, strict=False)]
    assert even(lo, hi, count, np.random.default_rng(5)).tolist() == [*wanted, lo, hi]


def test_draws_depend_on_the_seed_alone() -> None:
    draws = [even(*WHOLE64, 1000, np.random.default_rng(seed)).tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


@pytest.mark.parametrize("count", [5, 6, 1000])
def test_of_few_floats_all_are_drawn(count: int) -> None:
    assert set(even(-2, 2, count, np.random.default_rng(0)).tolist()) == {-2, -1, 0, 1, 2}


def test_segments_share_the_draws_by_their_size() -> None:
    plan = InputPlan(0, ((0, 0), (10, 109), (1000, 1899)), (0,))
    assert plan.floats == 1001
    assert [share(500, lo, hi, plan) for lo, hi in plan.segments] == [2, 49, 449]


@given(ordinals=st.lists(st.integers(-40, 40), max_size=60))
def test_within_keeps_what_lies_in_a_segment(ordinals: list[int]) -> None:
    plan = InputPlan(0, ((-30, -20), (-1, 0), (5, 5)), (0,))
    wanted = sorted({o for o in ordinals if -30 <= o <= -20 or o in (-1, 0, 5)})
    assert within(plan, np.array(ordinals, dtype=np.int64)).tolist() == wanted


# What a sweep starts from


def start(*spans: tuple[int, int], fmt: FloatFormat = FLOAT32, looped: bool = True, seed: int = 0) -> Ordinals:
    """First ordinals of a plan with the constants 3.7 and 0; checked to be sorted, distinct and in the plan."""
    plan = InputPlan(0, spans or ((fmt.min_ordinal, fmt.max_ordinal),), (0,))
    ordinals = first_ordinals(plan, fmt, (3.7, 0.0), seed, looped)
    assert ordinals.dtype == np.int64
    assert (ordinals[1:] > ordinals[:-1]).all()
    assert lies_in(plan, ordinals)
    for lo, hi in plan.segments:
        assert missing(ordinals, np.array([lo, hi])) == []
    return ordinals


@each_format
def test_exhaustive_where_there_are_few_floats(fmt: FloatFormat) -> None:
    spans = ((-3000, -2000), (-5, 3000))
    assert start(*spans, fmt=fmt).tolist() == [*range(-3000, -1999), *range(-5, 3001)]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("looped", [False, True])
def test_16_bit_dtypes_are_swept_whole(name: str, looped: bool) -> None:
    fmt = FORMATS[name]
    assert np.array_equal(start(fmt=fmt, looped=looped), np.arange(fmt.min_ordinal, fmt.max_ordinal + 1))


@pytest.mark.parametrize("looped", [False, True])
def test_exhaustive_up_to_the_number_of_draws(looped: bool) -> None:
    assert strata(looped) == (opt.LOOP_STRATA if looped else opt.STRATA)
    for more, wanted in ((-1, True), (0, False)):
        plan = InputPlan(0, ((0, strata(looped) + more),), (0,))
        assert is_exhaustive(plan, FLOAT32, looped) is wanted


def test_a_sweep_of_float32_starts_everywhere() -> None:
    ordinals = start(looped=False)
    assert opt.STRATA < len(ordinals) < 1.2 * opt.STRATA
    assert np.diff(ordinals).max() <= 2 * 2040
    known = [0.0, 1.0, -1.0, 0.5, 3.0, 88.72284, 256.0, np.pi, -np.pi / 4, 1e-37, 1e30, 2.0**100, 2.0**-149]
    decimals = [0.25, 3.5, -7.125, 100.5, -1000.5]
    assert missing(ordinals, FLOAT32.encode(np.array(known + decimals))) == []


def test_a_sweep_of_float64_starts_everywhere() -> None:
    ordinals = start(fmt=FLOAT64)
    gaps = np.diff(ordinals.astype(np.float64))
    assert gaps.max() < 2.1 * 2.0**64 / opt.LOOP_STRATA
    known = [0.0, 1.0, -1.0, 0.5, 16.0, 1e-307, 1e300, 5e-324, 709.782712893384, 0.25, -7.5]
    assert missing(ordinals, FLOAT64.encode(np.array(known))) == []


@pytest.mark.parametrize(("looped", "reach"), [(False, 64), (True, 1)])
def test_the_targets_own_constants_are_run_with_both_signs_and_their_neighbours(looped: bool, reach: int) -> None:
    ordinals = start(looped=looped)
    for constant in (3.7, -3.7, 0.0):
        assert missing(ordinals, at(constant) + np.arange(-reach, reach + 1)) == []
        assert missing(ordinals, at(constant) + 2 ** np.arange(12)) == []


@pytest.mark.parametrize(("looped", "reach"), [(False, 8), (True, 1)])
def test_floats_beside_the_ends_are_run(looped: bool, reach: int) -> None:
    spans = ((at(-9.1), at(-3.3)), (at(5.7), at(1e9)))
    ordinals = start(*spans, looped=looped)
    for lo, hi in spans:
        assert missing(ordinals, lo + np.arange(reach + 1)) == []
        assert missing(ordinals, hi - np.arange(reach + 1)) == []


def test_a_range_is_cut_at_decimal_steps() -> None:
    ordinals = start((at(10.0), at(20.0)), looped=True)
    steps = np.arange(0, 257) * (10 / 256) + 10
    assert missing(ordinals, FLOAT32.encode(steps)) == []


def test_a_target_without_constants_is_planned_too() -> None:
    plan = InputPlan(0, (WHOLE32,), (0,))
    ordinals = first_ordinals(plan, FLOAT32, (), 0, looped=True)
    assert opt.LOOP_STRATA < len(ordinals) < 2 * opt.LOOP_STRATA


def test_same_seed_same_start() -> None:
    assert np.array_equal(start(seed=3), start(seed=3))
    assert not np.array_equal(start(seed=3), start(seed=4))
