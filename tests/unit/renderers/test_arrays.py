"""What is told of a large tensor, and in which dtype a tensor is written."""

from typing import Any

import numpy as np
import pytest

from gradcheck.records import Facts
from gradcheck.records.unlisted import unlisted
from gradcheck.renderers.arrays import facts_of, is_known, is_unlisted, with_words, written_in

NAN, INF = float("nan"), float("inf")
TENTH = float(np.float32(0.1))


@pytest.mark.parametrize(
    ("entries", "same", "odd"),
    [([1.0, 1.0], True, 0), ([1.0, 2.0], False, 0), ([NAN, NAN], True, 2), ([NAN, INF], False, 2), ([None, None], True, 0),
     ([None, NAN], False, 1), ([True, True], True, 0)],
)  # fmt: skip
def test_facts(entries: list[Any], same: bool, odd: int) -> None:
    array = np.array(entries, object if None in entries else None)
    assert (facts_of(array).same, facts_of(array).odd) == (same, odd)
    assert is_known(array) == any(entry is not None for entry in entries)


def test_what_is_not_listed_keeps_its_facts_and_takes_no_memory() -> None:
    facts = Facts(False, None, 7, "float32")
    array = unlisted((1 << 20, 1 << 20), facts)
    assert facts_of(array) is facts
    assert is_unlisted(array)
    assert is_known(array)
    assert not is_unlisted(array[:2, :2].copy())
    assert written_in(array, "float16") == "float32"
    assert not is_known(unlisted((9,), Facts(True, None, 0)))


@pytest.mark.parametrize(("first", "odd", "shown"), [(INF, 9, "none"), (1.0, 0, 1.0), (None, 0, None)])
def test_words_for_slopes_that_are_none(first: float | None, odd: int, shown: object) -> None:
    assert facts_of(with_words(unlisted((9,), Facts(True, first, odd)), "none")).first == shown
    assert facts_of(with_words(np.full(9, first, object), "none")).first == shown


def test_slopes_that_are_infinite_in_two_ways_are_all_none() -> None:
    mixed = np.array([INF, NAN, INF], object)
    assert facts_of(with_words(mixed, "none")) == Facts(True, "none", 0)
    assert facts_of(with_words(unlisted((3,), facts_of(mixed)), "none")) == Facts(True, "none", 0)


@pytest.mark.parametrize(
    ("array", "dtype", "written"),
    [
        (np.array([TENTH, NAN]), "float32", "float32"),
        (np.array([0.1]), "float32", "float64"),
        (np.array([1e300]), "float16", "float64"),
        (np.array([1]), "int32", "int32"),
        (np.array([1]), "float32", "float64"),
        (np.array([None], object), "float32", "float64"),
    ],
)
def test_decimals_are_those_of_a_dtype_that_has_all_entries(array: Any, dtype: str, written: str) -> None:
    assert written_in(array, dtype) == written
