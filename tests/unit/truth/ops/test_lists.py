"""Lists of tensors, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node
from gradcheck.truth.duals import State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.ops.lists import Kept, kept
from gradcheck.truth.running import Run, lifted

raw = tf.raw_ops
KIND: dict[str, Any] = {"element_dtype": tf.float64}


def of(x: Any) -> Any:
    return raw.TensorListFromTensor(tensor=x, element_shape=[-1])


def stack(items: Any) -> Any:
    return raw.TensorListStack(input_handle=items, element_shape=[-1], **KIND)


def item(items: Any, index: int) -> Any:
    return raw.TensorListGetItem(input_handle=items, index=index, element_shape=[-1], **KIND)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: stack(of(x)),
        lambda x: item(of(x), 1),
        lambda x: stack(raw.TensorListSetItem(input_handle=of(x), index=1, item=x[0] * 3.0)),
        lambda x: stack(raw.TensorListPushBack(input_handle=of(x), tensor=x[0] * 3.0)),
        lambda x: raw.TensorListPopBack(input_handle=of(x), element_shape=[-1], **KIND)[1],
        lambda x: stack(raw.TensorListPopBack(input_handle=of(x), element_shape=[-1], **KIND)[0]),
        lambda x: raw.TensorListLength(input_handle=of(x)),
        lambda x: raw.TensorListElementShape(input_handle=of(x), shape_type=tf.int32),
        lambda x: stack(raw.TensorListResize(input_handle=of(x), size=2)),
        lambda x: raw.TensorListLength(input_handle=raw.TensorListResize(input_handle=of(x), size=5)),
        lambda x: raw.TensorListGather(input_handle=of(x), indices=[2, 0, 2], element_shape=[-1], **KIND),
        lambda x: stack(raw.TensorListScatterV2(tensor=x, indices=[2, 0, 1], element_shape=[4], num_elements=-1)),
        lambda x: stack(raw.TensorListScatterIntoExistingList(input_handle=of(x), tensor=x[:1] * 2.0, indices=[1])),
        lambda x: raw.TensorListConcatV2(input_handle=of(x), element_shape=[-1], leading_dims=[], **KIND),
        lambda x: stack(raw.TensorListSplit(tensor=x[0], element_shape=[-1], lengths=[2, 2])),
        lambda x: stack(raw.ZerosLike(x=of(x))),
        lambda x: item(raw.TensorListReserve(element_shape=[4], num_elements=3, **KIND), 1),
        lambda x: item(
            raw.TensorListSetItem(
                input_handle=raw.TensorListReserve(element_shape=-1, num_elements=3, **KIND), index=2, item=x[0]
            ),
            1,
        ),
        lambda x: raw.TensorListStack(
            input_handle=raw.EmptyTensorList(element_shape=[4], max_num_elements=3, **KIND), element_shape=[4], **KIND
        ),
        lambda x: stack(
            raw.TensorListSetItem(input_handle=of(x), index=3, item=x[0], resize_if_index_out_of_bounds=True)
        ),
        lambda x: raw.OptionalGetValue(
            optional=raw.OptionalFromValue(components=[x, x[0]]),
            output_types=[tf.float64, tf.float64],
            output_shapes=[[3, 4], [4]],
        ),
        lambda x: (
            raw.OptionalHasValue(optional=raw.OptionalFromValue(components=[x])),
            raw.OptionalHasValue(optional=raw.OptionalNone()),
        ),
    ],
)
def test_lists(judge: Any, floats: Any, call: Any) -> None:
    judge(call, floats(3, 4))


def test_undecided_places() -> None:
    items = kept(Kept(tuple(lifted(np.array([[1.0], [2.0]]))), "float64", (1,)))
    index, shape = np.array(State.UNDECIDED, object), np.array([1])
    node = Node("n", "TensorListGetItem", dtypes=("float64",))
    (got,) = TABLE["TensorListGetItem"](Run(TABLE), node, [items, index, shape])
    assert [x.v for x in got] == [State.UNDECIDED]
    (changed,) = TABLE["TensorListSetItem"](Run(TABLE), node, [items, index, got])
    assert all(x.item().v is State.UNDECIDED for x in changed.item().items)


def test_sums_of_lists(judge: Any, floats: Any) -> None:
    def call(x: Any) -> Any:
        first = raw.TensorListSetItem(
            input_handle=raw.TensorListReserve(element_shape=[4], num_elements=3, **KIND), index=1, item=x[0]
        )
        return stack(raw.AddN(inputs=[of(x), first, of(x * x)]))

    judge(call, floats(3, 4))
