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
from gradcheck.records import LoadedTarget, Tensor, TracedTensors
from gradcheck.tracing.layouts import positional


def gradient_of(loaded: LoadedTarget, wrt: tuple[str, ...]) -> LoadedTarget:
    """The first gradients, by the named inputs or by every float one that is no label."""
    call, wanted = positional(loaded), differentiated(loaded, wrt)
    if loaded.autograph:  # of the user's code alone, which else wraps what is raised here
        call = tf.__internal__.autograph.tf_convert(call, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))
    names = [p.name for p in loaded.parameters]

    def slopes(*tensors: Tensor) -> list[Tensor | None]:
        given = dict(zip(names, tensors, strict=True))
        floats = [n for n in wanted if given[n].dtype.is_floating]
        watched = [given[n] for n in floats]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            ys = [y for y in tf.nest.flatten(call(*tensors)) if is_float(y)]
        found = {n: g for n, g in zip(floats, tape.gradient(ys, watched), strict=True) if g is not None}
        if not found:
            raise CannotCheck(CANNOT_TRACE, f"{loaded.name}: --order 2: its first gradient is None; nothing to check")
        return [tf.convert_to_tensor(found[n]) if n in found else None for n in wanted]

    parameters = tuple(replace(p, keyword_only=False) for p in loaded.parameters)
    return replace(loaded, function=slopes, parameters=parameters, autograph=False)


def differentiated(loaded: LoadedTarget, wrt: tuple[str, ...]) -> list[str]:
    """The inputs that the first gradients are by, one each; those that turn out to be no floats have none."""
    names = [p.name for p in loaded.parameters]
    return [n for n in names if n in wrt] or [n for n in names if n not in loaded.held]


def labelled(traced: TracedTensors, wanted: list[str]) -> TracedTensors:
    """The traced first gradients, each output with a name that says what it is by; so far it is its position."""
    return replace(traced, outputs=tuple(f"first gradient by {wanted[int(place)]}" for place in traced.outputs))


def is_float(y: Any) -> bool:
    """Whether an output is a tensor of floats."""
    return y is not None and tf.convert_to_tensor(y).dtype.is_floating
