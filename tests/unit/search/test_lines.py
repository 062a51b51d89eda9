"""Lines: one element, or one direction, through all floats, and everything inside its domain."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.records import Batch, TensorInput
from gradcheck.search.lines import (
    MAX_COORDINATES,
    along_coordinate,
    along_direction,
    coordinates,
    directions,
    joined,
    line_ordinals,
    projected,
)

TEXTS = ("any", "probability", "simplex", "one-hot", "positive", "unit", "mask", "integer:-2:7", "-1:0.5", "1e30:")


def tensor(shape: tuple[int, ...] = (), dtype: str = "float32", domain: str = "any", name: str = "x") -> TensorInput:
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def inside(inputs: tuple[TensorInput, ...], batch: Batch, n: int) -> None:
    """Every point lies in every domain."""
    for item, values in zip(inputs, batch, strict=True):
        assert values.shape == (n, *item.shape)
        assert values.dtype == item.array_dtype
        assert item.domain.contains(values, item.fmt).all()


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_line_runs_through_all_floats_in_order(dtype: str) -> None:
    fmt = FORMATS[dtype]
    ordinals = line_ordinals(fmt, rng())
    assert (np.diff(ordinals) > 0).all()
    assert (ordinals[0], ordinals[-1]) == (fmt.min_ordinal, fmt.max_ordinal)
    tiny = int(fmt.encode(fmt.smallest_normal))
    assert {0, 1, tiny, tiny - 1, -tiny - 1} <= set(ordinals.tolist())
    gaps = np.diff(ordinals.astype(np.float64)) / (float(fmt.max_ordinal) - float(fmt.min_ordinal))
    assert gaps.max() < 2 / 96 + 1e-9
    assert np.isfinite(fmt.decode(ordinals)).all()


def test_usual_magnitudes_are_looked_at_more_closely() -> None:
    values = FORMATS["float32"].decode(line_ordinals(FORMATS["float32"], rng()))
    usual = np.sort(values[(values >= 1e-3) & (values <= 1e3)])
    assert len(usual) >= 32
    assert (usual[1:] / usual[:-1]).max() < 2


def test_the_same_seed_is_the_same_line_and_another_one_another() -> None:
    fmt = FORMATS["float32"]
    np.testing.assert_array_equal(line_ordinals(fmt, rng(1)), line_ordinals(fmt, rng(1)))
    assert line_ordinals(fmt, rng(1)).tolist() != line_ordinals(fmt, rng(2)).tolist()


def test_few_elements_are_all_swept() -> None:
    inputs = (tensor((2, 2)), tensor((2,), "int32"), tensor(()))
    assert coordinates(inputs, rng()) == [(0, (0, 0)), (0, (0, 1)), (0, (1, 0)), (0, (1, 1)), (2, ())]


@given(st.integers(0, 20))
def test_of_many_elements_the_first_and_the_last_of_each_input_are_among_them(seed: int) -> None:
    inputs = (tensor((5, 7)), tensor((3,), "bool"), tensor((40,)))
    found = coordinates(inputs, rng(seed))
    assert len(found) == len(set(found)) == MAX_COORDINATES
    assert found[:4] == [(0, (0, 0)), (2, (0,)), (0, (4, 6)), (2, (39,))]
    assert all(inputs[k].fmt and np.zeros(inputs[k].shape)[index] == 0 for k, index in found)


def test_empty_inputs_have_no_element_to_sweep() -> None:
    assert coordinates((tensor((0, 3)), tensor((1,))), rng()) == [(1, (0,))]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_line_stays_in_the_domains_and_moves_one_element_where_it_may(text: str, dtype: str) -> None:
    inputs = (tensor((2, 3), dtype, text), tensor((2,), "int32", "integer:0:2", "y"))
    base = tuple(i.domain.admit(rng().normal(size=(1, *i.shape)), i.fmt, i.array_dtype)[0] for i in inputs)
    fmt = FORMATS[dtype]
    ordinals = line_ordinals(fmt, rng())
    batch = along_coordinate(inputs, base, (0, (1, 2)), ordinals)
    inside(inputs, batch, len(ordinals))
    if text in ("any", "-1:0.5", "1e30:", "probability", "positive"):
        others = np.ones((2, 3), dtype=bool)
        others[1, 2] = False
        np.testing.assert_array_equal(batch[0][:, others], np.repeat(base[0][others][None], len(ordinals), 0))
        lo, hi = inputs[0].domain.ends(fmt)
        np.testing.assert_array_equal(batch[0][:, 1, 2], np.clip(fmt.decode(ordinals), lo, hi))
    np.testing.assert_array_equal(batch[1], np.repeat(base[1][None], len(ordinals), 0))


@pytest.mark.parametrize("text", TEXTS)
def test_a_direction_stays_in_the_domains(text: str) -> None:
    inputs = (tensor((2, 3), "float32", text), tensor((2,), "int32"), tensor((), "float16"))
    base = tuple(i.domain.admit(rng().normal(size=(1, *i.shape)), i.fmt, i.array_dtype)[0] for i in inputs)
    ordinals = line_ordinals(FORMATS["float32"], rng())
    for direction in islice(directions(inputs, rng()), 8):
        inside(inputs, along_direction(inputs, base, direction, ordinals), len(ordinals))


def test_a_direction_adds_a_multiple_to_each_element() -> None:
    inputs = (tensor((2,)), tensor((), name="y"))
    fmt = FORMATS["float32"]
    base = (np.array([1.0, 2.0]), np.array(4.0))
    batch = along_direction(inputs, base, [np.array([1.0, -2.0]), np.array(0.0)], fmt.encode(np.array([0.0, 0.5, 8.0])))
    assert batch[0].tolist() == [[1.0, 2.0], [1.5, 1.0], [9.0, -14.0]]
    assert batch[1].tolist() == [4.0, 4.0, 4.0]


def test_directions_begin_with_constant_ones_then_each_input_alone() -> None:
    inputs = (tensor((2,)), tensor((2,), name="y"))
    found: list[Any] = [[d.tolist() for d in direction] for direction in islice(directions(inputs, rng()), 5)]
    assert found[:4] == [[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [0, 0]], [[0, 0], [1, 1]]]
    assert len(set(map(str, found))) == 5


def test_batches_are_put_together_and_into_their_domains() -> None:
    inputs = (tensor((1,), domain="probability"), tensor((), "int32", "integer:0:1"))
    batch = joined([(np.array([[2.0]]), np.array([3])), (np.array([[0.1]]), np.array([-3]))])
    first, second = projected(inputs, batch)
    assert first.tolist() == [[1.0], [float(np.float32(0.1))]]
    assert second.tolist() == [1, 0]
