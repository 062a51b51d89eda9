"""Rows that belong together, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node
from gradcheck.truth.duals import State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import Run, lifted

raw = tf.raw_ops
KINDS = ["Sum", "Prod", "Max", "Min"]


@pytest.mark.parametrize("kind", [*KINDS, "Mean"])
@pytest.mark.parametrize("ids", [[0, 0, 1, 2], [1, 1, 1, 4]])
def test_segments(judge: Any, floats: Any, kind: str, ids: list[int]) -> None:
    op = getattr(raw, f"Segment{kind}")
    judge(lambda x: op(data=x, segment_ids=ids), floats(4, 2))
    judge(lambda x: op(data=x, segment_ids=ids), np.array([3, -4, 7, 1], np.int32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [[0, 2, 0, 1], [3, -1, 3, 0], [[0, 1], [2, 2], [0, -1], [4, 4]]])
def test_unsorted_segments(judge: Any, floats: Any, kind: str, ids: Any) -> None:
    op = getattr(raw, f"UnsortedSegment{kind}")
    judge(lambda x: op(data=x, segment_ids=ids, num_segments=5), floats(4, 2, 3))
    judge(lambda x: op(data=x, segment_ids=ids, num_segments=5), np.arange(-8, 16, dtype=np.int32).reshape(4, 2, 3))


@pytest.mark.parametrize("kind", ["Max", "Min"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_an_empty_segment_of_a_narrow_dtype(judge: Any, kind: str, dtype: str) -> None:
    op = getattr(raw, f"UnsortedSegment{kind}")
    judge(lambda x: op(data=x, segment_ids=[0], num_segments=2), tf.constant([1.5], dtype))


def test_undecided_segments() -> None:
    node = Node("n", "UnsortedSegmentSum", dtypes=("float64",))
    ids = np.array([0, State.UNDECIDED], object)
    result = TABLE["UnsortedSegmentSum"](Run(TABLE), node, [lifted(np.ones((2, 3))), ids, np.array(2)])[0]
    assert result.shape == (2, 3)
    assert all(x.v is State.UNDECIDED for x in result.flat)


def test_a_tie_in_a_segment_is_noticed(judge: Any) -> None:
    def call(x: Any) -> Any:
        return raw.SegmentMax(data=raw.Pack(values=[x, -x]), segment_ids=[0, 0])

    assert judge.along(call, np.array(0.0))[1].ties
    assert [float(judge.along(call, np.array(0.0), side=s)[0][0][0].d) for s in (1, -1)] == [1.0, -1.0]


@pytest.mark.parametrize("kind", ["Sum", "Mean", "SqrtN"])
def test_segments_of_rows_that_are_looked_up(judge: Any, floats: Any, kind: str) -> None:
    places, ids = [3, 0, 0, 1], [0, 0, 2, 2]
    op, counted = (getattr(raw, f"SparseSegment{kind}{form}") for form in ("", "WithNumSegments"))
    judge(lambda x: op(data=x, indices=places, segment_ids=ids), floats(4, 2))
    judge(lambda x: counted(data=x, indices=places, segment_ids=ids, num_segments=4), floats(4, 2))
