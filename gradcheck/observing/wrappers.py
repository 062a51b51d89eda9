"""What is put in the place of TensorFlow's and Keras's entry points: the watcher is told, then they are gone into.

In: the watcher, as it is found at each call, and an original. Out: a function of the same signature.
"""

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.observing.watcher import Watcher

Current = Callable[[], "Watcher | None"]
Wrap = Callable[[Current, Callable[..., Any]], Callable[..., Any]]


def entering(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """`GradientTape.__enter__`."""

    @functools.wraps(original)
    def enter(tape: Any) -> Any:
        watcher = current()
        if watcher is not None:
            watcher.entered(tape, sys._getframe(1))
        return original(tape)

    return enter


def differentiating(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """`GradientTape.gradient` and `jacobian`."""

    @functools.wraps(original)
    def gradient(tape: Any, target: Any, sources: Any, *arguments: Any, **options: Any) -> Any:
        call = functools.partial(original, tape, target, sources, *arguments, **options)
        watcher = current()
        return watcher.differentiated(tape, call, target, sources) if watcher else call()

    return gradient


def jacobians(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """`GradientTape.jacobian` and `batch_jacobian`, which vectorise what they do; run again they go row by row."""

    @functools.wraps(original)
    def jacobian(tape: Any, target: Any, source: Any, *arguments: Any, **options: Any) -> Any:
        watcher = current()
        if watcher is None:
            return original(tape, target, source, *arguments, **options)
        again = {**options, "experimental_use_pfor": False} if watcher.rerun is not None else options
        call = functools.partial(original, tape, target, source, *arguments, **again)
        return watcher.differentiated(tape, call, target, source)

    return jacobian


def gradients_of(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """`tf.gradients`."""

    @functools.wraps(original)
    def gradients(ys: Any, xs: Any, *arguments: Any, **options: Any) -> Any:
        call = functools.partial(original, ys, xs, *arguments, **options)
        watcher = current()
        return watcher.differentiated(None, call, ys, xs) if watcher else call()

    return gradients


def applying(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """A Keras optimizer's `apply`."""

    @functools.wraps(original)
    def apply(optimizer: Any, grads: Any, trainable_variables: Any = None, **options: Any) -> Any:
        grads = list(grads)
        known = list(trainable_variables) if trainable_variables is not None else None
        call = functools.partial(original, optimizer, grads, known, **options)
        watcher = current()
        return watcher.applied(optimizer, call, grads, known) if watcher else call()

    return apply


def applying_pairs(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """`apply_gradients` of TensorFlow's own and older Keras optimizers."""

    @functools.wraps(original)
    def apply_gradients(optimizer: Any, grads_and_vars: Any, *arguments: Any, **options: Any) -> Any:
        pairs = list(grads_and_vars)
        call = functools.partial(original, optimizer, pairs, *arguments, **options)
        watcher = current()
        return watcher.applied(optimizer, call, [g for g, _ in pairs], [v for _, v in pairs]) if watcher else call()

    return apply_gradients


def calling(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """A `tf.function`'s `__call__`."""

    @functools.wraps(original)
    def call(function: Any, *arguments: Any, **options: Any) -> Any:
        watcher = current()
        if watcher is None:
            return original(function, *arguments, **options)
        run = functools.partial(original, function, *arguments, **options)
        return watcher.called(run, Named(function, arguments, options))

    return call


class Named:
    """The names of a function's arguments, found when they are asked for."""

    def __init__(self, function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.function, self.arguments, self.options = function, arguments, options

    def items(self) -> Any:
        """Name and value of each argument."""
        import inspect

        try:
            bound = inspect.signature(self.function.python_function).bind(*self.arguments, **self.options)
        except (TypeError, ValueError):
            return {f"argument {i}": value for i, value in enumerate(self.arguments)}.items()
        return bound.arguments.items()

    def written(self) -> Any:
        """Call the Python function itself, its control flow converted as it was when it was traced."""
        import tensorflow as tf
        from tensorflow.python.autograph.core import ag_ctx

        python = self.function.python_function
        if getattr(self.function, "_autograph", True):
            python = tf.__internal__.autograph.tf_convert(python, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))
        return python(*self.arguments, **self.options)


def executing(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """A traced function's execution."""

    @functools.wraps(original)
    def execute(concrete: Any, tensor_inputs: Any, captured_inputs: Any) -> Any:
        watcher = current()
        if watcher is None:
            return original(concrete, tensor_inputs, captured_inputs)
        return watcher.executed(concrete, original, tensor_inputs, captured_inputs)

    return execute


def assigning(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that changes a variable; its first argument is the handle."""

    @functools.wraps(original)
    def assign(*arguments: Any, **options: Any) -> Any:
        watcher = current()
        if watcher is None:
            return original(*arguments, **options)
        handle = arguments[0] if arguments else options.get("resource")
        watcher.assigns(handle)
        result = original(*arguments, **options)
        watcher.assigned(handle)
        return result

    return assign


def iterating(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """How an iterator is made."""

    @functools.wraps(original)
    def create(iterator: Any, *arguments: Any, **options: Any) -> Any:
        original(iterator, *arguments, **options)
        watcher = current()
        if watcher is not None:
            watcher.feeds.created(iterator)

    return create


def advancing(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """How an iterator's next element is taken: in a step that is run again, it is the one that it took then."""

    @functools.wraps(original)
    def following(iterator: Any) -> Any:
        watcher = current()
        kept = watcher.feeds.next(iterator) if watcher is not None else []
        return kept[0] if kept else original(iterator)

    return following


def advancing_if_any(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """How an iterator's next element, or none, is taken; in a step that is run again in the same way."""

    @functools.wraps(original)
    def following(iterator: Any) -> Any:
        import tensorflow as tf

        watcher = current()
        try:
            kept = watcher.feeds.next(iterator) if watcher is not None else []
        except tf.errors.OutOfRangeError:
            return tf.experimental.Optional.empty(iterator.element_spec)
        return tf.experimental.Optional.from_value(kept[0]) if kept else original(iterator)

    return following


def making(current: Current, original: Callable[..., Any]) -> Callable[..., Any]:
    """How Keras makes the function of `fit`: batches come into it from outside, so that they are known."""

    @functools.wraps(original)
    def make_train_function(model: Any, force: bool = False) -> Any:
        made = original(model, force)
        function = model.train_function
        if current() is not None and function is not None and not getattr(function, "_gradcheck", False):
            model.train_function = fed(function, model)
        return made

    return make_train_function


def fed(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """A train function that takes the batches of several replicas from the iterator by itself."""
    import tensorflow as tf

    @functools.wraps(function)
    def train_function(iterator: Any) -> Any:
        if isinstance(iterator, tf.data.Iterator):  # the graph takes from it, and a feed stands in for it
            return function(iterator)
        batches = []
        for _ in range(model.steps_per_execution):
            try:
                batches.append(next(iterator))
            except StopIteration:
                break
        if not batches:
            raise StopIteration
        return function(batches)

    train_function._gradcheck = True  # type: ignore[attr-defined]
    return train_function
