"""Guided search: where a distance changes its sign it is bisected, where it does not it is made small."""

from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import Batch, Pull, TensorInput
from gradcheck.search.guided import (
    BISECTIONS,
    MAX_BRACKETS,
    bracketed,
    brackets,
    halfway,
    measure,
    pulled,
    snapped,
    stepped,
)

FLOAT32 = FORMATS["float32"]
NAN, INF = np.nan, np.inf


def tensor(shape: tuple[int, ...] = (2,), dtype: str = "float32", domain: str = "any") -> TensorInput:
    return TensorInput("x", dtype, shape, parse_domain("x", domain))


def pull_toward(*rules: tuple[Callable[[Array], Array], Callable[[Array], Array]], width: int = 8) -> Pull:
    """Distances of the first input [n, size], and their gradients."""

    def run(batch: Batch, weights: Array) -> tuple[Array, tuple[Array | None, ...]]:
        assert len(batch[0]) == len(weights) == width
        x = batch[0].reshape(width, -1)
        slopes = sum(np.nan_to_num(w[:, None] * d(x)) for w, (_, d) in zip(weights.T, rules, strict=True))
        found = np.stack([f(x) for f, _ in rules], axis=1)
        return found, (np.asarray(slopes).reshape(batch[0].shape), *(None for _ in batch[1:]))

    return Pull(tuple(f"danger {k}" for k in range(len(rules))), run, width)


SUM = (lambda x: x.sum(1) - 1.5, lambda x: np.ones_like(x))
SQUARES = (lambda x: (x**2).sum(1), lambda x: 2 * x)


@pytest.mark.parametrize(
    ("distances", "left"),
    [
        ([1.0, 2.0, -1.0, -2.0, 3.0], [1, 3]),
        ([1.0, 0.0, -1.0], []),
        ([1.0, NAN, -1.0], []),
        ([INF, -1.0, 1.0], [1]),
        ([1.0, 2.0], []),
    ],
)
def test_brackets_are_neighbours_of_opposite_signs(distances: list[float], left: list[int]) -> None:
    first, second, owner = brackets(np.array(distances)[:, None])
    assert (first.tolist(), second.tolist(), owner.tolist()) == (left, [i + 1 for i in left], [0] * len(left))


def test_of_many_brackets_some_are_taken_evenly_for_each_danger() -> None:
    signs = np.where(np.arange(100) % 2, 1.0, -1.0)
    first, _, owner = brackets(np.stack([signs, np.abs(signs), signs], axis=1))
    assert owner.tolist() == [0] * MAX_BRACKETS + [2] * MAX_BRACKETS
    assert (first[0], first[MAX_BRACKETS - 1]) == (0, 98)


@pytest.mark.parametrize(("lo", "hi"), [(-1.0, 1.0), (0.0, 3e38), (1.0, 1.0), (-3e38, 3e38), (1e-45, 2e-45)])
def test_halfway_is_between_on_the_ordinals(lo: float, hi: float) -> None:
    (middle,) = halfway((tensor((1,)),), (np.array([[lo]]),), (np.array([[hi]]),))
    a, b, m = (int(FLOAT32.encode(v)) for v in (lo, hi, middle[0, 0]))
    assert a <= m <= b
    assert abs((m - a) - (b - m)) <= 1


@pytest.mark.parametrize("dtype", FORMATS)
def test_bisection_ends_at_neighbouring_floats_on_both_sides(dtype: str) -> None:
    fmt = FORMATS[dtype]
    item = tensor((1,), dtype)
    pull = pull_toward((lambda x: x[:, 0] - 0.3, lambda x: np.ones_like(x)))
    batch = (np.array([[-5.0], [7.0]]),)
    found = bracketed((item,), pull, batch, measure(pull, batch)[0])
    assert found is not None
    lo, hi = fmt.encode(found[0].ravel()).tolist()
    assert hi - lo == 1
    assert fmt.value(lo) <= 0.3 <= fmt.value(hi)
    assert set(BISECTIONS) >= {fmt.bits}


