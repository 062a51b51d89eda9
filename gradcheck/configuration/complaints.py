"""What is wrong with a configuration, a line each: the file, the table, the key, why, and what to write instead.

In: what pydantic found, and the tables. Out: lines.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from gradcheck.configuration.files import Tables
from gradcheck.configuration.models import Excuse, Target, Top
from gradcheck.configuration.values import shown
from gradcheck.precedence import near

WORDS: Mapping[str, str] = {
    "dict_type": "is no table",
    "model_type": "is no table",
    "list_type": "is no list",
    "int_type": "is no whole number",
    "float_type": "is no number",
    "string_type": "is no text",
    "bool_type": "is neither true nor false",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "finite_number": "is no finite number",
    "greater_than_equal": "is below {ge}",
    "less_than_equal": "is above {le}",
    "less_than": "is not below {lt}",
}
"""Kinds of errors of pydantic's, in the words of this program; others keep theirs."""

BARE = re.compile(r"[A-Za-z0-9_-]+")
"""Keys that TOML takes without quotes."""

Path = tuple[int | str, ...]


def lines_of(error: ValidationError, tables: Tables) -> list[str]:
    """All that is wrong, in the order of the keys, then of the file."""
    return [line(found, tables) for found in error.errors(include_url=False)]


def line(found: Any, tables: Tables) -> str:
    """One mistake."""
    model: type[BaseModel]
    match found["loc"]:
        case ("target", int(index), *rest):
            model, keys = Target, tuple(rest)
            place = [title(tables, index), dotted(keys)]
        case loc:
            model, keys = Top, tuple(loc)
            place = [" ".join(part for part in (tables.heading(), dotted(keys)) if part)]
    return ": ".join(part for part in (tables.shown, *place, why(found, model, keys, tables)) if part)


def title(tables: Tables, index: int) -> str:
    """A target's table, by the name that it gives, or by its number."""
    target = tables.content["target"][index]
    name = target.get("name") if isinstance(target, dict) else None
    return f"{tables.heading(of_target=True)} {name if isinstance(name, str) and name else f'number {index + 1}'}"


def dotted(keys: Path) -> str:
    """A path of keys; of what is the third in a list only where the path goes on."""
    parts = []
    for position, part in enumerate(keys):
        if isinstance(part, int):
            parts += [f"[{part + 1}]"] if position + 1 < len(keys) else []
        elif part:
            parts += [("." if parts else "") + (part if BARE.fullmatch(part) else shown(part))]
    return "".join(parts)


def why(found: Any, model: type[BaseModel], keys: Path, tables: Tables) -> str:
    """What is wrong, and what to write."""
    words = [part for part in keys if isinstance(part, str)]
    if "code" in words[1:] or "reason" in words[1:] or (words[:1] == ["ignore"] and len(words) > 1):
        model, words = Excuse, words[1:]
    if found["type"] == "extra_forbidden":
        return f"there is no such key; {instead(words[-1], model, tables)}"
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    advice = f"write {example(words[0], model, tables)}" if words else f"write {tables.heading(of_target=True)}"
    if found["type"] == "missing":
        return f"it is missing; {advice}"
    phrase = WORDS.get(found["type"], found["msg"]).format(**found.get("ctx", {}))
    return f"{shown(found['input'])} {phrase}; {advice}"


def instead(name: str, model: type[BaseModel], tables: Tables) -> str:
    """What somebody meant by a key that there is none of."""
    if model is Top and name == "targets":
        return f'write {tables.heading(of_target=True)} with name = "module:function"'
    if model is Top and name == "tool" and tables.is_own:
        return f"write what is in [tool.gradcheck] at the top of {tables.path.name}"
    return near(name, [field.alias or own for own, field in model.model_fields.items()], "write one of ")


def example(name: str, model: type[BaseModel], tables: Tables) -> str:
    """A line as it may stand in the file."""
    field = next(field for own, field in model.model_fields.items() if name == (field.alias or own))
    return tables.heading(of_target=True) if name == "target" else f"{name} = {(field.examples or ['...'])[0]}"


def doubled(tables: Tables) -> Iterator[str]:
    """Names that more than one table gives to its target."""
    targets = tables.content.get("target")
    named = [t["name"] for t in targets if isinstance(t, dict) and "name" in t] if isinstance(targets, list) else []
    for name, count in Counter(name for name in named if isinstance(name, str)).items():
        if count > 1:
            place = f"{tables.shown}: {tables.heading(of_target=True)} {name}"
            yield f"{place}: name: {count} tables have it; write one table with all of their keys"
