"""Parts of tensors, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node
from gradcheck.truth.duals import State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.ops.arrays import Unshaped
from gradcheck.truth.running import Run, lifted

raw = tf.raw_ops


@pytest.mark.parametrize(
    "call",
    [
        lambda x: raw.Slice(input=x, begin=[0, 1, 1], size=[2, -1, 2]),
        lambda x: x[1],
        lambda x: x[..., 1],
        lambda x: x[:, None, 1:, ::2],
        lambda x: x[-1, ::-1, 3:0:-1],
        lambda x: x[0, 1, 2],
        lambda x: x[:, -2:-1],
        lambda x: x[tf.newaxis, ..., tf.newaxis],
        lambda x: x[5:, :-7:-1, -9:2],
        lambda x: x[:, :, 2:2],
        lambda x: raw.StridedSlice(
            input=x, begin=[1, -1], end=[9, 0], strides=[1, 1], shrink_axis_mask=2, begin_mask=3, end_mask=1
        ),
    ],
)
def test_slices(judge: Any, floats: Any, call: Any) -> None:
    judge(call, floats(2, 3, 4))


@pytest.mark.parametrize(
    "masks",
    [
        {},
        {"begin_mask": 1, "end_mask": 2},
        {"shrink_axis_mask": 1},
        {"ellipsis_mask": 1},
        {"new_axis_mask": 1, "ellipsis_mask": 2},
    ],
)
def test_gradients_and_updates_of_slices(judge: Any, floats: Any, masks: dict[str, int]) -> None:
    where: dict[str, Any] = {"begin": [1, 0], "end": [3, 3], "strides": [1, 2]}

    def piece(x: Any) -> Any:
        return raw.StridedSlice(input=x, **where, **masks) * 3.0

    judge(lambda x: raw.StridedSliceGrad(shape=[3, 4, 2], dy=piece(x), **where, **masks), floats(3, 4, 2))
    judge(lambda x: raw.TensorStridedSliceUpdate(input=x, value=piece(x), **where, **masks), floats(3, 4, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: raw.Gather(params=x, indices=[1, 0, 1]),
        lambda x: raw.GatherV2(params=x, indices=[[2, 0], [1, 1]], axis=1),
        lambda x: raw.GatherV2(params=x, indices=3, axis=-1),
        lambda x: raw.GatherV2(params=x, indices=[[0, 2], [1, 1]], axis=1, batch_dims=1),
        lambda x: raw.GatherV2(params=x, indices=[[0, 2], [1, 1]], axis=2, batch_dims=1),
        lambda x: raw.GatherV2(params=x, indices=[[0, 2, 1], [3, 1, 1]], axis=2, batch_dims=2),
        lambda x: raw.GatherV2(params=x, indices=[[0, 2], [1, 1]], axis=2, batch_dims=-1),
        lambda x: raw.GatherNd(params=x, indices=[[1, 2], [0, 0], [1, 2]]),
        lambda x: raw.GatherNd(params=x, indices=[[[1, 2, 3]], [[0, 0, 1]]]),
        lambda x: raw.GatherNd(params=x, indices=np.zeros((2, 0), np.int32)),
        lambda x: raw.ScatterNd(indices=[[1], [4], [1]], updates=x[0], shape=[5, 4]),
        lambda x: raw.ScatterNd(indices=[[1, 0], [2, 1]], updates=x[:, 0, 0], shape=[3, 2]),
        lambda x: raw.TensorScatterAdd(tensor=x, indices=[[1], [1]], updates=x * x),
        lambda x: raw.TensorScatterSub(tensor=x, indices=[[1, 0], [1, 0]], updates=x[:, 1] * 3.0),
        lambda x: raw.TensorScatterUpdate(tensor=x, indices=[[1, 2], [0, 0]], updates=x[:, 1] * 3.0),
        lambda x: raw.TensorScatterMax(tensor=x, indices=[[1], [1]], updates=-x),
        lambda x: raw.TensorScatterMin(tensor=x, indices=[[1], [1]], updates=-x),
        lambda x: raw.OneHot(indices=[0, 3, -1, 1], depth=3, on_value=x[0, 0, 0], off_value=x[0, 0, 1]),
        lambda x: raw.OneHot(indices=[[0, 2]], depth=3, on_value=x[0, 0, 0], off_value=x[0, 0, 1], axis=0),
        lambda x: raw.OneHot(indices=[[0, 2]], depth=3, on_value=x[0, 0, 0], off_value=x[0, 0, 1], axis=1),
        lambda x: raw.DynamicStitch(indices=[[0, 2], [[1], [2]]], data=[x[0, :2], x[:, :1] * 2.0]),
        lambda x: raw.DynamicPartition(data=x, partitions=[[0, 1, 1], [2, 0, 1]], num_partitions=4),
        lambda x: raw.Where(condition=x > 0.5),
        lambda x: raw.Where(condition=raw.Relu(features=x)),
        lambda x: tf.boolean_mask(x, x > 0.0) * 2.0,
    ],
)
def test_lookups(judge: Any, floats: Any, call: Any) -> None:
    judge(call, floats(2, 3, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda n: raw.ScatterNd(indices=[[0], [0]], updates=[n, 3], shape=[2]),
        lambda n: raw.OneHot(indices=[n, 0], depth=3, on_value=True, off_value=False),
        lambda n: raw.Where(condition=[n, 0, 3]),
        lambda n: raw.GatherV2(params=[4, 5, 6], indices=[n], axis=0),
        lambda n: raw.TensorScatterAdd(tensor=[1, 2], indices=[[0]], updates=[n]),
    ],
)
def test_lookups_of_integers(judge: Any, call: Any) -> None:
    judge(call, np.int32(2))


def looked_up(op: str, *arrays: Any, **attributes: Any) -> list[Any]:
    node = Node("n", op, attributes=attributes, dtypes=("float64",))
    return list(TABLE[op](Run(TABLE), node, list(arrays))[0].ravel())


def test_what_is_looked_up_in_an_undecided_place_is_undecided() -> None:
    params, indices = lifted(np.array([1.0, 2.0])), np.array([State.UNDECIDED, 1], object)
    unknown, known = looked_up("GatherV2", params, indices, np.array(0))
    assert (unknown.v, unknown.d, float(known.v)) == (State.UNDECIDED, State.UNDECIDED, 2.0)
    unknown, known = looked_up("GatherNd", params, indices[:, None])
    assert (unknown.v, float(known.v)) == (State.UNDECIDED, 2.0)
    hot = looked_up("OneHot", indices, np.array(2), *(lifted(np.array(v)) for v in (1.0, 0.0)), axis=-1)
    assert [x.v if isinstance(x.v, State) else float(x.v) for x in hot] == [State.UNDECIDED] * 2 + [0.0, 1.0]
    spread = looked_up("ScatterNd", indices[:, None], params, np.array([3]))
    assert all(x.v is State.UNDECIDED for x in spread)


def test_how_many_places_hold_is_undecided_where_a_condition_is() -> None:
    with pytest.raises(Unshaped):
        looked_up("Where", np.array([True, State.UNDECIDED], object), T="bool")
