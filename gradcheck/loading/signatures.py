"""The inputs of a callable.

In: a function, `tf.function`, `functools.partial`, concrete function or callable object. Out: one `Argument` for each
argument without a default, in it one `Parameter` a tensor; dtypes and shapes where an `input_signature` declares them.
Only attributes are read, TensorFlow is not imported.
"""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, is_typeddict

from gradcheck.errors import NO_FLOAT_INPUT, NOT_SUPPORTED_YET, CannotCheck
from gradcheck.loading.declarations import Argument, argument, check_inputs, parameters_among
from gradcheck.records import Parameter

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
DTYPES = {"int": "int32", "bool": "bool"}
TEXT = "inputs are tensors of numbers; give it a default or fix it with functools.partial"
UNKNOWN = "nothing says what is in it; declare it with tf.function(input_signature=[{'x': tf.TensorSpec(...)}])"
NOT_DENSE = "ragged and sparse tensors are not supported; wrap the target in a function that takes the dense values"
REFUSED = {
    "str": (NO_FLOAT_INPUT, TEXT),
    **dict.fromkeys(("dict", "Dict", "Mapping"), (NOT_SUPPORTED_YET, UNKNOWN)),
    **dict.fromkeys(("RaggedTensor", "SparseTensor"), (NOT_SUPPORTED_YET, NOT_DENSE)),
}


def parameters_of(target: str, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The inputs of a callable, structures taken apart."""
    return parameters_among(arguments_of(target, function))


def arguments_of(target: str, function: Callable[..., Any]) -> tuple[Argument, ...]:
    """The arguments to pass; raises `CannotCheck` (GC908) where no input is a float and nothing is trained."""
    if getattr(getattr(function, "__call__", None), "input_signature", None):  # noqa: B004
        function = function.__call__  # type: ignore[operator]
    if hasattr(function, "structured_input_signature"):
        arguments = concrete_arguments(target, function)
    else:
        arguments = required_arguments(target, function)
    check_inputs(target, parameters_among(arguments), lambda: has_variables(function))
    return arguments


def has_variables(function: Callable[..., Any]) -> bool:
    """Whether a callable trains variables; a `tf.function` with a signature is traced to find out."""
    if getattr(function, "input_signature", None) is not None:
        try:
            function = function.get_concrete_function()  # type: ignore[attr-defined]
        except Exception:  # tracing will tell
            return True
    owners = (function, getattr(function, "__self__", None))
    return any(len(getattr(owner, "trainable_variables", ())) > 0 for owner in owners)


def required_arguments(target: str, function: Callable[..., Any]) -> tuple[Argument, ...]:
    """The arguments without a default; a lone `*args` counts as one input."""
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise CannotCheck(
            NO_FLOAT_INPUT, f"{target}: its arguments cannot be read; wrap it in a Python function of one tensor"
        ) from None
    specs = declared_specs(function)
    kinds = (*POSITIONAL, inspect.Parameter.KEYWORD_ONLY)
    required = [a for a in arguments if a.default is a.empty and a.kind in kinds]
    if not required and any(a.kind is a.VAR_POSITIONAL for a in arguments):
        several = tuple(argument(target, name, spec) for name, spec in specs.items())
        return several or (Argument("x", Parameter("x")),)
    return tuple(
        argument(target, a.name, specs[a.name], a.kind not in POSITIONAL) if a.name in specs else undeclared(target, a)
        for a in required
    )


def undeclared(target: str, argument: inspect.Parameter) -> Argument:
    """An argument whose annotation alone may tell what it is."""
    keyword_only = argument.kind not in POSITIONAL
    return Argument(argument.name, annotated(target, argument.name, argument.annotation, keyword_only), keyword_only)


def annotated(target: str, name: str, annotation: Any, keyword_only: bool = False) -> Any:
    """A Parameter, or a structure of them where a NamedTuple or a TypedDict is asked for."""
    fields = getattr(annotation, "_fields", None)
    inside = getattr(annotation, "__annotations__", {})
    if fields:
        return annotation(*(annotated(target, f"{name}.{field}", inside.get(field)) for field in fields))
    if is_typeddict(annotation):
        return {key: annotated(target, f"{name}[{key!r}]", kind) for key, kind in inside.items()}
    kind = re.split(r"\[", str(getattr(annotation, "__name__", annotation)))[0].rpartition(".")[2]
    if kind in REFUSED:
        code, message = REFUSED[kind]
        raise CannotCheck(code, f"{target}: {name} is a {kind}, and {message}")
    return Parameter(name, DTYPES.get(kind), keyword_only=keyword_only)


def declared_specs(function: Callable[..., Any]) -> dict[str, Any]:
    """The TensorSpecs of an `input_signature`, by argument; a partial's are those of its function."""
    while isinstance(function, functools.partial):
        function = function.func
    signature = getattr(function, "input_signature", None) or ()
    if not signature:
        return {}
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind in POSITIONAL]
    names += [f"x{i}" for i in range(len(names), len(signature))] if len(signature) > 1 else ["x"]  # of a lone *args
    return dict(zip(names, signature, strict=False))


def concrete_arguments(target: str, function: Any) -> tuple[Argument, ...]:
    """The arguments of a concrete function, constants among them."""
    by_position, by_name = function.structured_input_signature
    kind = getattr(function, "function_type", None)
    names = list(kind.parameters) if kind else [getattr(spec, "name", None) or "" for spec in by_position]
    positional = [
        argument(target, (names[i] if i < len(names) else "") or f"x{i}", spec) for i, spec in enumerate(by_position)
    ]
    return (*positional, *(argument(target, name, spec, True) for name, spec in by_name.items()))
