"""The inputs of a callable.

In: a function, `tf.function`, `functools.partial`, concrete function or callable object. Out: one `Argument` for each
argument without a default, in it one `Parameter` a tensor; dtypes and shapes where an `input_signature` declares them.
Only attributes are read, TensorFlow is not imported.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import NO_FLOAT_INPUT, NOT_SUPPORTED_YET, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.loading.structures import mapped, parameters_in
from gradcheck.records import Parameter

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
INTEGERS = frozenset({f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)})
DTYPES = {"int": "int32", "bool": "bool"}
RAGGED = {"RaggedTensorSpec": "ragged", "SparseTensorSpec": "sparse"}


@dataclass(frozen=True)
class Argument:
    """One argument of a callable.

    Attributes:
        name: as the function spells it.
        tree: a Parameter, a structure of them, or a constant to be passed.
        keyword_only: whether it must be passed by name.
    """

    name: str
    tree: Any
    keyword_only: bool = False


def parameters_of(target: str, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The inputs of a callable, structures taken apart."""
    return parameters_among(arguments_of(target, function))


def parameters_among(arguments: tuple[Argument, ...]) -> tuple[Parameter, ...]:
    """The parameters of all arguments, in order."""
    return tuple(parameter for argument in arguments for parameter in parameters_in(argument.tree))


def arguments_of(target: str, function: Callable[..., Any]) -> tuple[Argument, ...]:
    """The arguments to pass; raises `CannotCheck` (GC908) where no input is a float and nothing is trained."""
    if hasattr(function, "structured_input_signature"):
        arguments = concrete_arguments(target, function)
    else:
        arguments = required_arguments(target, function)
    check_inputs(target, parameters_among(arguments), lambda: has_variables(function))
    return arguments


def check_inputs(target: str, parameters: tuple[Parameter, ...], trained: Callable[[], bool]) -> None:
    """Refuse a target that has nothing to differentiate by: no float input, and no variable."""
    if any(p.dtype is None or p.dtype in FORMATS for p in parameters) or trained():
        return
    if not parameters:
        message = "no input to sweep: it takes no argument without a default; give it a float tensor"
    else:
        inputs = ", ".join(f"{p.name} is {p.dtype}" for p in parameters[:3])
        message = f"no float input: {inputs}, and only {', '.join(FORMATS)} have a gradient; name a function of floats"
    raise CannotCheck(NO_FLOAT_INPUT, f"{target}: {message}")


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
    """An argument whose annotation alone may tell a dtype."""
    annotation = getattr(argument.annotation, "__name__", argument.annotation)
    if annotation == "str":
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{target}: {argument.name} is a str, and inputs are tensors of numbers; give it a default or fix it with"
            " functools.partial",
        )
    keyword_only = argument.kind not in POSITIONAL
    dtype = DTYPES.get(annotation) if isinstance(annotation, str) else None
    return Argument(argument.name, Parameter(argument.name, dtype, keyword_only=keyword_only), keyword_only)


def declared_specs(function: Callable[..., Any]) -> dict[str, Any]:
    """The TensorSpecs of an `input_signature`, by argument; also of a callable object's and a partial's."""
    while isinstance(function, functools.partial):
        function = function.func
    owner = function if hasattr(function, "input_signature") else getattr(function, "__call__", None)  # noqa: B004
    signature = getattr(owner, "input_signature", None) or ()
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


def argument(target: str, name: str, spec: Any, keyword_only: bool = False) -> Argument:
    """An argument from its declaration: a TensorSpec, a structure of them, or a constant."""

    def leaf(path: str, value: Any) -> Any:
        if not (hasattr(value, "dtype") and hasattr(value, "shape")):
            return value
        return declared(target, Parameter(path, keyword_only=keyword_only and path == name), value)

    return Argument(name, mapped(spec, leaf, name), keyword_only)


def declared(target: str, parameter: Parameter, spec: Any) -> Parameter:
    """A parameter with the dtype and shape that a TensorSpec, or a Keras input, declares."""
    if kind := storage_of(spec):
        raise CannotCheck(
            NOT_SUPPORTED_YET,
            f"{target}: input {parameter.name} is {kind}, and ragged and sparse tensors are not supported;"
            " wrap the target in a function that takes the dense values",
        )
    dtype = getattr(spec.dtype, "name", str(spec.dtype))
    if dtype not in FORMATS and dtype not in INTEGERS and dtype != "bool":
        how = "takes real and imaginary parts" if dtype.startswith("complex") else "holds it"
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{target}: input {parameter.name} is {dtype}, and inputs are floats, integers or truth values;"
            f" wrap the target in a function that {how}",
        )
    return Parameter(parameter.name, dtype, shape_of(spec), parameter.keyword_only)


def storage_of(spec: Any) -> str | None:
    """`ragged`, `sparse`, or None of a dense tensor."""
    flags = [word for word in RAGGED.values() if getattr(spec, word, False) is True]  # Keras inputs
    return flags[0] if flags else RAGGED.get(type(spec).__name__)


def shape_of(spec: Any) -> tuple[int | None, ...] | None:
    """The declared dimensions; None of an unknown rank."""
    if spec.shape is None or getattr(spec.shape, "rank", 0) is None:
        return None
    return tuple(spec.shape)
