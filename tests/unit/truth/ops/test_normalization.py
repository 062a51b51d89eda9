"""Batch normalization, against TensorFlow's kernels, which compute in float32."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

raw = tf.raw_ops
VERSIONS = ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]


@pytest.fixture
def arrays(floats: Any) -> list[Any]:
    """X, scale, offset, mean, variance."""
    rows = [floats(2, 3, 2, 2), *(floats(2, low=0.5, seed=i) for i in range(4))]
    return [x.astype(np.float32) for x in rows]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("training", [False, True])
def test_normalization(judge: Any, arrays: list[Any], version: str, training: bool) -> None:
    def call(x: Any, *others: Any) -> Any:
        scale, offset, mean, variance = others
        result = getattr(raw, version)(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=0.01, is_training=training
        )
        return result[: 5 if training else 3]  # the kernel leaves the other two as the memory was

    judge(call, *arrays, tolerance=1e-5)


def test_normalization_with_running_averages(judge: Any, arrays: list[Any]) -> None:
    def call(x: Any, *others: Any) -> Any:
        scale, offset, mean, variance = others
        return raw.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, exponential_avg_factor=0.25
        )[:5]

    judge(call, *arrays, tolerance=1e-5)


@pytest.mark.parametrize("version", ["FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"])
@pytest.mark.parametrize("training", [False, True])
def test_its_gradient(judge: Any, arrays: list[Any], floats: Any, version: str, training: bool) -> None:
    x, scale, _, mean, variance = arrays
    if training:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    more = {"reserve_space_3": np.zeros(0, np.float32)} if version.endswith("3") else {}

    def call(dy: Any, x: Any, scale: Any) -> Any:
        return getattr(raw, version)(
            y_backprop=dy,
            x=x,
            scale=scale,
            reserve_space_1=mean,
            reserve_space_2=variance,
            epsilon=0.01,
            is_training=training,
            **more,
        )[:3]

    dy = floats(*x.shape, seed=9).astype(np.float32)
    judge(call, dy, x, scale, tolerance=1e-5)


def test_local_response(judge: Any, arrays: list[Any]) -> None:
    x = np.concatenate(arrays[:1] * 3, -1)
    judge(lambda x: raw.LRN(input=x), x, tolerance=1e-6)
    judge(lambda x: raw.LRN(input=x, depth_radius=1, bias=2.0, alpha=0.25, beta=0.75), x, tolerance=1e-6)
