"""Linear algebra: products of matrices, sums over indices, elimination."""

from collections.abc import Callable, Mapping
from string import ascii_letters

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, Dual, State, lost, state_of
from gradcheck.truth.ops.arithmetic import add, divide, logarithm, multiply, negate, square_root, subtract
from gradcheck.truth.ops.arrays import dims, full, integers, moving, objects
from gradcheck.truth.ops.choices import absolute, sign_of
from gradcheck.truth.ops.reductions import along, dot, total
from gradcheck.truth.running import FLOATS, Rule, Run, each

products = each(multiply, 2)
added = each(add, 2)
subtracted = each(subtract, 2)
negated = each(negate, 1)


def matrix_product(a: Array, b: Array) -> Array:
    """A @ b of duals, over broadcast batches."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left, right = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    result = np.empty((*batch, a.shape[-2], b.shape[-1]), object)
    for place in np.ndindex(batch):
        columns = [list(c) for c in right[place].T]
        entries = [dot(row, column) for row in map(list, left[place]) for column in columns]
        result[place] = objects(entries).reshape(result.shape[-2:])
    return result


def matmul(of_a: str, of_b: str) -> Rule:
    """MatMul and BatchMatMul, by the names of the attributes that transpose."""

    def call(node: Node, a: Array, b: Array) -> Array:
        a = a.swapaxes(-1, -2) if node.attributes.get(of_a) else a
        b = b.swapaxes(-1, -2) if node.attributes.get(of_b) else b
        return matrix_product(a, b) if node.dtypes[0] in FLOATS else np.asarray(a @ b)

    return moving(call)


def einsum(equation: str, *operands: Array) -> Array:
    """The sum of products over the indices of an equation that are not in its result."""
    labels, result, sizes = expanded(equation, operands)
    inner = [c for c in sizes if c not in result]
    every = [*result, *inner]
    shape = [sizes[c] for c in every]
    spread = [np.broadcast_to(aligned(x, names, every), shape) for x, names in zip(operands, labels, strict=True)]
    outer = tuple(sizes[c] for c in result)
    rows = [
        x.reshape(int(np.prod(outer, dtype=int)), int(np.prod([sizes[c] for c in inner], dtype=int))) for x in spread
    ]
    if len(rows) == 1:
        return objects([total(list(x)) for x in rows[0]]).reshape(outer)
    first = rows[0]
    for more in rows[1:-1]:
        first = products(first, more)
    return objects([dot(list(x), list(y)) for x, y in zip(first, rows[-1], strict=True)]).reshape(outer)


def expanded(equation: str, operands: tuple[Array, ...]) -> tuple[list[str], str, dict[str, int]]:
    """The indices of each operand and of the result, dots written out, and the length of each."""
    left, result = equation.replace(" ", "").split("->")
    spare = [c for c in ascii_letters if c not in equation]
    hidden = [x.ndim - len(p.replace("...", "")) for p, x in zip(left.split(","), operands, strict=True)]
    dots = "".join(spare[: max([n for n, p in zip(hidden, left.split(","), strict=True) if "..." in p], default=0)])
    labels = [p.replace("...", dots[len(dots) - n :]) for n, p in zip(hidden, left.split(","), strict=True)]
    sizes: dict[str, int] = {}
    for names, x in zip(labels, operands, strict=True):
        for c, n in zip(names, x.shape, strict=True):
            sizes[c] = n if sizes.get(c, 1) == 1 else sizes[c]
    return labels, result.replace("...", dots), sizes


def aligned(x: Array, names: str, every: list[str]) -> Array:
    """An operand with one axis for every index, its repeated ones on the diagonal."""
    while len(set(names)) < len(names):
        c = next(c for c in names if names.count(c) > 1)
        i, k = names.index(c), names.rindex(c)
        x = np.diagonal(x, 0, i, k)
        names = names[:i] + names[i + 1 : k] + names[k + 1 :] + c
    shape = [x.shape[names.index(c)] if c in names else 1 for c in every]
    return np.asarray(x.transpose([names.index(c) for c in every if c in names]).reshape(shape))


def channels(node: Node, ndim: int) -> int:
    """The axis of the channels."""
    return 1 if str(node.attributes.get("data_format") or "").startswith("NC") else ndim - 1


def bias_add(node: Node, x: Array, bias: Array) -> Array:
    """BiasAdd: a number for each channel."""
    shape = [1] * x.ndim
    shape[channels(node, x.ndim)] = -1
    return added(x, bias.reshape(shape))


def bias_add_grad(node: Node, x: Array) -> Array:
    """BiasAddGrad: the sum over all axes but that of the channels."""
    others = tuple(i for i in range(x.ndim) if i != channels(node, x.ndim))
    return along(x, others, False, lambda xs: total(list(xs)))


def cross(node: Node, a: Array, b: Array) -> Array:
    """Cross: the vector product."""
    del node
    one, two = [1, 2, 0], [2, 0, 1]
    return subtracted(products(a[..., one], b[..., two]), products(a[..., two], b[..., one]))


def each_matrix(call: Callable[..., Array], *xs: Array) -> Array:
    """A function of matrices at each place of a batch."""
    batch = np.broadcast_shapes(*(x.shape[:-2] for x in xs))
    spread = [np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in xs]
    results = [call(*(x[place] for x in spread)) for place in np.ndindex(batch)]
    return np.stack(results).reshape(*batch, *results[0].shape)


def solve(a: Array, b: Array) -> Array:
    """The x of a @ x = b, by elimination with the largest pivot; lost where none is provably other than 0."""
    a, b = a.copy(), b.copy()
    n = len(a)
    for k in range(n):
        best = pivot(a[k:, k])
        if isinstance(best, State):
            return without_solution(a, b, best)
        swap = [*range(k), k + best, *(i for i in range(k, n) if i != k + best)]
        a, b = a[swap], b[swap]
        for x in (b, a):
            x[k] = each(divide, 2)(x[k], a[k, k])
        for i in (i for i in range(n) if i != k):
            b[i], a[i] = (subtracted(x[i], products(a[i, k], x[k])) for x in (b, a))
    return b


def without_solution(a: Array, b: Array, state: State) -> Array:
    """In place of the solution."""
    return each(lambda x: lost(state, x, *a.flat), 1)(b)


def pivot(column: Array) -> int | State:
    """Which number of a column is the largest of those that are provably not 0, or why there is none."""
    state = state_of(*column)
    if state is not None:
        return state
    values: list[arb] = [x.v for x in column]
    usable = [i for i, v in enumerate(values) if v > 0 or v < 0]
    if usable:
        return max(usable, key=lambda i: abs(values[i].mid()))
    return State.UNDEFINED if all(v.is_zero() for v in values) else State.UNDECIDED


def determinant(a: Array) -> Array:
    """The determinant without a division, so that it is exact where it is 0.

    R. S. Bird, "A simple division-free algorithm for computing determinants", Information Processing Letters 111
    (2011).
    """
    n = len(a)
    power = a
    for _ in range(n - 1):
        upper = np.triu(np.ones((n, n), bool), 1)
        factor: Array = np.where(upper, power, full((), 0, "float64"))
        for i in range(n):
            factor[i, i] = negate(total([power[k, k] for k in range(i + 1, n)]))
        power = matrix_product(factor, a)
    result: Dual = power[0, 0] if n else Dual(ONE)
    return objects([result if n % 2 or not n else negate(result)])[:, None]


def log_determinant(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """LogMatrixDeterminant: the sign, and the logarithm of the absolute value."""
    del node
    det = each_matrix(determinant, arrays[0])[..., 0, 0]
    size = each(lambda x: absolute(run, x), 1)(det)
    return [each(lambda x: sign_of(run, x), 1)(det), each(logarithm, 1)(size)]


def identity(n: int) -> Array:
    """The unit matrix."""
    return np.where(np.eye(n, dtype=bool), full((), 1, "float64"), full((), 0, "float64"))


def inverse(node: Node, a: Array) -> Array:
    """MatrixInverse."""
    a = a.swapaxes(-1, -2) if node.attributes.get("adjoint") else a
    return each_matrix(lambda m: solve(m, identity(len(m))), a)


def solution(node: Node, a: Array, b: Array) -> Array:
    """MatrixSolve."""
    return each_matrix(solve, a.swapaxes(-1, -2) if node.attributes.get("adjoint") else a, b)


def triangular_solution(node: Node, a: Array, b: Array) -> Array:
    """MatrixTriangularSolve: only one triangle of the matrix is read."""
    lower = node.attributes.get("lower") is not False
    inside = (np.tril if lower else np.triu)(np.ones(a.shape[-2:], bool))
    return solution(node, np.where(inside, a, full((), 0, "float64")), b)


def tridiagonal_solution(node: Node, diagonals: Array, b: Array) -> Array:
    """TridiagonalSolve: the diagonal above (its last number unread), the main one, and that below (its first)."""
    n = diagonals.shape[-1]
    a = full((*diagonals.shape[:-2], n, n), 0, node.dtypes[0])
    for i in range(n):
        a[..., i, i] = diagonals[..., 1, i]
        if i + 1 < n:
            a[..., i, i + 1], a[..., i + 1, i] = diagonals[..., 0, i], diagonals[..., 2, i + 1]
    return each_matrix(solve, a, b)


def sparse_product(node: Node, *inputs: Array) -> Array:
    """SparseTensorDenseMatMul: a matrix of given numbers at given places, by a dense one."""
    indices, values, shape, b = inputs
    a = full(dims(node, shape), 0, node.dtypes[0])
    for place, value in zip(integers(node, indices), values, strict=True):
        a[tuple(place)] = add(a[tuple(place)], value)
    a = a.T if node.attributes.get("adjoint_a") else a
    return matrix_product(a, b.T if node.attributes.get("adjoint_b") else b)


def cholesky(a: Array) -> Array:
    """The lower triangular L with L @ L.T = a; not defined unless a is positive definite."""
    n = len(a)
    result = full((n, n), 0, "float64")
    for k in range(n):
        for i in range(k, n):
            rest = subtract(a[i, k], dot(list(result[i, :k]), list(result[k, :k])))
            result[i, k] = square_root(rest) if i == k else divide(rest, result[k, k])
        corner: Dual = result[k, k]
        if isinstance(corner.v, arb) and corner.v.is_zero():
            return each(lambda x: lost(State.UNDEFINED, x), 1)(a)
    return result


RULES: Mapping[str, Rule] = {
    "BatchMatMul": matmul("adj_x", "adj_y"),
    "BatchMatMulV2": matmul("adj_x", "adj_y"),
    "BatchMatMulV3": matmul("adj_x", "adj_y"),
    "BiasAdd": moving(bias_add),
    "BiasAddGrad": moving(bias_add_grad),
    "BiasAddV1": moving(bias_add),
    "Cholesky": moving(lambda node, a: each_matrix(cholesky, a)),
    "Cross": moving(cross),
    "Einsum": moving(lambda node, *xs: einsum(node.attributes["equation"], *xs)),
    "LogMatrixDeterminant": log_determinant,
    "MatMul": matmul("transpose_a", "transpose_b"),
    "MatrixDeterminant": moving(lambda node, a: each_matrix(determinant, a)[..., 0, 0]),
    "MatrixInverse": moving(inverse),
    "MatrixSolve": moving(solution),
    "MatrixTriangularSolve": moving(triangular_solution),
    "SparseTensorDenseMatMul": moving(sparse_product),
    "TridiagonalSolve": moving(tridiagonal_solution),
}
