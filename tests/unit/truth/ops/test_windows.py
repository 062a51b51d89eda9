"""Convolutions and pooling, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node
from gradcheck.truth.duals import ONE, Dual, State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import Run, lifted

raw = tf.raw_ops
SETTINGS: list[dict[str, Any]] = [
    {"strides": [1, 1, 1, 1], "padding": "VALID"},
    {"strides": [1, 2, 2, 1], "padding": "SAME"},
    {"strides": [1, 2, 1, 1], "padding": "SAME"},
    {"strides": [1, 1, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 0, 2, 0, 0]},
]
DILATED: list[dict[str, Any]] = [
    {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 2, 2, 1]},
    {"strides": [1, 1, 1, 1], "padding": "VALID", "dilations": [1, 1, 2, 1]},
]
IMAGE, KERNEL = (2, 5, 4, 2), (3, 2, 2, 3)


@pytest.mark.parametrize("settings", SETTINGS + DILATED)
def test_convolution(judge: Any, floats: Any, settings: dict[str, Any]) -> None:
    judge(lambda x, k: raw.Conv2D(input=x, filter=k, **settings), floats(*IMAGE), floats(*KERNEL))


def test_grouped_convolution(judge: Any, floats: Any) -> None:
    judge(lambda x, k: raw.Conv2D(input=x, filter=k, **SETTINGS[0]), floats(1, 3, 3, 4), floats(2, 2, 2, 6))


@pytest.mark.parametrize("settings", SETTINGS)
def test_backward_convolution(judge: Any, floats: Any, settings: dict[str, Any]) -> None:
    x, k = floats(*IMAGE), floats(*KERNEL)
    shape = raw.Conv2D(input=x, filter=k, **settings).shape

    def by_input(k: Any, dy: Any) -> Any:
        return raw.Conv2DBackpropInput(input_sizes=IMAGE, filter=k, out_backprop=dy, **settings)

    def by_kernel(x: Any, dy: Any) -> Any:
        return raw.Conv2DBackpropFilter(input=x, filter_sizes=KERNEL, out_backprop=dy, **settings)

    judge(by_input, k, floats(*shape))
    judge(by_kernel, x, floats(*shape))


def test_backward_convolution_with_the_places_alone(judge: Any, floats: Any) -> None:
    judge(
        lambda k, dy: raw.Conv2DBackpropInput(input_sizes=IMAGE[1:3], filter=k, out_backprop=dy, **SETTINGS[0]),
        floats(*KERNEL),
        floats(2, 3, 3, 3),
    )


@pytest.mark.parametrize("settings", SETTINGS[:2] + SETTINGS[3:])
def test_depthwise_convolution(judge: Any, floats: Any, settings: dict[str, Any]) -> None:
    x, k = floats(*IMAGE), floats(3, 2, 2, 3)

    def forward(x: Any, k: Any) -> Any:
        return raw.DepthwiseConv2dNative(input=x, filter=k, **settings)

    def by_input(k: Any, dy: Any) -> Any:
        return raw.DepthwiseConv2dNativeBackpropInput(input_sizes=IMAGE, filter=k, out_backprop=dy, **settings)

    def by_kernel(x: Any, dy: Any) -> Any:
        return raw.DepthwiseConv2dNativeBackpropFilter(input=x, filter_sizes=[3, 2, 2, 3], out_backprop=dy, **settings)

    shape = forward(x, k).shape
    judge(forward, x, k)
    judge(by_input, k, floats(*shape))
    judge(by_kernel, x, floats(*shape))


def test_three_axes(judge: Any, floats: Any) -> None:
    settings: dict[str, Any] = {"strides": [1, 1, 2, 1, 1], "padding": "SAME"}
    sizes: dict[str, Any] = {"ksize": [1, 2, 2, 1, 1], **settings}
    x = floats(1, 2, 3, 2, 2)
    judge(lambda x, k: raw.Conv3D(input=x, filter=k, **settings), x, floats(2, 1, 2, 2, 3))
    judge(lambda x: raw.AvgPool3D(input=tf.cast(x, tf.float32), **sizes), x, tolerance=1e-6)
    judge(lambda x: raw.MaxPool3D(input=tf.cast(x, tf.float32), **sizes), x, tolerance=1e-6)


def test_channels_first_is_the_same_with_axes_moved(floats: Any) -> None:
    """No kernel of a CPU computes it."""
    x, k = floats(1, 4, 3, 2), floats(2, 2, 2, 3)
    first: dict[str, Any] = {"strides": [1, 1, 2, 1], "padding": "SAME", "data_format": "NCHW"}
    node = Node("n", "Conv2D", attributes=first, dtypes=("float64",))
    result = TABLE["Conv2D"](Run(TABLE), node, [lifted(np.moveaxis(x, -1, 1)), lifted(k)])[0]
    expected = raw.Conv2D(input=x, filter=k, strides=[1, 2, 1, 1], padding="SAME").numpy()
    numbers = np.array([float(v.v) for v in np.moveaxis(result, 1, -1).ravel()]).reshape(expected.shape)
    np.testing.assert_allclose(numbers, expected)


@pytest.mark.parametrize("settings", SETTINGS[:3])
@pytest.mark.parametrize("ksize", [[1, 2, 3, 1], [1, 3, 2, 1]])
def test_pooling(judge: Any, floats: Any, settings: dict[str, Any], ksize: list[int]) -> None:
    x, settings = floats(*IMAGE), {"ksize": ksize, **settings}
    judge(lambda x: raw.MaxPool(input=x, **settings), x)
    judge(lambda x: raw.AvgPool(value=x, **settings), x)
    y = raw.MaxPool(input=x, **settings).numpy()
    dy = floats(*y.shape, seed=5)
    judge(lambda x, dy: raw.MaxPoolGrad(orig_input=x, orig_output=y, grad=dy, **settings), x, dy)
    judge(lambda dy: raw.AvgPoolGrad(orig_input_shape=IMAGE, grad=dy, **settings), dy)


def test_the_gradient_of_equal_numbers_goes_to_the_first(judge: Any) -> None:
    sizes: dict[str, Any] = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "padding": "VALID"}
    x = np.array([[1.0, 2.0, 2.0], [2.0, 1.0, 2.0]]).reshape(1, 2, 3, 1)
    y, dy = np.full((1, 1, 2, 1), 2.0), np.array([3.0, 5.0]).reshape(1, 1, 2, 1)
    judge(lambda x, dy: raw.MaxPoolGrad(orig_input=x, orig_output=y, grad=dy, **sizes), x, dy, smooth=False)


def test_a_window_whose_largest_number_is_undecided() -> None:
    sizes = {"ksize": (1, 1, 2, 1), "strides": (1, 1, 1, 1), "padding": "VALID"}
    node = Node("n", "MaxPoolGrad", attributes=sizes, dtypes=("float64",))
    vague = Dual(ONE / 3, ONE)
    x = np.array([vague, vague, Dual(-ONE, ONE)], object).reshape(1, 1, 3, 1)
    dy = lifted(np.ones((1, 1, 2, 1)))
    result = TABLE["MaxPoolGrad"](Run(TABLE), node, [x, dy, dy])[0].ravel()
    assert [r.v is State.UNDECIDED for r in result[:2]] == [True, True]
    assert result[2].v == 0


def test_a_tie_in_a_window_is_noticed(judge: Any) -> None:
    sizes: dict[str, Any] = {"ksize": [1, 1, 2, 1], "strides": [1, 1, 1, 1], "padding": "VALID"}

    def call(x: Any) -> Any:
        return raw.MaxPool(input=raw.Reshape(tensor=raw.Pack(values=[x, -x]), shape=[1, 1, 2, 1]), **sizes)

    assert judge.along(call, np.array(0.0))[1].ties
    assert [float(judge.along(call, np.array(0.0), side=s)[0][0].item().d) for s in (1, -1)] == [1.0, -1.0]
