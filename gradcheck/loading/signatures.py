"""The float inputs of a callable.

In: a function, `tf.function`, `functools.partial` or callable object. Out: one `Parameter` for each argument without a
default; its dtype and shape where an `input_signature` declares them. Only attributes are read, TensorFlow is not
imported.
"""

import inspect
from collections.abc import Callable
from typing import Any

from gradcheck.errors import NO_FLOAT_INPUT, NOT_SUPPORTED_YET, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.records import Parameter

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
NOT_FLOATS = {"int": "an int", "str": "a str", "bool": "a bool"}


def parameters_of(target: str, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The inputs to sweep; raises `CannotCheck` (GC908) where there is none or one is not a float."""
    specs = declared_specs(target, function)
    names = swept_names(target, function) if not hasattr(function, "structured_input_signature") else named(specs)
    parameters = tuple(
        declared(target, parameter, specs[i]) if i < len(specs) else parameter for i, parameter in enumerate(names)
    )
    if not parameters:
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{target}: no input to sweep: it takes no argument without a default; give it a float tensor",
        )
    return parameters


def swept_names(target: str, function: Callable[..., Any]) -> list[Parameter]:
    """The arguments without a default; a lone `*args` counts as one input."""
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise CannotCheck(
            NO_FLOAT_INPUT, f"{target}: its arguments cannot be read; wrap it in a Python function of one tensor"
        ) from None
    kinds = (*POSITIONAL, inspect.Parameter.KEYWORD_ONLY)
    required = [a for a in arguments if a.default is a.empty and a.kind in kinds]
    parameters = [Parameter(a.name, keyword_only=a.kind not in POSITIONAL) for a in required]
    for argument in required:
        refuse_annotation(target, argument)
    if not parameters and any(a.kind is a.VAR_POSITIONAL for a in arguments):
        return [Parameter("x")]
    return parameters


def named(specs: list[Any]) -> list[Parameter]:
    """Inputs of a concrete function, called for its TensorSpecs."""
    return [Parameter(getattr(spec, "name", None) or f"x{i}") for i, spec in enumerate(specs)]


def refuse_annotation(target: str, argument: inspect.Parameter) -> None:
    """A parameter annotated as an int, str or bool is not a float input."""
    annotation = getattr(argument.annotation, "__name__", argument.annotation)
    if annotation in NOT_FLOATS:
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{target}: {argument.name} is {NOT_FLOATS[annotation]}, and only floats are swept;"
            " give it a default or fix it with functools.partial",
        )


def declared_specs(target: str, function: Callable[..., Any]) -> list[Any]:
    """The TensorSpecs of a `tf.function`'s `input_signature` or of a concrete function, in order."""
    signature = getattr(function, "input_signature", None)
    if signature is None:
        structured = getattr(function, "structured_input_signature", None)
        signature = (*structured[0], *structured[1].values()) if structured else ()
    specs: list[Any] = []
    for spec in signature:
        if isinstance(spec, (list, tuple, dict)):
            raise CannotCheck(
                NOT_SUPPORTED_YET, f"{target}: an input is a structure of tensors; tensor targets are not supported yet"
            )
        if hasattr(spec, "dtype") and hasattr(spec, "shape"):
            specs.append(spec)
    return specs


def declared(target: str, parameter: Parameter, spec: Any) -> Parameter:
    """A parameter with the dtype and shape that a TensorSpec declares."""
    dtype = getattr(spec.dtype, "name", str(spec.dtype))
    if dtype not in FORMATS:
        raise CannotCheck(
            NO_FLOAT_INPUT,
            f"{target}: input {parameter.name} is {dtype}, and only {', '.join(FORMATS)} are swept; wrap the function"
            " in one that holds it",
        )
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return Parameter(parameter.name, dtype, shape, parameter.keyword_only)
