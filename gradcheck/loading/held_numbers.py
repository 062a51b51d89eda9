"""Arguments that are Python numbers, held.

In: a loaded target and values by name. Out: the target with those of its arguments that are annotated `int` or `bool`
bound to numbers: `def power(x, n: int)` may need n for a shape, a range or a list, where no tensor does.
"""

import inspect
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.records import LoadedTarget

KINDS = ("int", "bool")


def with_numbers(loaded: LoadedTarget, values: Mapping[str, str], tensors: Collection[str] = ()) -> LoadedTarget:
    """The target of its other arguments; `tensors` are names of arguments that are none, whatever they are annotated.

    Raises `CannotCheck` (GC907) where a value is no number of its kind.
    """
    kinds = annotated_numbers(loaded)
    bound = {n: number(loaded.name, n, text, kinds[n]) for n, text in values.items() if n in kinds and n not in tensors}
    if not bound:
        return loaded
    names = [p.name for p in loaded.parameters]
    first = min(names.index(name) for name in bound)
    rest = [(k, p) for k, p in enumerate(loaded.parameters) if p.name not in bound]
    places = {k: f"{{{place}}}" for place, (k, _) in enumerate(rest)}
    texts = [places.get(k, repr(bound.get(name))) for k, name in enumerate(names)]
    return replace(
        loaded,
        function=partial(loaded.function, **bound),
        parameters=tuple(replace(p, keyword_only=p.keyword_only or k > first) for k, p in rest),
        call=re.sub(r"\{(\d+)\}", lambda found: texts[int(found[1])], loaded.call),
    )


def annotated_numbers(loaded: LoadedTarget) -> dict[str, str]:
    """The arguments, by name, that are annotated as Python numbers and may be passed by name."""
    try:
        arguments = inspect.signature(loaded.function).parameters
    except (TypeError, ValueError):
        return {}
    plain = {p.name for p in loaded.parameters if p.shape is None}
    kinds = {n: getattr(a.annotation, "__name__", a.annotation) for n, a in arguments.items() if n in plain}
    return {n: k for n, k in kinds.items() if k in KINDS and arguments[n].kind is not inspect.Parameter.POSITIONAL_ONLY}


def number(target: str, name: str, text: str, kind: str) -> int | bool:
    """A held value as a number of its kind."""
    value = float(text)
    if not value.is_integer() or (kind == "bool" and value not in (0, 1)):
        wanted = "0 or 1" if kind == "bool" else "a whole number"
        raise CannotCheck(
            BAD_CONFIGURATION, f"{target}: --hold {name}={text}: {name} is a Python {kind}; write {wanted}"
        )
    return bool(value) if kind == "bool" else int(value)
