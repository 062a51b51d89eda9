"""The intermediates of a version's graph, and the values of them that are dangerous.

In: an inlined graph of output and gradient over a block. Out: a `Probe`. An intermediate is dangerous where an
operation that reads it has no finite derivative: `DANGERS`, a table from operation type to argument and values.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from gradcheck.records import Probe, Tensor
from gradcheck.tracing.graphs import wrapped

MAX_INTERMEDIATES = 96
"""Intermediates of one version that are looked at; the first in graph order, dangerous ones before the others."""

ZERO = (0.0,)
UNIT = (-1.0, 1.0)

DANGERS: Mapping[str, Mapping[int, tuple[float, ...]]] = {
    "Abs": {0: ZERO},
    "Acos": {0: UNIT},
    "Acosh": {0: (1.0,)},
    "Asin": {0: UNIT},
    "Atan2": {0: ZERO, 1: ZERO},
    "Atanh": {0: UNIT},
    "BesselK0": {0: ZERO},
    "BesselK0e": {0: ZERO},
    "BesselK1": {0: ZERO},
    "BesselK1e": {0: ZERO},
    "BesselY0": {0: ZERO},
    "BesselY1": {0: ZERO},
    "Betainc": {2: (0.0, 1.0)},
    "Digamma": {0: ZERO},
    "Div": {1: ZERO},
    "DivNoNan": {1: ZERO},
    "Erfinv": {0: UNIT},
    "Expint": {0: ZERO},
    "FloorDiv": {1: ZERO},
    "FloorMod": {1: ZERO},
    "Igamma": {0: ZERO, 1: ZERO},
    "Igammac": {0: ZERO, 1: ZERO},
    "Inv": {0: ZERO},
    "Lgamma": {0: ZERO},
    "Log": {0: ZERO},
    "Log1p": {0: (-1.0,)},
    "Mod": {1: ZERO},
    "MulNoNan": {1: ZERO},
    "Ndtri": {0: (0.0, 1.0)},
    "Polygamma": {1: ZERO},
    "Pow": {0: ZERO},
    "RealDiv": {1: ZERO},
    "Reciprocal": {0: ZERO},
    "ReciprocalGrad": {0: ZERO},
    "Rsqrt": {0: ZERO},
    "RsqrtGrad": {0: ZERO},
    "Spence": {0: (0.0, 1.0)},
    "Sqrt": {0: ZERO},
    "SqrtGrad": {0: ZERO},
    "TruncateDiv": {1: ZERO},
    "TruncateMod": {1: ZERO},
    "Xdivy": {1: ZERO},
    "Xlog1py": {1: (-1.0,)},
    "Xlogy": {1: ZERO},
    "Zeta": {0: (1.0,), 1: ZERO},
}

ALIASES = frozenset({"Identity", "IdentityN", "StopGradient", "Reshape", "Placeholder", "Const", "Fill"})
"""Operations that compute nothing new."""


def probe_of(frozen: Any, block: int) -> Probe | None:
    """A probe of the intermediates of an inlined function that hold one value a point; None where there is none."""
    dangers: dict[str, set[float]] = {}
    tensors: dict[str, Tensor] = {}
    for op in frozen.graph.get_operations():
        for position, values in DANGERS.get(op.type, {}).items():
            argument = resolved(op.inputs[position])
            dangers.setdefault(argument.name, set()).update(values)
            tensors.setdefault(argument.name, argument)
        if op.type not in ALIASES:
            tensors.update({t.name: t for t in op.outputs})
    tensors = {name: t for name, t in tensors.items() if is_pointwise(t, block)}
    names = sorted(tensors, key=lambda name: name not in dangers)[:MAX_INTERMEDIATES]
    if not names:
        return None
    graph_def = frozen.graph.as_graph_def()
    pruned = wrapped(graph_def).prune([t.name for t in frozen.inputs], names)
    specs = [tf.TensorSpec(t.shape, t.dtype) for t in frozen.inputs]
    flat = tf.function(lambda *xs: [tf.reshape(t, [block]) for t in pruned(*xs)], autograph=False)
    return Probe(flat.get_concrete_function(*specs), tuple(tuple(sorted(dangers.get(name, ()))) for name in names))


def resolved(tensor: Tensor) -> Tensor:
    """The tensor behind a chain of identities."""
    while tensor.op.type in ("Identity", "StopGradient") or (tensor.op.type == "IdentityN"):
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def is_pointwise(tensor: Tensor, block: int) -> bool:
    """Whether a tensor holds one float or one truth value a point."""
    real = tensor.dtype.is_floating or tensor.dtype.is_bool
    return bool(real and tensor.shape.num_elements() == block)
