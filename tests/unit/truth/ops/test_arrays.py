"""Moving numbers about, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node
from gradcheck.truth.duals import State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.ops.arrays import Unshaped
from gradcheck.truth.running import Run

raw = tf.raw_ops


@pytest.mark.parametrize(
    "call",
    [
        lambda x: raw.Reshape(tensor=x, shape=[4, -1]),
        lambda x: raw.Reshape(tensor=x, shape=[-1]),
        lambda x: raw.Transpose(x=x, perm=[2, 0, 1]),
        lambda x: raw.ConjugateTranspose(x=x, perm=[1, 2, 0]),
        lambda x: raw.ExpandDims(input=x, axis=-2),
        lambda x: raw.ExpandDims(input=x, axis=0),
        lambda x: raw.Squeeze(input=raw.Reshape(tensor=x, shape=[1, 6, 1, 4, 1])),
        lambda x: raw.Squeeze(input=raw.Reshape(tensor=x, shape=[1, 6, 1, 4, 1]), axis=[0, -1]),
        lambda x: raw.Concat(concat_dim=1, values=[x, x * 2.0, x[:, :1]]),
        lambda x: raw.ConcatV2(values=[x, x * 2.0], axis=-1),
        lambda x: raw.Split(axis=1, value=x, num_split=3),
        lambda x: raw.Split(axis=-1, value=x, num_split=2),
        lambda x: raw.SplitV(value=x, size_splits=[1, -1, 2], axis=2, num_split=3),
        lambda x: raw.SplitV(value=x, size_splits=[2, 1], axis=1, num_split=2),
        lambda x: raw.SplitV(value=x, size_splits=[0, -1, 3], axis=-1, num_split=3),
        lambda x: raw.Pack(values=[x, -x], axis=0),
        lambda x: raw.Pack(values=[x, -x, x], axis=-1),
        lambda x: raw.Unpack(value=x, num=3, axis=1),
        lambda x: raw.Unpack(value=x[0, 0], num=4),
        lambda x: raw.Pad(input=x, paddings=[[1, 0], [0, 0], [2, 3]]),
        lambda x: raw.PadV2(input=x, paddings=[[0, 1], [1, 0], [0, 2]], constant_values=x[0, 0, 0]),
        lambda x: raw.MirrorPad(input=x, paddings=[[1, 1], [2, 0], [0, 3]], mode="REFLECT"),
        lambda x: raw.MirrorPad(input=x, paddings=[[2, 0], [1, 3], [4, 1]], mode="SYMMETRIC"),
        lambda x: raw.MirrorPadGrad(input=x, paddings=[[0, 0], [1, 0], [0, 1]], mode="REFLECT"),
        lambda x: raw.MirrorPadGrad(input=x, paddings=[[0, 0], [0, 1], [1, 1]], mode="SYMMETRIC"),
        lambda x: raw.Tile(input=x, multiples=[2, 1, 3]),
        lambda x: raw.BroadcastTo(input=x, shape=[2, 2, 3, 4]),
        lambda x: raw.BroadcastTo(input=x[:, :1], shape=[2, 5, 4]),
        lambda x: raw.ReverseV2(tensor=x, axis=[0, -1]),
        lambda x: raw.Reverse(tensor=x, dims=[False, True, True]),
        lambda x: raw.Roll(input=x, shift=[1, -2, 1], axis=[0, 2, 2]),
        lambda x: raw.Roll(input=x, shift=2, axis=1),
        lambda x: raw.Fill(dims=[2, 3], value=x[0, 1, 2]),
        lambda x: (raw.ZerosLike(x=x), raw.OnesLike(x=x)),
        lambda x: (raw.Shape(input=x), raw.Size(input=x, out_type=tf.int64), raw.Rank(input=x)),
        lambda x: raw.ShapeN(input=[x, x[0]], out_type=tf.int64),
        lambda x: raw.IdentityN(input=[x, x[0]]),
        lambda x: raw.PlaceholderWithDefault(input=x, shape=x.shape),
        lambda x: raw.LinSpace(start=x[0, 0, 0], stop=x[1, 2, 3], num=5),
        lambda x: raw.LinSpace(start=x[0, 0, 0], stop=x[1, 2, 3], num=2),
        lambda x: raw.LinSpace(start=x[0, 0, 0], stop=x[1, 2, 3], num=1),
        lambda x: raw.Range(start=x[0, 0, 0], limit=x[0, 0, 0] + 3.3, delta=tf.constant(0.5, tf.float64)),
        lambda x: raw.Range(start=x[0, 0, 0], limit=x[0, 0, 0] - 3.3, delta=-abs(x[0, 0, 1]) - 0.2),
    ],
)
def test_moves(judge: Any, floats: Any, call: Any) -> None:
    judge(call, floats(2, 3, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda n: raw.Range(start=n, limit=10, delta=3),
        lambda n: raw.Range(start=10, limit=n, delta=-2),
        lambda n: raw.InvertPermutation(x=[n, 0, 1]),
        lambda n: raw.ConcatOffset(concat_dim=1, shape=[[3, n], [3, 4], [3, 1]]),
        lambda n: raw.Pad(input=[n, 3], paddings=[[1, 2]]),
        lambda n: raw.Tile(input=[n, 3], multiples=[2]),
        lambda n: raw.Pack(values=[n, 3 * n]),
        lambda n: raw.BroadcastArgs(s0=[n, 1, 3], s1=[4, 1]),
        lambda n: raw.BroadcastGradientArgs(s0=[n, 1, 3], s1=[4, 1]),
        lambda n: raw.Unpack(value=[n, 5], num=2),
        lambda n: raw.Empty(shape=[n, 3], dtype=tf.float64, init=True),
    ],
)
def test_moves_of_integers(judge: Any, call: Any) -> None:
    judge(call, np.int32(2))


def test_a_stopped_gradient_does_not_move(judge: Any) -> None:
    outputs, _ = judge.along(lambda x: raw.StopGradient(input=x * 2.0), np.array([1.5]))
    assert (float(outputs[0][0].v), outputs[0][0].d) == (3.0, None)


def test_a_shape_that_is_not_decided_is_no_shape() -> None:
    shape = np.array([State.UNDECIDED, 2], object)
    with pytest.raises(Unshaped):
        TABLE["Reshape"](Run(TABLE), Node("r", "Reshape", dtypes=("float64",)), [np.zeros(4), shape])


def test_a_range_of_an_undecided_length_has_no_shape(judge: Any) -> None:
    with pytest.raises(Unshaped):
        judge.along(lambda x: raw.Range(start=x * 0.0, limit=raw.Exp(x=raw.Log(x=x)), delta=x / x), np.array(3.0))
