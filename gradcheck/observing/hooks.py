"""Hooks: TensorFlow's and Keras's entry points, with the watcher told before they are gone into.

In: a watcher. Out: the entry points are replaced, and put back. Nothing is imported here: a module's entry points are
replaced as soon as the user's code has imported it, so that what a script sets before that has its effect.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from gradcheck.imports import when_imported
from gradcheck.observing.wrappers import (
    Wrap,
    advancing,
    advancing_if_any,
    applying,
    applying_pairs,
    assigning,
    calling,
    differentiating,
    entering,
    executing,
    gradients_of,
    iterating,
    jacobians,
    making,
)

if TYPE_CHECKING:
    from gradcheck.observing.watcher import Watcher

TAPE = "tensorflow.python.eager.backprop"
FUNCTION = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
CONCRETE = "tensorflow.python.eager.polymorphic_function.concrete_function"
VARIABLES = "tensorflow.python.ops.gen_resource_variable_ops"
ITERATORS = "tensorflow.python.data.ops.iterator_ops"
ASSIGNMENTS = (
    "assign_variable_op",
    "assign_add_variable_op",
    "assign_sub_variable_op",
    *(f"resource_scatter_{how}" for how in ("add", "div", "max", "min", "mul", "sub", "update")),
)
NESTED = tuple(f"resource_scatter_nd_{how}" for how in ("add", "max", "min", "sub", "update"))

HOOKS: tuple[tuple[str, str, tuple[str, ...], Wrap], ...] = (
    (TAPE, "GradientTape", ("__enter__",), entering),
    (TAPE, "GradientTape", ("gradient",), differentiating),
    (TAPE, "GradientTape", ("jacobian", "batch_jacobian"), jacobians),
    ("tensorflow", "", ("gradients",), gradients_of),
    (FUNCTION, "Function", ("__call__",), calling),
    (CONCRETE, "ConcreteFunction", ("_call_flat",), executing),
    (ITERATORS, "OwnedIterator", ("_create_iterator",), iterating),
    (ITERATORS, "OwnedIterator", ("_next_internal",), advancing),
    (ITERATORS, "OwnedIterator", ("get_next_as_optional",), advancing_if_any),
    (VARIABLES, "", ASSIGNMENTS, assigning),
    ("tensorflow.python.ops.gen_state_ops", "", NESTED, assigning),
    ("tensorflow.python.ops.gen_array_ops", "", ("resource_strided_slice_assign",), assigning),
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
