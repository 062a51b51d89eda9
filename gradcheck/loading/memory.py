"""Targets that are objects in this process: functions of a notebook, lambdas, Keras objects, `tf.Module`s.

In: the objects, and texts that stand for them. Out: a context in which `loading.load` knows these texts. Principle:
from there on nothing tells them from targets that were imported.
"""

import contextlib
import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from gradcheck.errors import NO_SUCH_ATTRIBUTE, CannotCheck
from gradcheck.records import LoadedTarget

OBJECTS: ContextVar[Mapping[str, Any]] = ContextVar("OBJECTS", default=MappingProxyType({}))
MAIN = "__main__"


@contextlib.contextmanager
def known_as(objects: Mapping[str, Any]) -> Iterator[None]:
    """Within it, and in this thread alone, texts stand for objects."""
    token = OBJECTS.set(objects)
    try:
        yield
    finally:
        OBJECTS.reset(token)


def is_known(text: str) -> bool:
    """Whether a text stands for an object."""
    return text in OBJECTS.get()


def load_object(text: str) -> LoadedTarget:
    """The target that an object makes."""
    from gradcheck.loading.attributes import is_tf_function
    from gradcheck.loading.calls import Call, target_of
    from gradcheck.loading.fresh import forget_conversions
    from gradcheck.loading.keras_objects import is_keras, load_keras
    from gradcheck.loading.signatures import arguments_of

    value = OBJECTS.get()[text]
    if inspect.isclass(value):
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{text}: it is a class; pass a function, or an instance: {text}()")
    if not callable(value):
        own = [name for name in dir(type(value)) if is_tf_function(value, name)]
        instead = f"pass one of its functions: {', '.join(own)}" if own else "pass something callable"
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{text}: it is a {type(value).__name__}, not a function; {instead}")
    forget_conversions()  # the same lines may be another function by now
    paste = paste_lines(value)
    return (
        load_keras(text, value, paste)
        if is_keras(value)
        else target_of(text, Call(value, arguments_of(text, value)), paste)
    )


def name_of(value: Any) -> str:
    """What an object is called: a function as Python prints it, anything else by its class and its own name."""
    while isinstance(value, functools.partial):
        value = value.func
    path = path_of(value)
    if path:
        module = getattr(value, "__module__", None)
        return path if module in (None, MAIN, "builtins") else f"{module}.{path}"
    own = getattr(value, "name", None)
    kind = type(value).__name__
    return f"{kind}({own})" if isinstance(own, str) and own else kind


def path_of(value: Any) -> str:
    """The dotted name of a function inside its module; empty of what has none."""
    found = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return found if isinstance(found, str) else ""


def paste_lines(value: Any) -> tuple[str, ...]:
    """Lines that put an object into the name `f`; none where no name leads to it."""
    from gradcheck.loading.paste import assigned, import_lines

    module, path = getattr(value, "__module__", None), path_of(value)
    found: Any = sys.modules.get(module or "")
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is not value or not path or not module:
        return ()
    return assigned(path) if module == MAIN else import_lines(module, path)
