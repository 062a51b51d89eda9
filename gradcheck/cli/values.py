"""What is typed, taken as it is where there is nothing to convert.

In: a command's parameters. Out: the same, which ask typer for a value's conversion only where it makes a difference.
typer imports pydantic for every value that it converts, and for those that were not given too: 0.1 s, a third of what a
cached scan takes. A text is what was typed, a path that can be read is that path; numbers, and all mistakes, are
typer's.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

Process = Callable[[Any, Any], Any]

TEXTS = (str, str | None, list[str], list[str] | None)
PATHS = (Path, Path | None, list[Path], list[Path] | None)
"""Types of parameters, as commands declare them."""


def spare(params: list[Any], annotations: Mapping[str, Any]) -> None:
    """Change the parameters of a command, once; `annotations` are those of its function."""
    for param in (p for p in params if "process_value" not in vars(p)):
        param.process_value = spared(param, param.process_value, declared(annotations.get(param.name)))


def declared(annotation: Any) -> Any:
    """The type in `Annotated[type, option]`."""
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def spared(param: Any, process: Process, kind: Any) -> Process:
    """A parameter's `process_value`, from the context and a value to the value."""
    several = param.nargs == -1 or getattr(param, "multiple", False)

    def processed(ctx: Any, value: Any) -> Any:
        if value is None and not param.required:
            nothing = () if several else None
            return param.callback(ctx, param, nothing) if param.callback else nothing
        values = list(value) if several and value is not None else [value]
        if not values or param.callback or not all(isinstance(v, str) for v in values):
            return process(ctx, value)
        if kind in TEXTS:
            return values if several else value
        if kind in PATHS and all(os.access(v, os.R_OK) or not os.path.lexists(v) for v in values):
            return [Path(v) for v in values] if several else Path(value)
        return process(ctx, value)

    return processed
