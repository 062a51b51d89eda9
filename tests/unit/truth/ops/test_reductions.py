"""Sums, products, extremes and running sums, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb

from gradcheck.program import Node
from gradcheck.truth.duals import ONE, Dual, State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import Run

raw = tf.raw_ops
AXES: list[Any] = [0, [0, 2], [-1], [], [0, 1, 2]]


@pytest.mark.parametrize("op", ["Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axis", AXES)
def test_reductions(judge: Any, floats: Any, op: str, axis: Any, keep: bool) -> None:
    axis = np.array(axis, np.int32)
    judge(lambda x: getattr(raw, op)(input=x, axis=axis, keep_dims=keep), floats(2, 3, 4))


@pytest.mark.parametrize("op", ["Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"])
def test_reductions_of_one_number(judge: Any, op: str) -> None:
    judge(lambda x: getattr(raw, op)(input=x, axis=[0, 2]), np.array([[[-1.5], [2.0]]]))
    judge(lambda x: getattr(raw, op)(input=x, axis=[], keep_dims=True), np.array(-1.5))


@pytest.mark.parametrize("op", ["Sum", "Prod", "Max", "Min"])
def test_reductions_of_nothing(judge: Any, op: str) -> None:
    judge(lambda x: getattr(raw, op)(input=x, axis=[0]), np.zeros((0, 2)))


def test_the_mean_of_nothing_is_not_defined(judge: Any) -> None:
    outputs, _ = judge.along(lambda x: raw.Mean(input=x, axis=[0]), np.zeros(0))
    assert outputs[0].item().v is State.UNDEFINED


@pytest.mark.parametrize("op", ["Sum", "Mean", "Prod", "Max", "Min"])
def test_reductions_of_integers(judge: Any, op: str) -> None:
    judge(lambda n: getattr(raw, op)(input=n, axis=[1]), np.array([[3, -4, 2], [-7, 1, 1]], np.int32))


@pytest.mark.parametrize("op", ["All", "Any"])
def test_logical_reductions(judge: Any, op: str) -> None:
    values = np.array([[True, True], [False, True], [False, False]])
    judge(lambda b: getattr(raw, op)(input=b, axis=[1], keep_dims=True), values)
    judge(lambda b: getattr(raw, op)(input=b, axis=[0, 1]), values)


@pytest.mark.parametrize(
    ("op", "values", "result"),
    [
        ("Any", [True, State.UNDECIDED], True),
        ("Any", [False, State.UNDECIDED], State.UNDECIDED),
        ("All", [False, State.UNDECIDED], False),
        ("All", [True, State.UNDECIDED], State.UNDECIDED),
    ],
)
def test_what_is_undecided_need_not_matter(op: str, values: list[Any], result: Any) -> None:
    node = Node("n", op, dtypes=("bool",))
    assert TABLE[op](Run(TABLE), node, [np.array(values, object), np.array([0])])[0] == result


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("axis", [0, -1])
def test_places_of_extremes(judge: Any, floats: Any, op: str, axis: int) -> None:
    for values in (floats(3, 4), np.round(floats(3, 4)), np.array([[4, 4], [9, 2]], np.int32)):
        judge(lambda x: getattr(raw, op)(input=x, dimension=axis, output_type=tf.int32), values)


@pytest.mark.parametrize("k", [1, 3, 5, 0])
def test_the_largest(judge: Any, floats: Any, k: int) -> None:
    judge(lambda x: raw.TopKV2(input=x, k=k), floats(2, 5))
    judge(lambda x: raw.TopKV2(input=x, k=k), np.array([3, 1, 3, 2, 3], np.int32))
    judge(lambda x: raw.TopKV2(input=x, k=k), np.array([3.0, 1.0, 3.0, 2.0, 3.0]), smooth=False)


def test_l2_loss(judge: Any, floats: Any) -> None:
    judge(lambda x: raw.L2Loss(t=x), floats(2, 3))


@pytest.mark.parametrize("op", ["Cumsum", "Cumprod", "CumulativeLogsumexp"])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_running_results(judge: Any, floats: Any, op: str, exclusive: bool, reverse: bool) -> None:
    for axis in (0, -2):
        judge(lambda x, a=axis: getattr(raw, op)(x=x, axis=a, exclusive=exclusive, reverse=reverse), floats(3, 2, 2))


@pytest.mark.parametrize("op", ["Cumsum", "Cumprod"])
def test_running_results_of_integers(judge: Any, op: str) -> None:
    judge(lambda n: getattr(raw, op)(x=n, axis=0, exclusive=True), np.array([3, 4, 5], np.int32))


def test_a_tie_has_two_sides(judge: Any) -> None:
    def call(x: Any) -> Any:
        return raw.Max(input=raw.Pack(values=[x, 2.0 - x, x - 5.0]), axis=0)

    point = np.array(1.0)
    derivatives = [judge.along(call, point, side=side)[0][0].item().d for side in (1, -1)]
    assert [float(d) for d in derivatives] == [1.0, -1.0]
    assert judge.along(call, point)[1].ties
    assert not judge.along(call, np.array(1.5))[1].ties


def test_the_place_of_an_extreme_jumps_at_a_tie(judge: Any) -> None:
    def call(x: Any) -> Any:
        return raw.ArgMax(input=raw.Pack(values=[2.0 - x, x, x - 1.0]), dimension=0)

    assert [int(judge.along(call, np.array(1.0), side=side)[0][0]) for side in (1, 0, -1)] == [1, 0, 0]
    assert judge.along(call, np.array(1.0))[1].ties


def wide(low: float, high: float) -> Dual:
    return Dual(arb((low + high) / 2, (high - low) / 2), ONE)


def test_extremes_of_wide_enclosures_are_decided_where_they_can_be() -> None:
    def place(*xs: Dual) -> Any:
        node = Node("n", "ArgMax", attributes={"T": "float64"}, dtypes=("int64",))
        return TABLE["ArgMax"](Run(TABLE), node, [np.array(xs, object), np.array(0)])[0].item()

    assert place(wide(0, 2), wide(1, 3)) is State.UNDECIDED
    assert place(wide(0, 2), wide(1, 3), wide(4, 5)) == 2
    assert place(wide(4, 5), wide(0, 2), wide(1, 3)) == 0
    node = Node("n", "Max", dtypes=("float64",))
    result = TABLE["Max"](Run(TABLE), node, [np.array([wide(0, 2), wide(1, 3)], object), np.array([0])])[0].item()
    assert result.v.contains(1.5)
    assert result.v.contains(3)
    assert result.d is State.UNDECIDED


def test_undecided_top() -> None:
    node = Node("n", "TopKV2", dtypes=("float64", "int32"))
    arrays = [np.array([wide(0, 2), wide(4, 5), wide(1, 3)], object), np.array(2)]
    values, indices = TABLE["TopKV2"](Run(TABLE), node, arrays)
    assert indices.tolist() == [1, State.UNDECIDED]
    assert values[1].v is State.UNDECIDED


def test_a_sum_that_holds_what_is_not_defined() -> None:
    node = Node("n", "Sum", dtypes=("float64",))
    total = TABLE["Sum"](Run(TABLE), node, [np.array([Dual(ONE), Dual(State.UNDEFINED)]), np.array([0])])[0].item()
    assert total.v is State.UNDEFINED