def test_bisection_moves_all_elements_of_a_point_and_no_integers() -> None:
    inputs = (tensor((2,)), TensorInput("y", "int32", (), parse_domain("y", "integer:0:5")))
    pull = pull_toward(SUM)
    batch = (np.array([[0.0, 0.0], [2.0, 2.0]]), np.array([3, 4]))
    found = bracketed(inputs, pull, batch, measure(pull, batch)[0])
    assert found is not None
    np.testing.assert_allclose(found[0].sum(1), 1.5, rtol=1e-6)
    assert set(found[1].tolist()) <= {3, 4}


def test_without_a_change_of_sign_there_is_nothing_to_bisect() -> None:
    pull = pull_toward(SQUARES)
    batch = (np.ones((3, 2)),)
    assert bracketed((tensor(),), pull, batch, measure(pull, batch)[0]) is None


def test_any_number_of_points_is_measured_in_calls_of_the_width() -> None:
    pull = pull_toward(SUM, SQUARES, width=4)
    batch = (np.arange(22.0).reshape(11, 2),)
    distances, (slopes,) = measure(pull, batch, np.array([0, 1] * 5 + [0]))
    np.testing.assert_array_equal(distances[:, 0], batch[0].sum(1) - 1.5)
    np.testing.assert_array_equal(distances[:, 1], (batch[0] ** 2).sum(1))
    assert slopes is not None
    np.testing.assert_array_equal(slopes[::2], np.ones((6, 2)))
    np.testing.assert_array_equal(slopes[1::2], 2 * batch[0][1::2])


def test_steps_bring_a_sum_of_squares_to_where_its_square_root_has_no_gradient() -> None:
    starts = (np.array([[1.0, 2.0], [-3.0, 0.5]]),)
    found = pulled((tensor(),), pull_toward(SQUARES), starts, [0])
    assert found is not None
    assert (np.abs(found[0]).max(1) < 1e-20).any()
    assert (found[0] == 0).all(1).any()


def test_each_danger_has_its_own_starts() -> None:
    apart = (lambda x: ((x - 3) ** 2).sum(1), lambda x: 2 * (x - 3))
    found = pulled((tensor(),), pull_toward(SQUARES, apart), (np.array([[1.0, 2.0]]),), [0, 1])
    assert found is not None
    assert (found[0] == 0).all(1).any()
    assert (found[0] == 3).all(1).any()


def test_where_an_epsilon_is_in_the_way_it_ends_as_near_as_it_gets() -> None:
    calls: list[int] = []

    def distance(x: Array) -> Array:
        calls.append(1)
        return np.asarray((x**2).sum(1) + 1.0)

    pull = pull_toward((distance, lambda x: 2 * x))
    found = pulled((tensor(),), pull, (np.array([[1.0, 2.0]]),), [0])
    assert found is not None
    assert len(calls) < 60
    assert np.isfinite(found[0]).all()


def test_a_pull_without_slopes_pulls_nothing() -> None:
    pull = Pull(("danger",), lambda batch, weights: (np.ones((4, 1)), (None,)), 4)
    assert pulled((tensor(),), pull, (np.ones((2, 2)),), [0]) is None


@pytest.mark.parametrize("text", ["any", "probability", "simplex", "unit", "0.25:0.75"])
def test_pulled_points_stay_in_the_domain(text: str) -> None:
    item = tensor((2,), domain=text)
    starts = (item.domain.admit(np.array([[0.3, 0.6], [5.0, -1.0]]), item.fmt, "float64"),)
    found = pulled((item,), pull_toward(SQUARES), starts, [0])
    assert found is not None
    assert item.domain.contains(found[0], item.fmt).all()


@pytest.mark.parametrize("slope", [0.0, NAN, INF, 1e-300])
def test_a_point_without_a_usable_slope_stays(slope: float) -> None:
    point = (np.array([[1.0, 2.0]]),)
    (moved,) = stepped((tensor(),), point, np.array([1.0]), (np.full((1, 2), slope),))
    assert moved.tolist() == [[1.0, 2.0]]


def test_points_near_others_are_fractions_that_people_write() -> None:
    found = snapped((tensor((1,)),), (np.array([[0.3333], [2.4999]]),))
    assert [batch[0].ravel().tolist() for batch in found][:2] == [[0.0, 2.0], [0.5, 2.5]]
