"""Load one signature of a SavedModel.

In: its directory and the signature's name. Out: a `LoadedTarget` whose function takes the signature's inputs in order.
Whether the gradient overrides came along is read from saved_model.pb itself: without them, TensorFlow would look the
saved name (`CustomGradient-9`) up among those of this process and could find a stranger's.
"""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from gradcheck.errors import NO_SUCH_ATTRIBUTE, NOT_A_SAVED_MODEL, CannotCheck, one_line
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.declarations import argument, check_inputs, parameters_among
from gradcheck.loading.paste import quoted
from gradcheck.records import LoadedTarget

DEFAULT_SIGNATURE = "serving_default"
LOST = (
    "the model names a custom gradient that was not saved with it (experimental_custom_gradients=False):"
    " only autodiff is shown"
)


def load_signature(target: str, directory: Path, signature: str) -> LoadedTarget:
    """Load `directory` and pick `signature`, or the only one, or `serving_default`."""
    lost = override_lost(target, directory)
    try:
        model = tf.saved_model.load(str(directory))
    except Exception as error:  # a damaged model raises whatever its reader stumbles on
        raise CannotCheck(NOT_A_SAVED_MODEL, unreadable(target, error)) from error
    name = pick(target, list(model.signatures), signature)
    concrete = model.signatures[name]
    specs = sorted(concrete.structured_input_signature[1].items())
    call = Call(one_output(concrete), tuple(argument(target, n, spec, True) for n, spec in specs))
    call.function.model = model  # type: ignore[attr-defined]  # the variables live as long as the model does
    check_inputs(target, parameters_among(call.arguments), lambda: bool(concrete.variables))
    return target_of(
        target,
        call,
        ("import tensorflow as tf", f"f = tf.saved_model.load({quoted(str(directory))}).signatures[{quoted(name)}]"),
        call=call.text + the_output(concrete),
        autograph=False,
        override_lost=lost,
        notes=(LOST,) if lost else (),
        takes_tensors=has_weights(concrete),
    )


def has_weights(concrete: Any) -> bool:
    """Whether a signature reads a variable of several numbers: then it is a network, and no function of a number."""
    return any(variable.shape.num_elements() != 1 for variable in concrete.variables)


def one_output(concrete: Any) -> Callable[..., Any]:
    """The signature as a function of named tensors; a lone output comes without its name."""

    def call(**tensors: Any) -> Any:
        outputs = concrete(**tensors)
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    return call


def the_output(concrete: Any) -> str:
    """What a call's text has behind it to get a lone output."""
    names = list(concrete.structured_outputs)
    return f"[{quoted(names[0])}]" if len(names) == 1 else ""


def pick(target: str, signatures: list[str], wanted: str) -> str:
    """The name of the signature to scan."""
    if wanted in signatures:
        return wanted
    known = ", ".join(signatures) or "none"
    if wanted:
        near = difflib.get_close_matches(wanted, signatures, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has: {known}"
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: no signature {wanted!r}; {hint}")
    if DEFAULT_SIGNATURE in signatures:
        return DEFAULT_SIGNATURE
    if len(signatures) == 1:
        return signatures[0]
    raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: name a signature with {target}:NAME; it has: {known}")


def override_lost(target: str, directory: Path) -> bool:
    """Whether a node names a gradient override whose function is not in the file."""
    proto = saved_model_pb2.SavedModel()
    path = directory / "saved_model.pb"
    if not path.is_file():
        return False  # a .pbtxt model: loading it will tell
    try:
        proto.ParseFromString(path.read_bytes())
    except (DecodeError, OSError) as error:
        raise CannotCheck(NOT_A_SAVED_MODEL, unreadable(target, error)) from error
    for meta in proto.meta_graphs:
        library = meta.graph_def.library
        saved = {entry.registered_op_type for entry in library.registered_gradients}
        nodes = [*meta.graph_def.node, *(node for function in library.function for node in function.node_def)]
        named = {n.attr["_gradient_op_type"].s.decode() for n in nodes if "_gradient_op_type" in n.attr}
        if any(name.startswith("CustomGradient") for name in named - saved):
            return True
    return False


def unreadable(target: str, error: Exception) -> str:
    """One line on a SavedModel that cannot be read."""
    said = f"{type(error).__name__}: {one_line(str(error), 160)}"
    return f"{target}: cannot be loaded as a SavedModel: {said}; save it again"
