"""A function of one point as one of a batch of points, vectorised.

In: a function of tensors, and specs of a batch. Out: a ConcreteFunction, or None where TensorFlow has no vectorised
form of an operation, or would crash on it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import tensorflow as tf

from gradcheck.records import Tensor
from gradcheck.tracing.graphs import function_graphs

PRODUCTS = frozenset({"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"})


def vectorise(call: Callable[..., Tensor], specs: list[Any]) -> Any:
    """`call` on every row of a batch at once; the caller runs it once to see that it runs."""

    def rows(*xs: Tensor) -> Tensor:
        return tf.vectorized_map(lambda row: call(*row), tuple(xs), fallback_to_while_loop=False)

    try:
        with quiet():
            concrete = tf.function(rows, autograph=False).get_concrete_function(*specs)
    except Exception:  # no vectorised form: then points are run one by one
        return None
    return None if is_fatal(concrete) else concrete


def is_fatal(concrete: Any) -> bool:
    """Whether a product of many matrices with one that is shared by all is in it, which crashes the process.

    With oneDNN, TensorFlow 2.21 does not survive tf.matmul of [64, 1, 3, 4] and [1, 1, 4, 5].
    """
    graphs = [concrete.graph, *function_graphs(concrete.graph)]
    products = [op for graph in graphs for op in graph.get_operations() if op.type in PRODUCTS]
    return any(shares(*(t.shape for t in op.inputs)) for op in products)


def shares(a: Any, b: Any) -> bool:
    """Whether two stacks of matrices, of two dimensions or more, are not as many."""
    if a.rank is None or b.rank is None or max(a.rank, b.rank) < 4:
        return False
    return bool(prod(d or 0 for d in a[:-2]) != prod(d or 0 for d in b[:-2]))


@contextmanager
def quiet() -> Iterator[None]:
    """TensorFlow tells of kernels that it vectorises as loops, or cannot, which the user did not ask for."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("FATAL")
    try:
        yield
    finally:
        logger.setLevel(level)
