"""Shrinking ends at the simplest point that fails, and never at one that does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records.tensors import Batch, TensorInput, TensorPoint
from gradcheck.search.shrinking import SMALL, complexity, shrink

Fails = Callable[[Batch], NDArray[np.bool_]]
TEXTS = ("any", "probability", "simplex", "one-hot", "positive", "unit", "mask", "integer:-2:7", "-1:0.5")


def tensor(shape: tuple[int, ...] = (), dtype: str = "float32", domain: str = "any", name: str = "x") -> TensorInput:
    """An input."""
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


def messy(item: TensorInput, seed: int = 0, scale: float = 3.0) -> Array:
    """A value of an input that nobody would write down."""
    values = scale * np.random.default_rng(seed).normal(size=(1, *item.shape))
    return np.asarray(item.domain.admit(values, item.fmt, item.array_dtype)[0])


def shrunk(inputs: tuple[TensorInput, ...], point: TensorPoint, fails: Fails, rounds: int = 200) -> list[Any]:
    """The result as lists, after checks that hold for any."""
    calls = []

    def asked(batch: Batch) -> NDArray[np.bool_]:
        assert len({len(values) for values in batch}) == 1
        for item, values in zip(inputs, batch, strict=True):
            assert values.dtype == item.array_dtype
            assert values.shape[1:] == item.shape
            assert item.domain.contains(values, item.fmt).all()
        calls.append(len(batch[0]))
        return fails(batch)

    assert fails(tuple(values[None] for values in point)).all()
    found = shrink(point, inputs, asked, rounds)
    assert fails(tuple(values[None] for values in found)).all()
    assert complexity(found, inputs) <= complexity(point, inputs)
    assert len(calls) <= 5 * rounds
    for item, values in zip(inputs, found, strict=True):
        assert values.dtype == item.array_dtype
        assert item.domain.contains(values[None], item.fmt).all()
    return [values.tolist() for values in found]


def always(batch: Batch) -> NDArray[np.bool_]:
    """Everything fails."""
    return np.ones(len(batch[0]), dtype=np.bool_)


def alone(rule: Callable[[Array], Any]) -> Fails:
    """A rule for the first input, [n, elements]."""
    return lambda batch: np.asarray(rule(batch[0].reshape(len(batch[0]), -1)), dtype=np.bool_)


@pytest.mark.parametrize(
    ("text", "dtype", "after"),
    [
        *[("any", "float32", [0.0] * 3), ("any", "int32", [0] * 3), ("any", "bool", [False] * 3)],
        *[("positive", "float16", [1.0] * 3), ("one-hot", "int64", [0, 0, 1]), ("5:6", "bfloat16", [5.0] * 3)],
        *[("probability", "float64", [0.0] * 3), ("integer:2:9", "int32", [2] * 3)],
    ],
)
def test_where_everything_fails_the_simplest_point_is_left(text: str, dtype: str, after: list[float]) -> None:
    item = tensor((3,), dtype, text)
    found = shrunk((item,), (messy(item),), always)[0]
    assert isinstance(found, list)
    assert (sorted(found) if text == "one-hot" else found) == after


START = np.array([[3.25, -2.5, 123.5], [-7.5, 0.625, -88.25]])


@pytest.mark.parametrize(
    ("start", "rule", "after"),
    [
        (START, lambda x: x[:, 2] > 88.7, [0, 0, 100, 0, 0, 0]),
        (START * (START > 0), lambda x: (x == 0).sum(1) >= 1, [0, 0, 0, 0, 0, 0]),
        (START, lambda x: (x != 0).all(1), [1, 1, 1, 1, 1, 1]),
        (-np.abs(START), lambda x: (x < 0).all(1), [-1, -1, -1, -1, -1, -1]),
        (START, lambda x: (x[:, 0] != x[:, 1]) & (x[:, 5] < -50), [0, 1, 0, 0, 0, -100]),
        (START * 2.0**30, lambda x: np.abs(x).sum(1) > 1e6, [0, 0, 0, 0, 0, 1e7]),
    ],
)
def test_simple_rules_leave_simple_points(start: Array, rule: Callable[[Array], Any], after: list[float]) -> None:
    item = tensor((2, 3))
    found = np.array(shrunk((item,), (start,), alone(rule))[0])
    wanted = np.array(after, dtype=np.float64).reshape(2, 3)
    assert complexity((found,), (item,)) <= complexity((wanted,), (item,))


def test_a_row_is_enough() -> None:
    item = tensor((4, 3))
    found = shrunk((item,), (messy(item),), alone(lambda x: (x[:, 3:6] > 0.01).all(1) | (x[:, 3:6] < -0.01).any(1)))
    assert np.count_nonzero(found[0]) <= 3
    assert not np.any(np.delete(np.array(found[0]), 1, axis=0))


def test_inputs_become_equal() -> None:
    inputs = (tensor((3,)), tensor((3,), name="y"))
    point = (np.array([0.37109375, 2.71875, 5.0625]), np.array([1.4375, 2.71875, -3.28125]))
    found = shrunk(inputs, point, lambda b: np.asarray((b[0][:, 1] == b[1][:, 1]) & (b[0][:, 1] > 2), dtype=np.bool_))
    assert found == [[0, 3, 0], [0, 3, 0]]


def test_digits_are_few_and_near() -> None:
    item = tensor((), "float64")
    rule = alone(lambda x: (x[:, 0] > 0.123) & (x[:, 0] < 0.127))
    assert shrunk((item,), (np.array(0.12345678912345),), rule) in ([0.125], [0.124], [0.126])
    assert shrunk((item,), (np.array(123456.789),), alone(lambda x: x[:, 0] > 98765)) == [1e5]
    assert shrunk((item,), (np.array(-1.2345e-7),), alone(lambda x: (x[:, 0] < 0) & (x[:, 0] > -1e-6))) == [-1e-7]


def test_independent_elements_shrink_together() -> None:
    item = tensor((SMALL,))
    start = np.abs(messy(item)) + 1
    calls: list[int] = []

    def fails(batch: Batch) -> NDArray[np.bool_]:
        calls.append(1)
        return np.asarray((batch[0][:, ::3] > 0.5).all(axis=1), dtype=np.bool_)

    found = shrink((item.domain.admit(start[None], item.fmt, "float64")[0],), (item,), fails, 12)
    assert np.array_equal(found[0], np.where(np.arange(SMALL) % 3 == 0, 1.0, 0.0))
    assert len(calls) < 60


def test_only_the_first_answer_is_believed() -> None:
    item = tensor((6,))
    really = alone(lambda x: (x[:, 4] > 1) & (x[:, 1] < 0))

    def careless(batch: Batch) -> NDArray[np.bool_]:
        fails = really(batch)
        fails[int(np.argmax(fails)) + 1 :] = fails.any()
        return fails

    start = np.array([0.1, -0.7, 0.3, 9.9, 4.4, 1.2])
    found = shrink((F32(start),), (item,), careless, 100)
    assert really((found[0][None],)).all()
    assert np.count_nonzero(found[0]) == 2


def F32(values: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N802
    """Floats of float32."""
    return FORMATS["float32"].decode(FORMATS["float32"].encode(values))


def test_large_inputs_shrink_by_parts() -> None:
    item = tensor((50, 40))
    start = F32(np.random.default_rng(0).normal(size=item.shape))
    found = shrunk((item,), (start,), alone(lambda x: x[:, 777] == start.ravel()[777]), rounds=60)
    assert np.count_nonzero(found[0]) <= 40
    huge = tensor((200_000,))
    assert not np.any(shrunk((huge,), (F32(messy(huge).astype(np.float64)),), always, rounds=3)[0])


def test_rounds_bound_the_work() -> None:
    item = tensor((5,))
    start = F32(np.array([1.1, 2.2, 3.3, 4.4, 5.5]))
    asked: list[int] = []

    def fails(batch: Batch) -> NDArray[np.bool_]:
        asked.append(len(batch[0]))
        return always(batch)

    assert shrink((start,), (item,), fails, 0)[0] is start
    assert not asked
    assert shrink((start,), (item,), lambda b: ~always(b), 9)[0] is start


def test_empty_inputs_are_left_alone() -> None:
    assert shrunk((tensor((0,)), tensor((2, 0), name="y")), (np.zeros(0), np.zeros((2, 0))), always) == [[], [[], []]]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32", "bool"])
@given(seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=4, deadline=None)
def test_whatever_fails_the_result_fails_and_is_inside(text: str, dtype: str, seed: int, data: st.DataObject) -> None:
    inputs = (tensor((2, 2), dtype, text), tensor((2,), name="y"))
    point = tuple(messy(item, seed, data.draw(st.sampled_from([1e-6, 1.0, 1e5]))) for item in inputs)
    mean = sum(float(np.sum(values)) for values in point)

    def fails(batch: Batch) -> NDArray[np.bool_]:
        total = sum(values.reshape(len(values), -1).astype(np.float64).sum(axis=1) for values in batch)
        return np.asarray(np.abs(total - mean) <= abs(mean) / 2, dtype=np.bool_)

    shrunk(inputs, point, fails, rounds=15)


def test_what_complexity_counts() -> None:
    items = (tensor((3,)), tensor((), name="y"))

    def of(*x: float, y: float = 0.0) -> tuple[int, ...]:
        return complexity((np.array(x), np.array(y)), items)

    assert of(0.0, 0.0, 0.0) == (0, 1, 0, 0, 0)
    assert of(0.0, 0.25, -2.0, y=100.0) == (3, 4, 2 + 1 + 1, 3 * 1024 + round(np.log2(100) * 1024), 1)
    ordered = [of(0, 0, 0), of(-0.0, 0, 0), of(0, 1, 0), of(0, -1, 0), of(0, 2, 0), of(0, 0.25, 0), of(1, 1, 0)]
    ordered += [of(1, 2, 0), of(1, 1, 1, y=1), of(1, 1, 1, y=2)]
    assert ordered == sorted(ordered)
    assert len(set(ordered)) == len(ordered)
