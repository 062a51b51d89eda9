"""A bad training step on disk: its manifest.

In: a `Manifest`. Out: `manifest.json`, and the same read back on another machine. Principle: what does not fit is one
line, never a traceback. The arrays are beside it, see `npz`; nothing heavy is imported to know a saved step.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck, one_line

SCHEMA_VERSION = 1
KIND = "gradcheck-repro"
MANIFEST, BATCH, VARIABLES, OPTIMIZER, MODEL = (
    "manifest.json",
    "batch.npz",
    "variables.npz",
    "optimizer.npz",
    "saved_model",
)


@dataclass(frozen=True)
class Item:
    """A tensor or variable.

    Attributes:
        name: the user's.
        key: of its array in the file, and of an input of the SavedModel.
        dtype: its own; bfloat16 is kept as float32.
        shape: static.
    """

    name: str
    key: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """A line of the user's code, which need not be there any more."""

    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Origin:
    """The cause, as `watch` told it."""

    op: str
    forward_op: str | None
    file: str | None
    line: int | None
    source: str | None
    message: str


@dataclass(frozen=True)
class BadGradient:
    """The gradient of one variable, as an optimizer was given it.

    Attributes:
        variable: its name.
        dtype, shape: of the variable.
        entries: numbers that the gradient holds; of IndexedSlices those of its values.
        nan, inf: how many of them are NaN, and infinite.
    """

    variable: str
    dtype: str
    shape: tuple[int, ...]
    entries: int
    nan: int
    inf: int


@dataclass(frozen=True)
class Manifest:
    """What a repro is of.

    Attributes:
        gradcheck, tensorflow, python: versions that wrote it.
        script, step, optimizer, order, code, mode, loss, variables, gradients: of the finding.
        inputs: of the SavedModel, in order.
        others: tensors of the batch that the loss does not read.
        weights: variables of the step.
        parameters: names of those that the SavedModel holds, in its order.
        wrt: names of the weights and inputs that were differentiated by.
        cause, trap: of the finding.
        lines: the user's line of each operation of the SavedModel, by its name.
        no_graph: why there is no SavedModel; empty where there is one.
        shows: whether the SavedModel's own gradient was bad when it was saved.
        notes: what else is to be known.
    """

    gradcheck: str
    tensorflow: str
    python: str
    script: str
    step: int
    optimizer: str | None
    order: int | None
    code: str
    mode: str
    loss: float | None
    variables: int
    gradients: tuple[BadGradient, ...]
    cause: Origin | None
    trap: str | None
    inputs: tuple[Item, ...] = ()
    others: tuple[Item, ...] = ()
    weights: tuple[Item, ...] = ()
    parameters: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)
    no_graph: str = ""
    shows: bool = False
    notes: tuple[str, ...] = ()


def is_repro(directory: Path) -> bool:
    """Whether a directory is one of ours, by its manifest's name alone."""
    return (directory / MANIFEST).is_file()


def refuse(directory: Path) -> None:
    """Raise `CannotCheck` (GC907) for a directory that holds something else."""
    if directory.exists() and not directory.is_dir():
        raise CannotCheck(BAD_CONFIGURATION, f"--save-repro {directory}: it is a file; name a directory")
    if directory.is_dir() and any(directory.iterdir()) and not is_repro(directory):
        raise CannotCheck(
            BAD_CONFIGURATION, f"--save-repro {directory}: it holds other files; name an empty directory, or a new one"
        )


def written(manifest: Manifest) -> str:
    """The manifest as JSON; a loss that is no number is a word."""
    known = asdict(manifest)
    if manifest.loss is not None and not math.isfinite(manifest.loss):
        known["loss"] = str(manifest.loss)
    return (
        json.dumps({"kind": KIND, "schema_version": SCHEMA_VERSION, **known}, indent=1, allow_nan=False, sort_keys=True)
        + "\n"
    )


def read(directory: Path) -> Manifest:
    """The manifest of a directory; raises `CannotCheck` (GC907)."""
    path = directory / MANIFEST
    try:
        known = json.loads(path.read_text("utf-8"))
        if not isinstance(known, dict) or known.get("kind") != KIND:
            raise wrong(path, "it is not a manifest of gradcheck watch --save-repro")
        if known.get("schema_version") != SCHEMA_VERSION:
            version = one_line(repr(known.get("schema_version")), 20)
            raise wrong(path, f"its schema_version is {version}, and this gradcheck reads {SCHEMA_VERSION}")
        manifest: Manifest = made(Manifest, known)
        return manifest
    except OSError as error:
        raise wrong(path, str(error.strerror)) from error
    except (ValueError, RecursionError) as error:
        raise wrong(path, f"it cannot be read: {error}") from error


def wrong(path: Path, why: str) -> CannotCheck:
    """The one line on a repro that cannot be read."""
    return CannotCheck(BAD_CONFIGURATION, f"{path}: {one_line(why, 160)}; save it again: gradcheck watch --save-repro")


NESTED: Mapping[str, type] = {
    "gradients": BadGradient,
    "inputs": Item,
    "others": Item,
    "weights": Item,
    "cause": Origin,
    "lines": Line,
}


def made(kind: type, known: Any, name: str = "it") -> Any:
    """A record from JSON, each field by its annotation; raises ValueError."""
    if not isinstance(known, dict):
        raise ValueError(f"{name}: an object is expected")
    absent = [f.name for f in fields(kind) if f.name not in known]
    if absent:
        raise ValueError(f"{absent[0]} is missing")
    return kind(**{f.name: value_of(f.name, f.type, known[f.name]) for f in fields(kind)})


def value_of(name: str, annotation: Any, value: Any) -> Any:
    """One field."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    text = str(annotation) if text in ("tuple", "Union", "UnionType", "Mapping") else text
    if value is None and "None" in text:
        return None
    if name in NESTED:
        return nested(name, NESTED[name], value)
    if text.startswith("tuple"):
        inner = int if "int" in text else str
        if not isinstance(value, list) or not all(type(v) is inner for v in value):
            raise ValueError(f"{name}: a list of {inner.__name__} is expected")
        return tuple(value)
    for kind in (bool, int, float, str):
        if text.startswith(kind.__name__):
            return plain(name, kind, value)
    raise ValueError(f"{name} is not known")


def nested(name: str, kind: type, value: Any) -> Any:
    """Records within one."""
    if name == "cause":
        return made(kind, value, name)
    if name == "lines" and isinstance(value, dict):
        return {key: made(kind, line, name) for key, line in value.items()}
    if name != "lines" and isinstance(value, list):
        return tuple(made(kind, item, name) for item in value)
    raise ValueError(f"{name}: something else is expected")


def plain(name: str, kind: type, value: Any) -> Any:
    """A number, word or truth value."""
    if kind is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{name}: {kind.__name__} is expected")
    return value
