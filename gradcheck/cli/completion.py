"""What a shell completes: targets, and the values of options.

In: what is typed so far. Out: what it may become. Principle: the user's code is read, never run, and nothing heavy is
imported, since a person waits for each answer; where something goes wrong there is no answer, and no traceback.
"""

import ast
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from gradcheck.rules import RULES
from gradcheck.vocabulary import DOMAINS, DTYPES, FORMATS, MODES, ON_BAD, SEVERITIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Completer: TypeAlias = Callable[[Any, str], "Iterator[str]"]
"""From the context and what is typed to what it may become, more or less: what does not begin so is left out."""

INSTRUCTION = "_GRADCHECK_COMPLETE"
BREAKS = ":="
"""Characters at which bash begins a new word."""

MODELS = ("saved_model.pb", "saved_model.pbtxt")
CONFIGURATIONS = ("gradcheck.toml", "pyproject.toml")


@dataclass(frozen=True)
class Item:
    """An answer, as typer takes it."""

    value: str
    type: str = "plain"
    help: str | None = None


def completed(completer: Completer) -> Callable[[Any, str], list[Item]]:
    """A completer as a parameter's `shell_complete`."""

    def complete(ctx: Any, incomplete: str) -> list[Item]:
        try:
            found = dict.fromkeys(v for v in completer(ctx, incomplete) if v.startswith(incomplete))
        except Exception:  # a file that is no Python, a directory that cannot be read
            return []
        return [Item(for_shell(value)) for value in found]

    return complete


def targets(ctx: Any, incomplete: str) -> Iterator[str]:
    """Configured targets, files, modules, models, and the functions in them."""
    found = [*configured(Path.cwd()), *places(incomplete)]
    place, colon, _ = incomplete.rpartition(":")
    if colon:
        found += [f"{place}:{name}" for name in functions(place)]
    matching = [text for text in dict.fromkeys(found) if text.startswith(incomplete)]
    yield from matching
    if len(matching) == 1:  # what is inside, so that the shell does not end the word here
        yield from places(matching[0]) if matching[0].endswith(("/", ".")) else ()
        yield from (f"{matching[0]}:{name}" for name in functions(matching[0]))


def configured(directory: Path) -> Iterator[str]:
    """Names of targets in the nearest configuration."""
    for place in (directory, *directory.parents):
        for file in CONFIGURATIONS:
            if not (place / file).is_file():
                continue
            tables = tomllib.loads((place / file).read_text(encoding="utf-8"))
            own = tables if file == CONFIGURATIONS[0] else tables.get("tool", {}).get("gradcheck")
            if own is not None:
                yield from (table["name"] for table in own.get("target", ()))
                yield from own.get("targets", {})
                return


def places(incomplete: str) -> Iterator[str]:
    """Files, directories and models that a path leads to, and modules that a dotted name does."""
    head, slash, _ = incomplete.rpartition("/")
    directory = Path(head or "/") if slash else Path()
    for entry in visible(directory):
        path = f"{head}{slash}{entry.name}"
        if entry.is_dir():
            yield path if any((entry / model).is_file() for model in MODELS) else f"{path}/"
        elif entry.suffix in (".py", ".keras"):
            yield path
    if slash:
        return
    package, dot, _ = incomplete.rpartition(".")
    for entry in visible(Path(package.replace(".", "/")) if dot else Path()):
        if not entry.stem.isidentifier() or entry.stem == "__init__":
            continue
        if (entry / "__init__.py").is_file():
            yield f"{package}{dot}{entry.name}."
        elif entry.suffix == ".py":
            yield f"{package}{dot}{entry.stem}"


def scripts(ctx: Any, incomplete: str) -> Iterator[str]:
    """Files of Python, and directories; behind -m modules."""
    is_module = bool(getattr(ctx, "params", {}).get("module"))
    for place in places(incomplete):
        is_path = place.endswith((".py", "/", ".keras"))
        if is_path != is_module and not place.endswith(".keras"):
            yield place


