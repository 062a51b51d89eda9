"""Blocks of places, against TensorFlow's kernels."""

from typing import Any

import pytest
import tensorflow as tf

raw = tf.raw_ops


@pytest.mark.parametrize(
    ("shape", "call"),
    [
        ((2, 4, 3, 2), lambda x: raw.SpaceToBatchND(input=x, block_shape=[2, 3], paddings=[[0, 0], [2, 1]])),
        ((2, 5, 3), lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[1, 0]])),
        ((2, 4, 3), lambda x: raw.SpaceToBatchND(input=x, block_shape=[2, 1], paddings=[[0, 0], [1, 0]])),
        ((12, 2, 3, 2), lambda x: raw.BatchToSpaceND(input=x, block_shape=[2, 3], crops=[[1, 0], [2, 3]])),
        ((4, 2, 3), lambda x: raw.BatchToSpaceND(input=x, block_shape=[2], crops=[[0, 1]])),
        ((1, 4, 2, 3), lambda x: raw.SpaceToBatch(input=x, paddings=[[0, 0], [1, 1]], block_size=2)),
        ((4, 2, 2, 3), lambda x: raw.BatchToSpace(input=x, crops=[[0, 0], [1, 1]], block_size=2)),
        ((2, 4, 6, 3), lambda x: raw.SpaceToDepth(input=x, block_size=2)),
        ((2, 2, 3, 8), lambda x: raw.DepthToSpace(input=x, block_size=2)),
    ],
)
def test_blocks(judge: Any, floats: Any, shape: tuple[int, ...], call: Any) -> None:
    judge(call, floats(*shape))


def test_dilated_depthwise_convolution(judge: Any, floats: Any) -> None:
    """TensorFlow makes it of blocks."""
    judge(
        lambda x, k: tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME", dilations=[2, 2]),
        floats(1, 5, 4, 2),
        floats(2, 3, 2, 1),
    )
