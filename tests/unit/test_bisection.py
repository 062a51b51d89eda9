"""Planted changes of class are found to the exact float, in few calls."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.bisection import GROWTH, Codes, Samples, bisect, extend, midpoint, sample
from gradcheck.floats import FORMATS, Ordinals

FLOAT64 = FORMATS["float64"]
LO, HI = FLOAT64.min_ordinal, FLOAT64.max_ordinal
INT64 = st.integers(-(2**63), 2**63 - 1)


@dataclass
class Planted:
    """A line cut at the first ordinals of all stretches but the first; remembers what it was asked."""

    cuts: list[int]
    codes: list[int]
    calls: list[Ordinals] = field(default_factory=list)

    def __call__(self, ordinals: Ordinals) -> Codes:
        self.calls.append(ordinals)
        stretch = np.searchsorted(np.array(self.cuts, dtype=np.int64), ordinals, side="right")
        return np.array(self.codes, dtype=np.int64)[stretch]


def array(*ordinals: int) -> Ordinals:
    return np.array(ordinals, dtype=np.int64)


def found(samples: Samples) -> list[int]:
    """First ordinals behind every change, all of them between neighbours."""
    at = samples.changes()
    assert not samples.is_open(at).any()
    return [int(ordinal) for ordinal in samples.ordinals[at + 1]]


@st.composite
def lines(draw: st.DrawFn, lo: int = LO, hi: int = HI) -> tuple[Planted, Ordinals]:
    """A planted line whose neighbouring stretches differ in class, and a sample or more in each of its stretches."""
    step = st.integers(lo + 1, hi)
    cuts = sorted(draw(st.sets(step | st.sampled_from([lo + 1, lo + 2, hi - 1, hi]), max_size=12)))
    codes = [draw(st.integers(0, 3))]
    for _ in cuts:
        codes.append(draw(st.integers(0, 3).filter(lambda code: code != codes[-1])))
    stretches = zip([lo, *cuts], [*(cut - 1 for cut in cuts), hi], strict=True)
    seen = [draw(st.integers(first, last)) for first, last in stretches]
    more = draw(st.lists(st.integers(lo, hi), max_size=5))
    return Planted(cuts, codes), array(lo, hi, *seen, *more)


@given(line=lines())
def test_every_change_is_found_over_the_whole_of_float64(line: tuple[Planted, Ordinals]) -> None:
    planted, ordinals = line
    assert found(bisect(sample(ordinals, planted), planted, limit=12)) == planted.cuts


@given(line=lines(lo=-40, hi=40))
def test_every_change_is_found_where_stretches_are_a_few_floats(line: tuple[Planted, Ordinals]) -> None:
    planted, ordinals = line
    assert found(bisect(sample(ordinals, planted), planted, limit=12)) == planted.cuts


@pytest.mark.parametrize("cut", [LO + 1, -1, 0, 1, HI])
def test_a_change_at_the_very_end(cut: int) -> None:
    planted = Planted([cut], [0, 1])
    assert found(bisect(sample(array(LO, HI), planted), planted, limit=1)) == [cut]


@given(line=lines())
def test_codes_stay_with_their_ordinals(line: tuple[Planted, Ordinals]) -> None:
    planted, ordinals = line
    samples = bisect(sample(ordinals, planted), planted, limit=12)
    assert (samples.ordinals[1:] > samples.ordinals[:-1]).all()
    assert np.array_equal(samples.codes, planted(samples.ordinals))
    assert np.isin(ordinals, samples.ordinals).all()


@given(line=lines())
def test_no_float_is_run_twice(line: tuple[Planted, Ordinals]) -> None:
    planted, ordinals = line
    bisect(sample(ordinals, planted), planted, limit=12)
    asked = np.concatenate(planted.calls)
    assert len(np.unique(asked)) == len(asked)


@given(line=lines())
def test_calls_are_logarithmic_and_narrow(line: tuple[Planted, Ordinals]) -> None:
    planted, ordinals = line
    samples = sample(ordinals, planted)
    at = samples.changes()
    widths = [int(b) - int(a) for a, b in zip(samples.ordinals[at], samples.ordinals[at + 1], strict=True)]
    planted.calls.clear()
    bisect(samples, planted, limit=12)
    assert len(planted.calls) <= max((width - 1).bit_length() for width in [1, *widths])
    assert all(0 < len(call) <= len(planted.cuts) for call in planted.calls)


def test_nothing_is_run_where_nothing_is_open() -> None:
    planted = Planted([10], [0, 1])
    samples = sample(array(0, 9, 10, 20), planted)
    planted.calls.clear()
    assert bisect(samples, planted, limit=4) is samples
    assert planted.calls == []


@given(first=st.integers(LO + 1, -2), last=st.integers(0, HI))
def test_a_third_class_in_the_middle_is_found_though_no_sample_saw_it(first: int, last: int) -> None:
    planted = Planted([first, last], [0, 2, 1])
    assert found(bisect(sample(array(LO, HI), planted), planted, limit=1)) == [first, last]


@given(cuts=st.sets(st.integers(LO + 1, HI), min_size=2, max_size=40).map(sorted))
def test_what_is_found_between_two_samples_is_a_true_change(cuts: list[int]) -> None:
    planted = Planted(cuts, list(range(len(cuts) + 1)))
    behind = found(bisect(sample(array(LO, HI), planted), planted, limit=40))
    assert behind
    assert set(behind) <= set(cuts)


def test_beyond_the_limit_the_changes_beside_the_widest_stretches_are_closed() -> None:
    widths = [10, 1000, 20, 30, 5000, 40, 50, 200, 60]
    cuts = np.cumsum(widths)[:-1].tolist()
    planted = Planted(cuts, [i % 2 for i in range(len(widths))])
    samples = bisect(sample(np.arange(5, sum(widths), 10), planted), planted, limit=4)
    at = samples.changes()
    closed = samples.ordinals[at + 1][~samples.is_open(at)].tolist()
    assert len(at) == len(cuts)
    assert closed == [10, 1010, 1060, 6060]  # both ends of the two widest stretches


@given(limit=st.integers(1, 11), width=st.integers(100, 10**15))
def test_the_limit_is_kept(limit: int, width: int) -> None:
    planted = Planted([i * width for i in range(1, 12)], [i % 2 for i in range(12)])
    samples = bisect(sample(array(*(i * width + width // 3 for i in range(12))), planted), planted, limit)
    at = samples.changes()
    assert len(at) == 11
    assert (~samples.is_open(at)).sum() == limit
    assert all(len(call) <= limit for call in planted.calls[1:])


def test_noise_does_not_grow_without_bound() -> None:
    sizes: list[int] = []

    def noise(ordinals: Ordinals) -> Codes:
        sizes.append(len(ordinals))
        scrambled: Codes = ((ordinals.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(61)).view(np.int64)
        return scrambled

    bisect(sample(np.arange(LO // 2, HI // 2, HI // 50, dtype=np.int64), noise), noise, limit=10)
    assert len(sizes) <= 65
    assert max(sizes[1:]) <= GROWTH * 10
    assert max(sizes[1:]) > 10


@given(a=INT64, b=INT64)
def test_the_midpoint_never_overflows(a: int, b: int) -> None:
    assert int(midpoint(array(a), array(b))[0]) == (a + b) // 2


@pytest.mark.parametrize("ends", [(-(2**63), 2**63 - 1), (2**63 - 2, 2**63 - 1), (-(2**63), -(2**63)), (LO, HI)])
def test_the_midpoint_of_the_ends(ends: tuple[int, int]) -> None:
    assert int(midpoint(array(ends[0]), array(ends[1]))[0]) == sum(ends) // 2


def parity(ordinals: Ordinals) -> Codes:
    return ordinals & 1


@given(first=st.lists(INT64, min_size=1), second=st.lists(INT64))
def test_samples_are_a_sorted_table(first: list[int], second: list[int]) -> None:
    asked: list[int] = []

    def classify(ordinals: Ordinals) -> Codes:
        asked.extend(ordinals.tolist())
        return parity(ordinals)

    samples = sample(array(*first), classify)
    assert samples.missing(array(*second)).tolist() == sorted(set(second) - set(first))
    extended = extend(samples, array(*second), classify)
    assert extended.ordinals.tolist() == sorted({*first, *second})
    assert extended.codes.tolist() == [ordinal & 1 for ordinal in sorted({*first, *second})]
    assert len(extended) == len(set(asked)) == len(asked)


def test_no_samples_miss_everything() -> None:
    nothing = Samples(array(), array())
    assert nothing.missing(array(3, 1, 3)).tolist() == [1, 3]
    assert len(nothing) == 0


def test_extending_by_what_is_there_runs_nothing() -> None:
    samples = sample(array(1, 2, 3), parity)
    never: Callable[[Ordinals], Codes] = lambda ordinals: pytest.fail("nothing is to be run")  # noqa: E731
    assert extend(samples, array(3, 2), never) is samples


def test_changes_and_what_is_open() -> None:
    samples = Samples(array(0, 1, 5, 6, 9), array(7, 8, 8, 7, 7))
    assert samples.changes().tolist() == [0, 2]
    assert samples.is_open(samples.changes()).tolist() == [False, False]
    apart = Samples(array(LO, -1, 0, HI), array(1, 2, 3, 1))
    assert apart.is_open(apart.changes()).tolist() == [True, False, True]
