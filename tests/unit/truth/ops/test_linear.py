"""Linear algebra, against TensorFlow's kernels."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.truth.duals import State

raw = tf.raw_ops


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
def test_products(judge: Any, floats: Any, a: bool, b: bool) -> None:
    x, y = floats(*((2, 3) if a else (3, 2))), floats(*((4, 2) if b else (2, 4)))
    judge(lambda x, y: raw.MatMul(a=x, b=y, transpose_a=a, transpose_b=b), x, y)
    judge(lambda x, y: raw.BatchMatMul(x=x, y=y, adj_x=a, adj_y=b), np.stack([x, 2 * x]), np.stack([y, y + 1]))
    judge(lambda x, y: raw.BatchMatMulV2(x=x, y=y, adj_x=a, adj_y=b), np.stack([x, 2 * x])[:, None], np.stack([y] * 3))
    judge(lambda x, y: raw.BatchMatMulV3(x=x, y=y, Tout=tf.float64, adj_x=a, adj_y=b), x, np.stack([y] * 2))


def test_products_of_integers_and_of_nothing(judge: Any) -> None:
    judge(lambda x: raw.MatMul(a=x, b=x), np.array([[1, 2], [3, 4]], np.int32))
    judge(lambda x: raw.MatMul(a=x, b=x, transpose_b=True), np.zeros((2, 0)))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("bij,bkj->bik", [(2, 3, 2), (2, 2, 2)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij->i", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii->", [(3, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,i->", [(3,), (3,)]),
        ("...ij,...jk->...ik", [(2, 1, 2, 3), (4, 3, 2)]),
        ("...i->i...", [(2, 3)]),
        ("ijj,jk->ki", [(2, 3, 3), (3, 2)]),
        ("ab,cb->ca", [(2, 3), (4, 3)]),
        ("iji->ij", [(2, 3, 2)]),
    ],
)
def test_sums_over_indices(judge: Any, floats: Any, equation: str, shapes: list[tuple[int, ...]]) -> None:
    judge(lambda *xs: raw.Einsum(inputs=xs, equation=equation), *(floats(*s, seed=i) for i, s in enumerate(shapes)))


@pytest.mark.parametrize(("layout", "shape"), [("NHWC", (2, 4)), ("NHWC", (2, 3, 3, 4)), ("NCHW", (2, 4, 3, 3))])
def test_bias(judge: Any, floats: Any, layout: str, shape: tuple[int, ...]) -> None:
    judge(lambda x, b: raw.BiasAdd(value=x, bias=b, data_format=layout), floats(*shape), floats(4))
    judge(lambda x: raw.BiasAddGrad(out_backprop=x, data_format=layout), floats(*shape))


def test_cross(judge: Any, floats: Any) -> None:
    judge(lambda a, b: raw.Cross(a=a, b=b), floats(2, 3), floats(2, 3, seed=1))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_elimination(judge: Any, floats: Any, n: int) -> None:
    a, b = floats(2, n, n, seed=3), floats(2, n, 2)
    for adjoint in (False, True):
        judge(lambda a, flag=adjoint: raw.MatrixInverse(input=a, adjoint=flag), a)
        judge(lambda a, b, flag=adjoint: raw.MatrixSolve(matrix=a, rhs=b, adjoint=flag), a, b)
        for lower in (False, True):
            judge(
                lambda a, b, flag=adjoint, low=lower: raw.MatrixTriangularSolve(
                    matrix=a, rhs=b, lower=low, adjoint=flag
                ),
                a,
                b,
            )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_determinants(judge: Any, floats: Any, n: int) -> None:
    judge(lambda a: raw.MatrixDeterminant(input=a), floats(2, n, n, seed=3))
    judge(lambda a: raw.LogMatrixDeterminant(input=a), floats(2, n, n, seed=3))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_cholesky(judge: Any, floats: Any, n: int) -> None:
    x = floats(2, n, n)
    judge(lambda a: raw.Cholesky(input=a), x @ x.swapaxes(-1, -2) + np.eye(n))


def first(judge: Any, call: Any, matrix: list[list[float]]) -> Any:
    (result,), _ = judge.along(call, np.array(matrix))
    return result.flat[0]


def test_singular_matrices(judge: Any) -> None:
    singular = [[1.0, 2.0], [2.0, 4.0]]
    assert first(judge, lambda a: raw.MatrixInverse(input=a), singular).v is State.UNDEFINED
    determinant = first(judge, lambda a: raw.MatrixDeterminant(input=a), singular)
    assert determinant.v.is_zero()
    assert determinant.d == 1 + 4 - 2 - 2
    assert first(judge, lambda a: raw.Cholesky(input=a), singular).v is State.UNDEFINED
    assert first(judge, lambda a: raw.Cholesky(input=a), [[-1.0]]).v is State.UNDEFINED


def test_a_pivot_that_may_be_zero_decides_nothing(judge: Any) -> None:
    result = first(judge, lambda a: raw.MatrixInverse(input=raw.Exp(x=raw.Log(x=a)) - a), [[3.0]])
    assert result.v is State.UNDECIDED


def test_tridiagonal_systems(judge: Any, floats: Any) -> None:
    diagonals = floats(2, 3, 4) + np.array([0.0, 6.0, 0.0])[:, None]
    judge(lambda a, b: raw.TridiagonalSolve(diagonals=a, rhs=b), diagonals, floats(2, 4, 2))


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
def test_sparse_products(judge: Any, floats: Any, a: bool, b: bool) -> None:
    places, shape = np.array([[0, 1], [1, 0], [1, 2]]), np.array([2, 3])
    inner = 2 if a else 3

    def call(values: Any, y: Any) -> Any:
        return raw.SparseTensorDenseMatMul(
            a_indices=places, a_values=values, a_shape=shape, b=y, adjoint_a=a, adjoint_b=b
        )

    judge(call, floats(3), floats(*((4, inner) if b else (inner, 4))))
