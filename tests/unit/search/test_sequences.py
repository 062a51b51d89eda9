"""Points of a sequence are inside, reproducible, and more even than random ones."""

import numpy as np
import pytest

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.records.tensors import TensorInput
from gradcheck.search.sequences import MOST_DIMENSIONS, even_fractions, generalised_golden_ratio, low_discrepancy

TEXTS = (
    "any",
    "probability",
    "simplex",
    "one-hot",
    "positive",
    "unit",
    "mask",
    "integer:-2:3",
    "-1:0.5",
    "-3:-2",
    "100:",
)


def tensor(dtype: str = "float32", shape: tuple[int, ...] = (), domain: str = "any", name: str = "x") -> TensorInput:
    """An input."""
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", [*FORMATS, "int32", "bool"])
def test_points_are_inside_and_differ(text: str, dtype: str) -> None:
    inputs = (tensor(dtype, (2, 3), text), tensor("float32", (), "any", "y"))
    batch = low_discrepancy(inputs, 40, seed=3)
    assert [values.shape for values in batch] == [(40, 2, 3), (40,)]
    for item, values in zip(inputs, batch, strict=True):
        assert values.dtype == item.array_dtype
        assert item.domain.contains(values, item.fmt).all()
    forced = dtype == "bool" and text in ("positive", "integer:-2:3", "-1:0.5", "-3:-2", "100:")
    assert forced or len({row.tobytes() for row in batch[0]}) > 2


@pytest.mark.parametrize("size", [3, MOST_DIMENSIONS + 1])
def test_a_seed_says_it_all(size: int) -> None:
    inputs = (tensor(shape=(size,)),)
    first, again, other = (low_discrepancy(inputs, 16, seed)[0] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert not (first == other).any()


@pytest.mark.parametrize("name", FORMATS)
def test_every_kind_of_number_is_there(name: str) -> None:
    fmt = FORMATS[name]
    values = low_discrepancy((tensor(name),), 4000, seed=0)[0]
    ordinals = fmt.encode(values[::2]) / fmt.max_ordinal
    assert np.abs(np.histogram(ordinals, 8, (-1, 1))[0] - 250).max() <= 4
    top = min(1e6, fmt.largest)
    magnitudes = np.log(np.abs(values[1::4]))
    assert np.abs(np.histogram(magnitudes, 4, (np.log(1e-6), np.log(top)))[0] - 250).max() <= 20
    assert abs((values[1::4] < 0).sum() - 500) <= 4
    assert np.abs(np.histogram(values[3::4], 8, (-4, 4))[0] - 125).max() <= 8


@pytest.mark.parametrize(("text", "lo", "hi"), [("integer:-2:3", -2, 3), ("mask", 0, 1), ("any", 0, 1)])
def test_whole_numbers_are_even(text: str, lo: int, hi: int) -> None:
    values = low_discrepancy((tensor("int32", (2,), text),), 1200, seed=0)[0]
    counts = np.bincount(values.ravel() - lo)
    assert len(counts) == hi - lo + 1
    assert np.abs(counts - 2400 / len(counts)).max() <= 40


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_every_class_is_the_hot_one(dtype: str) -> None:
    values = low_discrepancy((tensor(dtype, (4,), "one-hot"),), 400, seed=0)[0]
    assert values.sum(axis=0).min() > 60


def test_a_range_is_used_to_its_ends() -> None:
    low, high = (low_discrepancy((tensor(domain=text),), 400, seed=0)[0] for text in ("-3:-2", "1e3:1e9"))
    assert (low.min(), low.max()) == (pytest.approx(-3, abs=0.02), pytest.approx(-2, abs=0.02))
    assert len(set(low.tolist())) == 400
    assert high.max() == pytest.approx(1e9, rel=0.1)
    assert len(set(high.tolist())) == 400


def test_the_golden_ratio_and_its_sisters() -> None:
    for dimensions in (1, 2, 7, MOST_DIMENSIONS):
        ratio = generalised_golden_ratio(dimensions)
        assert ratio > 1
        assert ratio ** (dimensions + 1) == pytest.approx(ratio + 1, rel=1e-12)
    assert generalised_golden_ratio(1) == pytest.approx((1 + 5**0.5) / 2)


def test_pairs_are_more_even_than_random_ones() -> None:
    even = even_fractions(1024, 2, np.random.default_rng(0))
    random = np.random.default_rng(0).random((1024, 2))
    cells = [np.bincount((points * 16).astype(int) @ [16, 1], minlength=256) for points in (even, random)]
    assert cells[0].var() * 4 < cells[1].var()


def test_no_points_and_no_entries() -> None:
    assert low_discrepancy((tensor(shape=(2,)),), 0, seed=0)[0].shape == (0, 2)
    assert low_discrepancy((tensor(shape=(0,)),), 4, seed=0)[0].shape == (4, 0)
