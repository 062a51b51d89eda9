"""One element of each tensor: what a sentence about a tensor target is about.

In: what TensorFlow computed at a point, and the node in which a bad value is born. Out: the same observation with one
number a tensor: the element at the place of the first bad one where shapes allow, else the first that is not finite,
else the first of all. Sentences and traps then read tensors as they read numbers.
"""

import numpy as np

from gradcheck.program import Array, Node, Observation, Program


def focus(program: Program, seen: Observation, place: int) -> Observation:
    """An observation [1] a tensor, about the bad element of a node."""
    node = program.nodes[place]
    shape, index = spot(seen, place, node)
    return {ref: np.array([chosen(array, shape, index)]) for ref, array in seen.items() if array.size}


def spot(seen: Observation, place: int, node: Node) -> tuple[tuple[int, ...], int]:
    """Shape of the tensor in which the bad element stands, and its flat index in it."""
    for array in [seen.get((place, 0)), *(seen.get(ref) for ref in node.inputs)]:
        if array is not None and array.size and not np.isfinite(array).all():
            return array.shape, int(np.argmin(np.isfinite(array.ravel())))
    array = seen.get((place, 0))
    return (() if array is None else array.shape), 0


def chosen(array: Array, shape: tuple[int, ...], index: int) -> float:
    """The element of a tensor that belongs to the bad one."""
    flat = array.ravel()
    if array.shape == shape and index < array.size:
        return float(flat[index])
    odd = ~np.isfinite(flat)
    if odd.any():
        return float(flat[np.argmax(odd)])
    if 0 < array.ndim <= len(shape) and np.prod(shape) > 0:
        try:
            return float(np.broadcast_to(array, shape).ravel()[index])
        except ValueError:
            pass
    zero = flat == 0  # a divisor, a norm: what is 0 is what matters
    return float(flat[np.argmax(zero)] if zero.any() else flat[0])
