"""Summaries: right where they tell something, whatever the block holds."""

import math

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import CLASSES, class_codes
from gradcheck.engine.summaries import UNKNOWN, ZERO, gradient_summary, output_summary, summaries_of
from gradcheck.records import Class

TINY = 1e-45
BLOCKS = [
    [1.0, 2.0, 3.0],
    [-1.0, -2.0, -3e38],
    [-1.0, 1.0, 2.0],
    [0.0, 0.0, 0.0],
    [0.0, -0.0, 0.0],
    [TINY, TINY, TINY],
    [TINY, 0.0, -TINY],
    [0.0, 1.0, 2.0],
    [3e38, 3e38, 3e38],
    [math.inf, math.inf, math.inf],
    [-math.inf, -math.inf, -math.inf],
    [math.inf, -math.inf, math.inf],
    [math.nan, math.nan, math.nan],
    [math.nan, 1.0, 2.0],
    [math.nan, 0.0, math.inf],
    [math.inf, 1.0, 1.0],
    [-math.inf, 0.0, 0.0],
]
SUMMARIES = summaries_of(2.0**-126)


def code_of(block: np.ndarray) -> int:
    """The code of a block of one class, UNKNOWN of several."""
    codes = set(class_codes(block.astype(np.float64)).tolist())
    zeros = {bool(z) for z in block == 0} if codes == {0} else {False}
    return (codes.pop() | ZERO * zeros.pop()) if len(codes) == len(zeros) == 1 else UNKNOWN


@pytest.mark.parametrize("size", [3, 5000])
@pytest.mark.parametrize("kind", list(SUMMARIES))
@pytest.mark.parametrize("values", BLOCKS)
def test_what_a_summary_tells_is_so(values: list[float], kind: str, size: int) -> None:
    block = np.resize(np.array(values, np.float32), size)
    if size > 3:
        block = np.sort(block)  # what is odd stands at the end
    summary = SUMMARIES[kind]
    row = [float(c) for c in tf.function(summary.columns)(tf.constant(block))]
    assert len(row) == summary.width
    (told,) = summary.tells(np.array([row])).tolist()
    wanted = code_of(block)
    if told == UNKNOWN:
        assert kind != "any" or wanted == UNKNOWN
    elif kind == "finite":  # of outputs, whose zeros do not count
        assert wanted & ~ZERO == told or (wanted == UNKNOWN and np.isfinite(block).all())
    else:
        assert told == wanted


@pytest.mark.parametrize("values", BLOCKS[:4] + BLOCKS[8:11] + BLOCKS[12:13])
def test_the_kind_that_a_block_suggests_tells_its_code(values: list[float]) -> None:
    block = tf.constant(values)
    row = np.array([float(c) for c in SUMMARIES["any"].columns(block)])
    (code,) = SUMMARIES["any"].tells(row[None]).tolist()
    for kind in (output_summary(code), gradient_summary(code, row)):
        columns = np.array([[float(c) for c in SUMMARIES[kind].columns(block)]])
        (told,) = SUMMARIES[kind].tells(columns).tolist()
        assert told & ~ZERO == code & ~ZERO or max(abs(v) for v in values) > 1e38  # whose sum overflows


def test_codes_are_those_of_the_engine() -> None:
    assert CLASSES[:4] == (Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF)
    assert len(CLASSES) <= ZERO


def test_what_is_not_known_needs_all_there_is() -> None:
    assert output_summary(UNKNOWN) == gradient_summary(UNKNOWN, np.zeros(5)) == "any"
