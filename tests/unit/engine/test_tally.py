"""What is known of a line so far: the same in one sitting and in several, in few bytes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.bisection import Codes
from gradcheck.engine import tally
from gradcheck.engine.runs import Runs
from gradcheck.engine.tally import Tally


def plain(codes: Codes) -> Codes:
    """Codes without the bit that stands for zeros here."""
    return codes & 7


def part(start: int, codes: list[int]) -> Runs:
    """A stretch of runs of three floats each."""
    lo = start + 3 * np.arange(len(codes))
    return Runs(lo, lo + 2, np.array(codes))


def tallied(parts: list[Runs], known: Tally | None = None) -> Tally:
    made = known or Tally(plain)
    for each in parts:
        made.add(each)
    return made


def same(one: Tally, two: Tally) -> bool:
    """Whether two tallies will go on in the same way."""
    a, b = one.runs(), two.runs()
    arrays = ((a.lo, b.lo), (a.hi, b.hi), (a.codes, b.codes))
    states = [(t.kept, t.floats, t.zeros, t.is_noise) for t in (one, two)]
    return states[0] == states[1] and a.zeros == b.zeros and all(np.array_equal(x, y) for x, y in arrays)


CODES = st.lists(st.lists(st.sampled_from([0, 1, 8, 9]), min_size=1, max_size=6), min_size=2, max_size=12)


@given(CODES, st.integers(1, 11), st.integers(2, 12))
def test_two_sittings_end_as_one(codes: list[list[int]], cut: int, most: int) -> None:
    starts = np.cumsum([0, *(3 * len(c) for c in codes)]) - 20
    parts = [part(int(start), c) for start, c in zip(starts, codes, strict=False)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "MOST_RUNS", most)
        first = tallied(parts[:cut])
        again = Tally.from_bytes(first.to_bytes(), plain)
        assert same(first, again)
        assert same(tallied(parts), tallied(parts[cut:], again))


def test_it_is_small() -> None:
    lengths = np.random.default_rng(0).geometric(0.01, 1 << 16)
    hi = np.cumsum(lengths) - 1
    runs = Runs(hi - lengths + 1, hi, np.arange(1 << 16) % 2)
    assert len(tallied([runs]).to_bytes()) < 3 * len(hi)


def test_the_ends_of_the_line_of_float64() -> None:
    ends = np.array([-(1 << 62), (1 << 62) - 2])
    known = tallied([Runs(ends, ends + 1, np.array([1 << 33, 0]))])
    assert same(Tally.from_bytes(known.to_bytes(), plain), known)


def test_where_zeros_flicker_nothing_is_said_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_RUNS", 4)
    known = tallied([part(0, [0, 8, 0]), part(9, [8, 0, 8])])
    assert not known.zeros
    assert known.runs().codes.tolist() == [0]
    assert not known.is_noise
    known.add(part(18, [1, 0, 1, 0]))
    assert known.is_noise


WHOLE = tallied([part(0, [0, 1, 0])]).to_bytes()


@pytest.mark.parametrize(
    "content", [b"", b"x", WHOLE[:-1], WHOLE[:20], b"\0" * 40, WHOLE[:10] + b"\x07" + WHOLE[11:], WHOLE[:-4] + b"abcd"]
)
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Tally.from_bytes(content, plain)


def test_a_code_may_have_any_bit() -> None:
    codes = np.array([0, 1 << 35, 7])
    known = tallied([replace(part(0, [0, 0, 0]), codes=codes)])
    assert Tally.from_bytes(known.to_bytes(), plain).runs().codes.tolist() == codes.tolist()
