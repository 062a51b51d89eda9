"""Softmax and its kin, against TensorFlow's kernels, and where those overflow."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.truth.duals import State

raw = tf.raw_ops


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4), (3, 1)])
def test_softmax(judge: Any, floats: Any, op: str, shape: tuple[int, ...]) -> None:
    judge(lambda x: getattr(raw, op)(logits=x), floats(*shape))


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_masked_softmax(judge: Any, op: str) -> None:
    judge(lambda x: getattr(raw, op)(logits=x + [0.0, -np.inf, 0.0]), np.array([1.0, 2.0, -1.0]))


def test_cross_entropy(judge: Any, floats: Any) -> None:
    def call(x: Any, y: Any) -> Any:
        return raw.SoftmaxCrossEntropyWithLogits(features=x, labels=y)

    judge(call, floats(2, 3), floats(2, 3, low=0.1, high=0.5, seed=1))
    judge(call, floats(2, 3), floats(1, 3, low=0.1, high=0.5, seed=1))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_sparse_cross_entropy(judge: Any, floats: Any, dtype: Any) -> None:
    labels = np.array([2, 0], dtype)
    judge(lambda x: raw.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=labels), floats(2, 3))


@pytest.mark.parametrize("large", [1e3, 1e30, 1e300, -1e300])
def test_nothing_overflows(judge: Any, large: float) -> None:
    """Far apart, the largest element has all the weight."""
    point = np.array([large, 0.0])
    share = 1.0 if large > 0 else 0.0
    first, second = judge.along(lambda x: raw.Softmax(logits=x), point)[0][0]
    assert [abs(first.v - share) < 1e-15, abs(second.v - 1 + share) < 1e-15] == [True, True]
    logs = judge.along(lambda x: raw.LogSoftmax(logits=x), point)[0][0]
    np.testing.assert_allclose([float(x.v) for x in logs], [min(large, 0.0), min(-large, 0.0)], atol=1e-15)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_elements_that_move_together_stand_still(judge: Any, op: str) -> None:
    (result,), _ = judge.along(lambda x: getattr(raw, op)(logits=x), np.array([0.1, 0.7, 3.0]))
    assert all(x.d.is_zero() for x in result)


@pytest.mark.parametrize("mask", [[-np.inf, -np.inf], [np.inf, 0.0]])
def test_without_a_finite_largest_element_there_is_no_softmax(judge: Any, mask: list[float]) -> None:
    (result,), _ = judge.along(lambda x: raw.Softmax(logits=x + mask), np.array([1.0, 2.0]))
    assert all(x.v is State.UNDEFINED for x in result)


def test_one_label_of_a_softmax_alone_is_certain(judge: Any) -> None:
    (result,), _ = judge.along(lambda x: raw.Softmax(logits=x), np.array([[0.3]]))
    assert result.item().v == 1
    assert result.item().d.is_zero()
