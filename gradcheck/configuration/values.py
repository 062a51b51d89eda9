"""One value of a configuration, as TOML has it, becomes one of gradcheck's own.

In: any value. Out: what it stands for; a `ValueError` says what is wrong with it and what to write instead. The place
is not known here: who asks puts it in front.
"""

import json
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TypeVar

from gradcheck import parsing
from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import CannotCheck
from gradcheck.precedence import near
from gradcheck.vocabulary import SUFFIXES

Result = TypeVar("Result")

WIDTH = 60
"""Characters of a value that are repeated in a message."""


VARIABLES = "variables"
"""Instead of an input: what is trained."""


def shown(value: Any) -> str:
    """A value as it stands in the file, about, and not too much of it."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # a number of more than 4,300 digits, lists in lists in lists
        text = f"that {type(value).__name__}"
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def listed(value: Any) -> Any:
    """A single text as a list of one."""
    return [value] if isinstance(value, str) else value


def asked(parse: Callable[..., Result], *arguments: Any) -> Result:
    """What a parser of the command line makes of a text; it is told no place."""
    try:
        return parse(*arguments)
    except CannotCheck as error:
        raise ValueError(error.message.removeprefix(":").strip()) from None


def shape(value: Any) -> tuple[int, ...]:
    """A list of sizes; an empty one is a single number."""
    if not isinstance(value, list) or not all(type(size) is int and 0 < size < 1 << 31 for size in value):
        raise ValueError(f"{shown(value)} is no shape; write a list of sizes, [4, 3]")
    return tuple(value)


def domain(value: Any) -> ValueDomain:
    """A domain, as `--domain` takes it."""
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is no domain; write it in quotes, "one-hot"')
    return asked(parse_domain, "", value)


def intervals(value: Any) -> tuple[tuple[str, str], ...]:
    """The ends of a range, as `--range` takes it, or of several."""
    if isinstance(value, list) and value:
        return tuple(interval(item) for item in value)
    return (interval(value),)


def interval(value: Any) -> tuple[str, str]:
    """The ends of one range."""
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is no range; write it in quotes, "-10:10"')
    if asked(parse_domain, "", value).kind != "range":
        raise ValueError(f'{shown(value)} is no range; write "LO:HI", or use the key domain')
    lo, _, hi = (end.strip() for end in value.partition(":"))
    return lo, hi


def for_every_input(value: Any) -> Any:
    """A range without a name, under the name that no input has."""
    return {"": value} if isinstance(value, str | list) else value


def input_of_all(name: str) -> str:
    """What every target may be differentiated by."""
    if name == VARIABLES:
        raise ValueError("variables are one target's; write it in that one's table")
    return name


def held(value: Any) -> str:
    """A number."""
    if type(value) not in (int, float, str):
        raise ValueError(f"{shown(value)} is no number; write 0.5, for example")
    text = value if isinstance(value, str) else digits(value)
    asked(parsing.number, "", text, "write 0.5, for example")
    return text


def digits(value: float) -> str:
    """A number as text."""
    try:
        return str(value)
    except ValueError:
        raise ValueError("it has too many digits; write 1e300, for example") from None


def time(value: Any) -> float:
    """Seconds."""
    if type(value) not in (int, float, str):
        raise ValueError(f'{shown(value)} is no time; write "10s", "2m" or a number of seconds')
    return asked(parsing.parse_time, "", value if isinstance(value, str) else digits(value))


def code(value: Any) -> str:
    """A code of a finding, or the beginning of some."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no code; write it in quotes")
    if wrong := parsing.misread(value):
        raise ValueError(f"{shown(value)}: {wrong}")
    return value


def excuse(value: Any) -> Any:
    """What is ignored, and why; `CODE -- why` as in a comment."""
    if not isinstance(value, str):
        return value
    word, _, why = (part.strip() for part in value.partition("--"))
    if not why:
        instead = f'{{code = "{word or "GC002"}", reason = "..."}}'
        raise ValueError(f"{shown(value)} has no reason; write {instead}")
    return {"code": word, "reason": why}


def reason(value: Any) -> str:
    """Why something does not count."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'{shown(value)} is no reason; say why, reason = "the range is never reached"')
    return value.strip()


def report_file(value: Any) -> str:
    """A file of a report, whose suffix says the format."""
    if not isinstance(value, str) or PurePath(value).suffix not in SUFFIXES:
        raise ValueError(f"{shown(value)} is no file of a report; use one of {', '.join(SUFFIXES)}")
    return value


def one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    """A reader of a word that is one of some."""

    def read(value: Any) -> str:
        if value not in known:
            hint = near(value, known, "write one of ") if isinstance(value, str) else f"write {shown(known[0])}"
            raise ValueError(f"{shown(value)} is unknown; {hint}")
        return str(value)

    return read
