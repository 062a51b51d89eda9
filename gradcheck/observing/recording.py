"""Recording: a step that is run again, with every operation, its tensors and the line that called it.

In: what a step does while it is run once more. Out: which gradient went bad, and all operations up to then. TensorFlow
tells of each operation by a callback, and of each gradient function by the registry's entry point; an
operation within the latter belongs to the gradient of the operation that it is called for.
"""

import contextlib
import linecache
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import backprop, execute
from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable as Variable
from tensorflow.python.util import tf_stack

from gradcheck.frames import is_users
from gradcheck.observing.looks import dense, is_bad
from gradcheck.program import Place
from gradcheck.records import Tensor


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation that was run.

    Attributes:
        kind: its type.
        inputs, outputs: its tensors.
        attributes: names and values, in turn.
        place: the user's line.
        backward: whether it belongs to a gradient.
        forward: in a gradient, the operation whose gradient it is a part of; None where that is not known.
    """

    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    attributes: tuple[Any, ...]
    place: Place | None
    backward: bool
    forward: int | None


@dataclass(frozen=True, eq=False)
class Asked:
    """A gradient that was asked for.

    Attributes:
        target: what was differentiated.
        sources: by what.
        results: the gradients; None where there is none.
        end: how many operations had been run by then.
    """

    target: Any
    sources: tuple[Any, ...]
    results: tuple[Any, ...]
    end: int


@dataclass(eq=False)
class Recorder:
    """What is run, from now on.

    Attributes:
        operations: all of them, in order.
        asked: the gradients that were asked for.
        bad: the first of them that is not finite.
        names: of tensors that were read from variables, by their identity.
        symbolic: whether operations of a graph that is being built are recorded, not those that are run.
        graph: that graph.
    """

    operations: list[Operation] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    bad: Asked | None = None
    names: dict[int, str] = field(default_factory=dict)
    nested: list[int | None] = field(default_factory=list)
    differentiating: int = 0
    makers: dict[int, int] = field(default_factory=dict)
    readers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    symbolic: bool = False
    graph: Any = None
    places: dict[str, int] = field(default_factory=dict)

    def called(  # noqa: PLR0913, PLR0917  (TensorFlow's signature)
        self,
        kind: str | bytes,
        inputs: Sequence[Tensor],
        attributes: Sequence[Any],
        outputs: Sequence[Tensor],
        op_name: str | None = None,
        graph: Any = None,
    ) -> None:
        """TensorFlow's callback."""
        if graph is not self.graph:
            return
        kind = as_text(kind)
        with self.lock:
            backward = bool(self.differentiating)
            forward = self.nested[-1] if self.nested else self.named_forward(op_name)
            here = len(self.operations)
            if op_name is not None:
                self.places[as_text(op_name)] = here
            place = place_of(tf_stack.extract_stack() if graph is None else outputs[0].op.traceback if outputs else ())
            self.operations.append(
                Operation(kind, tuple(inputs), tuple(outputs), tuple(attributes or ()), place, backward, forward)
            )
            for tensor in outputs:
                self.makers[identity(tensor)] = here
            self.readers[signature(kind, inputs)] = here

    def named_forward(self, name: Any) -> int | None:
        """The operation whose gradient one belongs to, by the name that `tf.gradients` gives it."""
        match = TF_GRADIENTS.search(as_text(name)) if name is not None and self.differentiating else None
        return None if match is None else self.places.get(match[1])

    def read(self, tensor: Tensor, name: str) -> None:
        """A variable was read."""
        self.names[identity(tensor)] = name

    def differentiated(self, call: Any, target: Any, sources: Any) -> Any:
        """Ask for a gradient, and look at it; the first bad one is kept."""
        self.differentiating += 1
        try:
            found = call()
        finally:
            self.differentiating -= 1
        flat = tuple(tf.nest.flatten(found))
        asked = Asked(target, tuple(tf.nest.flatten(sources)), flat, len(self.operations))
        self.asked.append(asked)
        if not self.symbolic and self.bad is None and any(is_bad(g) for g in flat):
            self.bad = asked
        return found

    def choose(self, given: Sequence[Tensor]) -> None:
        """The bad gradient that an optimizer's is made of; none where what was made of good ones went bad.

        Others may be bad and masked.
        """
        owners = {identity(dense(g)): asked for asked in self.asked for g in asked.results if is_bad(g)}
        tensor: Tensor | None = next((t for t in given if is_bad(t)), None)
        while tensor is not None:
            if identity(tensor) in owners:
                self.bad = owners[identity(tensor)]
                return
            place = self.makers.get(identity(tensor))
            if place is None:  # it came from outside
                return
            tensor = next((t for t in self.operations[place].inputs if is_bad(t)), None)
        self.bad = None

    def forget(self) -> None:
        """What came before a good update is no part of what goes bad after it."""
        with self.lock:
            for kept in (self.operations, self.asked, self.makers, self.readers):
                kept.clear()
            self.bad = None

    def gradient_function(self, *arguments: Any) -> Any:
        """The registry's entry point, with a note of whose gradient is computed."""
        kind, _, _, inputs, outputs, *_ = arguments
        made = [self.makers.get(identity(t)) for t in outputs or () if t is not None]
        place = next((m for m in made if m is not None), None)
        if place is None and inputs:
            place = self.readers.get(signature(as_text(kind), inputs))
        with self.lock:
            self.nested.append(place)
        try:
            return ORIGINAL(*arguments)
        finally:
            with self.lock:
                self.nested.pop()


