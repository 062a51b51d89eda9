"""Declared inputs: TensorSpecs and Keras inputs become parameters.

In: a declaration, which may be a structure. Out: an `Argument` with one `Parameter` a tensor; what cannot be checked,
ragged and sparse tensors, texts and complex numbers, is a `CannotCheck`. Only attributes are read, TensorFlow is not
imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import NO_FLOAT_INPUT, NOT_SUPPORTED_YET, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.loading.structures import mapped, parameters_in
from gradcheck.records import Parameter

INTEGERS = frozenset({f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)})
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


def parameters_among(arguments: tuple[Argument, ...]) -> tuple[Parameter, ...]:
    """The parameters of all arguments, in order."""
    return tuple(parameter for argument in arguments for parameter in parameters_in(argument.tree))


def check_inputs(target: str, parameters: tuple[Parameter, ...], trained: Callable[[], bool]) -> None:
    """Refuse a target that has nothing to differentiate by: no float input, and no variable."""
    if any(p.dtype is None or p.dtype in FORMATS for p in parameters) or trained():
        return
    if not parameters:
        message = "no input to sweep: it takes no argument without a default; give it a float tensor"
        if not target.endswith(")") and ":" in target:
            message += f", or name {target}() if it makes what is to be scanned"
    else:
        inputs = ", ".join(f"{p.name} is {p.dtype}" for p in parameters[:3])
        message = f"no float input: {inputs}, and only {', '.join(FORMATS)} have a gradient; name a function of floats"
    raise CannotCheck(NO_FLOAT_INPUT, f"{target}: {message}")
