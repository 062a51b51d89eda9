"""Hooks: TensorFlow's and Keras's entry points, with the watcher told before they are gone into.

In: a watcher. Out: the entry points are replaced, and put back. Nothing is imported here: a module's entry points are
replaced as soon as the user's code has imported it, so that what a script sets before that has its effect.
"""

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gradcheck.imports import when_imported

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
    """A variable's `assign` and the like."""

    @functools.wraps(original)
    def assign(variable: Any, *arguments: Any, **options: Any) -> Any:
        result = original(variable, *arguments, **options)
        watcher = current()
        if watcher is not None:
            watcher.assigned(variable.handle)
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
    """A train function that takes its batches from the iterator by itself."""

    @functools.wraps(function)
    def train_function(iterator: Any) -> Any:
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


TAPE = "tensorflow.python.eager.backprop"
FUNCTION = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
CONCRETE = "tensorflow.python.eager.polymorphic_function.concrete_function"
VARIABLES = "tensorflow.python.ops.resource_variable_ops"
ITERATORS = "tensorflow.python.data.ops.iterator_ops"
ASSIGNMENTS = (
    "assign",
    "assign_add",
    "assign_sub",
    "scatter_sub",
    "scatter_add",
    "scatter_update",
    "scatter_nd_update",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_mul",
    "scatter_div",
    "scatter_min",
    "scatter_max",
    "batch_scatter_update",
)

HOOKS: tuple[tuple[str, str, tuple[str, ...], Wrap], ...] = (
    (TAPE, "GradientTape", ("__enter__",), entering),
    (TAPE, "GradientTape", ("gradient",), differentiating),
    (TAPE, "GradientTape", ("jacobian", "batch_jacobian"), jacobians),
    ("tensorflow", "", ("gradients",), gradients_of),
    (FUNCTION, "Function", ("__call__",), calling),
    (CONCRETE, "ConcreteFunction", ("_call_flat",), executing),
    (ITERATORS, "OwnedIterator", ("_create_iterator",), iterating),
    (ITERATORS, "OwnedIterator", ("_next_internal",), advancing),
    (VARIABLES, "BaseResourceVariable", ASSIGNMENTS, assigning),
    (VARIABLES, "ResourceVariable", ASSIGNMENTS, assigning),  # it has some of its own
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer", ("apply",), applying),
    ("keras.src.optimizers.loss_scale_optimizer", "LossScaleOptimizer", ("apply",), applying),
    ("keras.src.backend.tensorflow.trainer", "TensorFlowTrainer", ("make_train_function",), making),
    ("tensorflow.python.training.optimizer", "Optimizer", ("apply_gradients",), applying_pairs),
    ("tf_keras.src.optimizers.optimizer", "Optimizer", ("apply_gradients",), applying_pairs),
)
"""Module, class or none, names, and what is put in their place."""


class Hooks:
    """All of them.

    Attributes:
        watcher: made when TensorFlow is there; what runs before is not watched.
    """

    def __init__(self, make: Callable[[], "Watcher"]) -> None:
        self.make = make
        self.watcher: Watcher | None = None
        self.undo: list[Callable[[], None]] = []

    def current(self) -> "Watcher | None":
        """The watcher."""
        return self.watcher

    def install(self) -> None:
        """Replace what is there, and the rest when it comes."""
        self.undo.append(when_imported("tensorflow", self.begin))
        for module, owner, names, wrap in HOOKS:
            self.undo.append(when_imported(module, functools.partial(self.put, owner, names, wrap)))

    def begin(self, module: ModuleType) -> None:
        """TensorFlow is there."""
        del module
        self.watcher = self.make()

    def put(self, owner: str, names: tuple[str, ...], wrap: Wrap, module: ModuleType) -> None:
        """Replace the entry points of one class."""
        place = getattr(module, owner, None) if owner else module
        for name in names:
            original = vars(place).get(name) if place is not None else None
            if callable(original):
                setattr(place, name, wrap(self.current, original))
                self.undo.append(functools.partial(setattr, place, name, original))

    def remove(self) -> None:
        """Put all back."""
        self.watcher = None
        while self.undo:
            self.undo.pop()()
