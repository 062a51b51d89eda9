"""Matrices and their diagonals."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.program import Array, Node
from gradcheck.truth.ops.arrays import full, moving, spread
from gradcheck.truth.running import Rule


def diagonals(rows: int, columns: int, k: tuple[int, ...], align: str) -> Iterator[tuple[int, int, int, int]]:
    """(which diagonal from the top, place in the packed row, row, column) of each element of diagonals k."""
    low, high = k[0], k[-1]
    longest = min(rows + min(high, 0), columns - max(low, 0))
    above, below = align.split("_")
    for d in range(high, low - 1, -1):
        length = min(rows + min(d, 0), columns - max(d, 0))
        left = (d >= 0 and above == "LEFT") or (d <= 0 and below == "LEFT")
        start = 0 if left else longest - length
        for i in range(length):
            yield high - d, start + i, i + max(-d, 0), i + max(d, 0)


def alignment(node: Node) -> str:
    """How diagonals that are shorter than the longest one are packed; to the left before there was a choice."""
    return str(node.attributes.get("align") or "LEFT_LEFT")


def packed(values: Array, k: tuple[int, ...]) -> Array:
    """Diagonals with the axis that counts them, which a single one lacks."""
    return values[..., None, :] if k[0] == k[-1] else values


def matrix_of(node: Node, values: Array, k: tuple[int, ...], *shape_and_padding: Any) -> Array:
    """MatrixDiagV2 and V3: a matrix of given diagonals."""
    rows, columns, padding = shape_and_padding
    values = packed(values, k)
    longest = values.shape[-1]
    least = (longest - min(k[-1], 0), longest + max(k[0], 0))
    wanted = (rows[0], columns[0])
    square = (max(least), max(least)) if wanted == (-1, -1) else least
    shape = tuple(s if w == -1 else w for w, s in zip(wanted, square, strict=True))
    result = spread((*values.shape[:-2], *shape), padding, node.dtypes[0])
    return written(result, values, k, alignment(node))


def written(matrix: Array, values: Array, k: tuple[int, ...], align: str) -> Array:
    """A matrix with diagonals replaced, in place."""
    rows, columns = matrix.shape[-2:]
    for d, i, row, column in diagonals(rows, columns, k, align):
        matrix[..., row, column] = values[..., d, i]
    return matrix


def old_matrix_of(node: Node, values: Array) -> Array:
    """MatrixDiag: a square matrix of its main diagonal."""
    return matrix_of(node, values, (0,), (-1,), (-1,), full((), 0, node.dtypes[0]))


def diagonals_of(node: Node, matrix: Array, k: tuple[int, ...], padding: Array) -> Array:
    """MatrixDiagPartV2 and V3: the diagonals of a matrix."""
    rows, columns = matrix.shape[-2:]
    longest = min(rows + min(k[-1], 0), columns - max(k[0], 0))
    result = spread((*matrix.shape[:-2], k[-1] - k[0] + 1, longest), padding, node.dtypes[0])
    for d, i, row, column in diagonals(rows, columns, k, alignment(node)):
        result[..., d, i] = matrix[..., row, column]
    return result[..., 0, :] if k[0] == k[-1] else result


def with_diagonals(node: Node, matrix: Array, values: Array, k: tuple[int, ...] = (0,)) -> Array:
    """MatrixSetDiag and its later forms: the matrix with other diagonals."""
    return written(matrix.copy(), packed(values, k), k, alignment(node))


def band(node: Node, matrix: Array, lower: tuple[int, ...], upper: tuple[int, ...]) -> Array:
    """MatrixBandPart: 0 outside of some diagonals below and above the main one; all of them if negative."""
    below = np.subtract.outer(*(np.arange(n) for n in matrix.shape[-2:]))
    inside = ((lower[0] < 0) | (below <= lower[0])) & ((upper[0] < 0) | (-below <= upper[0]))
    return np.asarray(np.where(inside, matrix, full((), 0, node.dtypes[0])))


def tensor_of(node: Node, values: Array) -> Array:
    """Diag: a tensor of twice the rank."""
    result = full((values.size, values.size), 0, node.dtypes[0])
    result[np.arange(values.size), np.arange(values.size)] = values.ravel()
    return result.reshape(values.shape * 2)


def tensor_diagonal(node: Node, x: Array) -> Array:
    """DiagPart: the elements whose index repeats itself."""
    del node
    half = x.shape[: x.ndim // 2]
    n = int(np.prod(half, dtype=int))
    return np.diagonal(x.reshape(n, n)).reshape(half)


RULES: Mapping[str, Rule] = {
    "Diag": moving(tensor_of),
    "DiagPart": moving(tensor_diagonal),
    "MatrixBandPart": moving(band, 1, 2),
    "MatrixDiag": moving(old_matrix_of),
    "MatrixDiagPart": moving(lambda node, x: np.diagonal(x, 0, -2, -1)),
    "MatrixDiagPartV2": moving(diagonals_of, 1),
    "MatrixDiagPartV3": moving(diagonals_of, 1),
    "MatrixDiagV2": moving(matrix_of, 1, 2, 3),
    "MatrixDiagV3": moving(matrix_of, 1, 2, 3),
    "MatrixSetDiag": moving(with_diagonals),
    "MatrixSetDiagV2": moving(with_diagonals, 2),
    "MatrixSetDiagV3": moving(with_diagonals, 2),
}
