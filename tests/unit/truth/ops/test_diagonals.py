"""Matrices and their diagonals, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

raw = tf.raw_ops
ALIGNMENTS = ["LEFT_LEFT", "LEFT_RIGHT", "RIGHT_LEFT", "RIGHT_RIGHT"]


@pytest.mark.parametrize("align", ALIGNMENTS)
@pytest.mark.parametrize("k", [0, 1, -2, [0, 0], [-1, 1], [-2, -1], [1, 2], [-2, 3]])
def test_diagonals_of_matrices(judge: Any, floats: Any, k: Any, align: str) -> None:
    judge(lambda x: raw.MatrixDiagPartV3(input=x, k=k, padding_value=x[0, 0, 0], align=align), floats(2, 3, 4))


@pytest.mark.parametrize("align", ALIGNMENTS)
@pytest.mark.parametrize("size", [(-1, -1), (4, -1), (-1, 5), (5, 6)])
@pytest.mark.parametrize("k", [[-1, 1], [0, 2], [-2, 0]])
def test_matrices_of_diagonals(judge: Any, floats: Any, k: Any, size: tuple[int, int], align: str) -> None:
    def call(x: Any) -> Any:
        return raw.MatrixDiagV3(
            diagonal=x, k=k, num_rows=size[0], num_cols=size[1], padding_value=x[0, 0, 0], align=align
        )

    rows, columns = (-1 if n == -1 else n for n in size)
    longest = 3 if -1 in size else min(rows + min(k[1], 0), columns - max(k[0], 0))
    if size in ((4, -1), (-1, 5)):
        longest = 4
    judge(call, floats(2, 3, longest))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: raw.MatrixDiag(diagonal=x[0]),
        lambda x: raw.MatrixDiagPart(input=x),
        lambda x: raw.MatrixDiagPartV2(input=x, k=[-1, 1], padding_value=x[0, 0, 0]),
        lambda x: raw.MatrixDiagV2(diagonal=x[:, 0], k=-1, num_rows=5, num_cols=4, padding_value=x[0, 0, 0]),
        lambda x: raw.MatrixSetDiag(input=x, diagonal=x[:, 1, :3] * 2.0),
        lambda x: raw.MatrixSetDiagV2(input=x, diagonal=x[:, 1, :3] * 2.0, k=1),
        lambda x: raw.MatrixSetDiagV3(input=x, diagonal=x[:, :2, :3] * 2.0, k=[-1, 0], align="RIGHT_LEFT"),
        lambda x: raw.MatrixBandPart(input=x, num_lower=1, num_upper=0),
        lambda x: raw.MatrixBandPart(input=x, num_lower=-1, num_upper=1),
        lambda x: raw.MatrixBandPart(input=x, num_lower=0, num_upper=-1),
        lambda x: raw.Diag(diagonal=x[0]),
        lambda x: raw.DiagPart(input=raw.Diag(diagonal=x[1])),
    ],
)
def test_others(judge: Any, floats: Any, call: Any) -> None:
    judge(call, floats(2, 3, 4))


def test_diagonals_of_integers(judge: Any) -> None:
    judge(lambda n: raw.MatrixBandPart(input=n, num_lower=0, num_upper=1), np.arange(9, dtype=np.int32).reshape(3, 3))
