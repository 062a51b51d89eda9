"""A Keras metric as a function of one batch.

In: a metric. Out: a differentiable function, with the Python text that makes it. A metric adds up in variables, which
no gradient passes; its stateless form computes the same without them.
"""

from collections.abc import Callable
from typing import Any

from gradcheck.errors import NO_FLOAT_INPUT, CannotCheck
from gradcheck.loading.declarations import Argument, parameters_among
from gradcheck.records import Parameter

Made = tuple[Callable[..., Any], tuple[str, ...], str]
STATELESS = "f.stateless_result(f.stateless_update_state([v.value for v in f.variables], {}))"


def metric_call(name: str, metric: Any, arguments: tuple[Argument, ...]) -> Made:
    """The function, lines of Python behind the import, and the call where it is not that of the arguments."""
    made = wrapped(metric) or stateless(metric, len(arguments))
    if not has_gradient(made[0], parameters_among(arguments)):
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{name}: {type(metric).__name__} has no gradient, it counts or compares; name the loss instead",
        )
    return made


def wrapped(metric: Any) -> Made | None:
    """The function that a mean is taken of."""
    function, options = getattr(metric, "_fn", None), getattr(metric, "_fn_kwargs", None) or {}
    if not callable(function):
        return None
    line = "from functools import partial", "f = partial(f._fn, **f._fn_kwargs)"

    def call(*tensors: Any) -> Any:
        return function(*tensors, **options)

    return call, line, ""


def stateless(metric: Any, arguments: int) -> Made:
    """The result after one batch."""
    metric.reset_state()
    zeros = [variable.numpy() for variable in metric.variables]

    def call(*tensors: Any) -> Any:
        return metric.stateless_result(metric.stateless_update_state(zeros, *tensors))

    return call, ("f.reset_state()",), STATELESS.format(", ".join(f"{{{i}}}" for i in range(arguments)))


def has_gradient(function: Callable[..., Any], parameters: tuple[Parameter, ...]) -> bool:
    """Whether a gradient flows to the last input, as far as one call on a small batch tells."""
    import tensorflow as tf

    inputs = [tf.cast(tf.fill([2 if d is None else d for d in p.shape or (2, 3)], 0.25), p.dtype) for p in parameters]
    try:
        with tf.GradientTape() as tape:
            tape.watch(inputs[-1])
            result = function(*inputs)
        return tape.gradient(result, inputs[-1]) is not None
    except Exception:  # it wants other shapes; tracing will tell
        return True
