"""Places among sorted numbers, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.truth.duals import State

raw = tf.raw_ops


@pytest.mark.parametrize("op", ["LowerBound", "UpperBound"])
@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_bounds(judge: Any, op: str, dtype: Any) -> None:
    ordered = np.array([[1, 3, 3, 5], [-2, 0, 0, 0]], dtype)
    values = np.array([[0, 3, 4, 6, 5], [-2, -3, 0, 1, 0]], dtype)
    judge(lambda a, x: getattr(raw, op)(sorted_inputs=a, values=x), ordered, values)


def test_buckets(judge: Any) -> None:
    judge(lambda x: raw.Bucketize(input=x, boundaries=[0.0, 1.0, 2.5]), np.array([[-1.0, 0.0, 0.5], [1.0, 2.5, 9.0]]))


def test_a_place_at_a_boundary_that_is_not_decided(judge: Any) -> None:
    (places,), _ = judge.along(
        lambda x: raw.Bucketize(input=raw.Exp(x=raw.Log(x=x)), boundaries=[3.0]), np.array([3.0])
    )
    assert places[0] is State.UNDECIDED
