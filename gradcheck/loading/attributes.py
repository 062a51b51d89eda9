"""Find what a dotted text names in a module; parts that end in `()` are called on the way.

In: the module and the text. Out: something callable. User code runs here: whatever it raises becomes a GC902 message
that names the exception and the line.
"""

import difflib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from gradcheck.errors import NO_SUCH_ATTRIBUTE, CannotCheck, one_line
from gradcheck.loading.failures import said

MADE: list[Any] = []
"""What factories made: a method that is a `tf.function` does not keep its object alive."""


def attribute(module: ModuleType, target: str, dotted: str) -> Callable[..., Any]:
    """The callable at `dotted` in `module`."""
    found: Any = module
    for part in dotted.split("."):
        found = got(found, target, part.removesuffix("()"))
        if part.endswith("()"):
            found = made(found, target, part)
            MADE.append(found)
    if inspect.isclass(found):
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE,
            f"{target}: {dotted} is a class; name a function, or an instance that can be called: {target}()",
        )
    if not callable(found):
        raise CannotCheck(NO_SUCH_ATTRIBUTE, not_callable(target, dotted, found))
    return found  # type: ignore[no-any-return]


def got(found: Any, target: str, part: str) -> Any:
    """One attribute of what is found so far."""
    if not part.isidentifier():
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE, f"{target}: {part!r} is no name; write name, name.name or name() without arguments"
        )
    try:
        return getattr(found, part)
    except AttributeError:
        where = getattr(found, "__name__", type(found).__name__)
        near = difflib.get_close_matches(part, dir(found), n=1)
        hint = f"did you mean {near[0]}?" if near else "is it defined under another name?"
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: {where} has no {part!r}; {hint}") from None
    except Exception as error:  # the user's property or module __getattr__
        words = f"{type(error).__name__}: {one_line(str(error), 120)}"
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: asking for {part!r} raised {words}; mend it") from error


def made(factory: Any, target: str, part: str) -> Any:
    """What a factory returns when it is called without arguments."""
    missing = missing_arguments(factory)
    if missing or not callable(factory):
        why = f"needs arguments ({', '.join(missing)})" if missing else f"is a {type(factory).__name__}, not a function"
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE, f"{target}: {part[:-2]} {why}; write a function without arguments that makes the target"
        )
    try:
        return factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE, f"{target}: calling {part} raised {said(error)}; it must work without arguments"
        ) from error


def missing_arguments(factory: Any) -> list[str]:
    """Arguments without which a factory cannot be called, as far as they can be read."""
    try:
        arguments = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return []
    return [a.name for a in arguments if a.default is a.empty and a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)]


def not_callable(target: str, dotted: str, found: Any) -> str:
    """One line on something that cannot be called, and on what can be called in it."""
    functions = [name for name in dir(type(found)) if is_tf_function(found, name)]
    if functions:
        names = ", ".join(f"{target}.{name}" for name in functions)
        return f"{target}: {dotted} is a {type(found).__name__} without __call__; name one of its functions: {names}"
    return f"{target}: {dotted} is a {type(found).__name__}, not a function; name something callable"


def is_tf_function(found: Any, name: str) -> bool:
    """Whether a public attribute of an object's class is a `tf.function`."""
    return not name.startswith("_") and hasattr(getattr(type(found), name, None), "get_concrete_function")