TF_GRADIENTS = re.compile(r"(?:^|/)gradients(?:_\d+)?/(.+?)_grad(?:_\d+)?(?=/|$)")

ORIGINAL = backprop._gradient_function


def as_text(name: str | bytes) -> str:
    """What TensorFlow calls something; now and then it hands out bytes."""
    return name.decode() if isinstance(name, bytes) else name


def signature(kind: str, inputs: Sequence[Tensor]) -> tuple[Any, ...]:
    """What tells an operation from others where its outputs are not known."""
    return (kind, *map(identity, inputs))


def identity(tensor: Any) -> int:
    """What TensorFlow calls an eager tensor."""
    return getattr(tensor, "_id", None) or id(tensor)


def place_of(frames: Any) -> Place | None:
    """The user's innermost line of a stack; within a gradient, that of a gradient function of the user's.

    TensorFlow's stacks know the user's line where AutoGraph has made other code of it.
    """
    stack = list(frames or ())
    ours = [i for i, frame in enumerate(stack) if is_gradient(frame)]
    users = [frame for frame in stack[ours[-1] if ours else 0 :] if is_users(frame.filename)]
    if not users:
        return None
    file, line = users[-1].filename, users[-1].lineno
    return Place(file, line, linecache.getline(file, line).strip())


def is_gradient(frame: Any) -> bool:
    """Whether a frame is that of a recorder which asks for a gradient."""
    return bool(frame.name == Recorder.differentiated.__name__ and frame.filename == __file__)


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Within it all that is run eagerly, functions of TensorFlow's included, is told to the recorder."""
    before, executed = tf.config.functions_run_eagerly(), execute.execute
    tf.config.run_functions_eagerly(True)
    pywrap_tfe.TFE_Py_RegisterGradientFunction(recorder.gradient_function)
    op_callbacks.add_op_callback(recorder.called)
    reading = Variable._read_variable_op

    def read(variable: Any, *arguments: Any, **options: Any) -> Tensor:
        tensor = reading(variable, *arguments, **options)
        recorder.read(tensor, variable.name.removesuffix(":0"))
        return tensor

    Variable._read_variable_op = read
    try:
        yield
    finally:
        Variable._read_variable_op = reading
        op_callbacks.remove_op_callback(recorder.called)
        pywrap_tfe.TFE_Py_RegisterGradientFunction(ORIGINAL)
        execute.execute = executed
        tf.config.run_functions_eagerly(before)
