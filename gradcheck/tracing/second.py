"""The gradient of a target as a target: second derivatives.

In: a loaded target and the inputs to differentiate by. Out: the target whose outputs are the gradients of the sum of
the first one's outputs, as a training step with a gradient penalty computes them. Where that gradient is not connected
there is nothing to differentiate again.
"""

from dataclasses import replace
from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx

from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.records import LoadedTarget, Tensor
from gradcheck.tracing.layouts import positional


def gradient_of(loaded: LoadedTarget, wrt: tuple[str, ...]) -> LoadedTarget:
    """The first gradients, by the named inputs or by every float one that is no label."""
    call = positional(loaded)
    if loaded.autograph:  # of the user's code alone, which else wraps what is raised here
        call = tf.__internal__.autograph.tf_convert(call, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))
    names = [p.name for p in loaded.parameters]
    wanted = [n for n in names if n in wrt] or [n for n in names if n not in loaded.held]

    def slopes(*tensors: Tensor) -> list[Tensor]:
        watched = [t for n, t in zip(names, tensors, strict=True) if n in wanted and t.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            ys = [y for y in tf.nest.flatten(call(*tensors)) if is_float(y)]
        found = [tf.convert_to_tensor(g) for g in tape.gradient(ys, watched) if g is not None]
        if not found:
            raise CannotCheck(CANNOT_TRACE, f"{loaded.name}: --order 2: its first gradient is None; nothing to check")
        return found

    parameters = tuple(replace(p, keyword_only=False) for p in loaded.parameters)
    return replace(loaded, function=slopes, parameters=parameters, autograph=False)


def is_float(y: Any) -> bool:
    """Whether an output is a tensor of floats."""
    return y is not None and tf.convert_to_tensor(y).dtype.is_floating