def visible(directory: Path) -> list[Path]:
    """What is in a directory, in order, without what is hidden or made by machines."""
    if not directory.is_dir():
        return []
    return sorted(e for e in directory.iterdir() if not e.name.startswith(".") and e.name != "__pycache__")


def functions(place: str) -> Iterator[str]:
    """Public functions of a file or module, and what is assigned from a call or a lambda."""
    for node in definitions(place):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Call, ast.Lambda)):
            yield from (t.id for t in node.targets if isinstance(t, ast.Name) and not t.id.startswith("_"))


def definitions(place: str) -> list[ast.stmt]:
    """The top level of a file or module in the working directory; nothing where there is none."""
    base = Path(place.replace(".", "/").rstrip("/"))
    candidates = [Path(place)] if place.endswith(".py") else [base.with_suffix(".py"), base / "__init__.py"]
    file = next((path for path in candidates if path.is_file()), None)
    return ast.parse(file.read_bytes()).body if file else []


def inputs(ctx: Any, incomplete: str) -> Iterator[str]:
    """`NAME=` for the arguments of the target that is typed already."""
    return (f"{name}=" for name in arguments())


def wrt(ctx: Any, incomplete: str) -> Iterator[str]:
    """The arguments, or the variables."""
    yield from arguments()
    yield "variables"


def domains(ctx: Any, incomplete: str) -> Iterator[str]:
    """`NAME=`, then what it may be."""
    name, equals, _ = incomplete.partition("=")
    return (f"{name}={domain}" for domain in DOMAINS) if equals else inputs(ctx, incomplete)


def arguments() -> Iterator[str]:
    """Names of the arguments of the functions on the line."""
    for target in re.split(r"\s+", os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")):
        place, _, name = target.strip("'\"").rpartition(":")
        for node in definitions(place) if place else ():
            if isinstance(node, ast.FunctionDef) and node.name == name:
                yield from (argument.arg for argument in (*node.args.posonlyargs, *node.args.args))


def words(*known: str) -> Completer:
    """Any of some words."""
    return lambda ctx, incomplete: iter(known)


CODES = words(*(rule.code for rule in RULES))

COMPLETERS: Mapping[str, Completer] = {
    "targets": targets,
    "target": targets,
    "code": CODES,
    "script": scripts,
    "--against": targets,
    "--at": inputs,
    "--domain": domains,
    "--dtype": words(*DTYPES),
    "--fail-on": words(*SEVERITIES),
    "--format": words(*FORMATS),
    "--gradient": words("autodiff", "custom"),
    "--hold": inputs,
    "--ignore": CODES,
    "--mode": words(*MODES),
    "--on-bad": words(*ON_BAD),
    "--order": words("1", "2"),
    "--range": inputs,
    "--select": CODES,
    "--shape": inputs,
    "--wrt": wrt,
}
"""By argument, and by option."""


def joined(environment: MutableMapping[str, str]) -> None:
    """Put the words together again that bash takes apart at `:` and `=`, before typer reads them."""
    typed = environment.get("COMP_WORDS", "")
    separator = "\n" if "\n" in typed else " "
    before = typed.split(separator)
    current = environment.get("COMP_CWORD", "")
    if not environment.get(INSTRUCTION, "").endswith("bash") or not current.isdigit() or int(current) >= len(before):
        return
    after: list[str] = []
    for i, word in enumerate(before[: int(current) + 1]):
        is_break = bool(word) and set(word) <= set(BREAKS)
        if i > 1 and (is_break or set(before[i - 1]) & set(BREAKS) == set(before[i - 1]) != set()):
            after[-1] += word
        else:
            after.append(word)
    environment["COMP_WORDS"] = separator.join(after)
    environment["COMP_CWORD"] = str(len(after) - 1)


def for_shell(value: str) -> str:
    """An answer as the shell takes it: bash replaces what is behind the last break alone."""
    if not os.environ.get(INSTRUCTION, "").endswith("bash"):
        return value
    typed = re.split(r"\s", os.environ.get("COMP_WORDS", ""))[-1]
    done = max(typed.rfind(character) for character in BREAKS) + 1
    return value[done:] if value.startswith(typed[:done]) else value
