"""What a project says of its targets, in `[tool.gradcheck]` of its pyproject.toml.

In: a directory. Out: options of the top of the table, for every target with an input of that name, and of each target's
own table, `[tool.gradcheck.targets."module:function"]`. Principle: what is said nearer to the run wins, input by input:
the command line, then the target's own table, then the top. A mistake is GC907, with file and key.
"""

import difflib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradcheck import options as opt
from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import HoldOption, RangeOption, ScanOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pyproject.toml"
TABLE = "tool.gradcheck"
KEYS = ("shape", "domain", "range", "wrt", "hold")
VARIABLES = "variables"
NOTHING = ScanOptions()


@dataclass(frozen=True)
class Configuration:
    """A project's options.

    Attributes:
        path: the file.
        top: for every target.
        targets: for one, by the name that it has on the command line.
    """

    path: str = FILE
    top: ScanOptions = NOTHING
    targets: Mapping[str, ScanOptions] = field(default_factory=dict)

    def options_for(self, target: str, inputs: Collection[str], said: ScanOptions) -> ScanOptions:
        """The options of one target: those that were said on the command line, completed."""
        own = self.targets.get(target, NOTHING)
        for key, name in named(own):
            if name not in inputs and key != "wrt":  # a weight's name is not known yet
                place = f"{self.path}: [{table_of(target)}] {key}.{name}"
                raise mistake(f"{place}: {target} has no input {name!r}", near(name, inputs, "it has: "))
        return over(over(said, own), only(self.top, inputs))


EMPTY = Configuration()


def read(directory: Path) -> Configuration:
    """The configuration of the nearest pyproject.toml, from a directory upwards; an empty one where there is none."""
    path = next((d / FILE for d in (directory, *directory.parents) if (d / FILE).is_file()), None)
    if path is None:
        return EMPTY
    shown = FILE if path.parent == directory else str(path)
    table = table_at(shown, load(path, shown), TABLE)
    targets = table_at(shown, table, "targets", f"{TABLE}.targets")
    top = read_options(f"{shown}: [{TABLE}]", {k: v for k, v in table.items() if k != "targets"}, (*KEYS, "targets"))
    if VARIABLES in top.wrt:
        raise mistake(f"{shown}: [{TABLE}] wrt: variables are one target's", f"write it in [{table_of('MODULE:NAME')}]")
    every = {name: table_at(shown, targets, name, table_of(name), split=False) for name in targets}
    own = {name: read_options(f"{shown}: [{table_of(name)}]", said, KEYS) for name, said in every.items()}
    return Configuration(shown, top, own)


def load(path: Path, shown: str) -> dict[str, Any]:
    """A file's tables."""
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
        raise mistake(f"{shown}: it cannot be read: {error}", "correct it") from error
    return found


def table_at(shown: str, tables: Any, key: str, title: str | None = None, *, split: bool = True) -> dict[str, Any]:
    """The table behind a dotted key, empty where there is none."""
    for part in key.split(".") if split else [key]:
        tables = tables.get(part, {})
        if not isinstance(tables, dict):
            raise mistake(f"{shown}: [{title or key}]: it is {tables!r}", "write a table")
    return dict(tables)


def table_of(target: str) -> str:
    """The heading of a target's own table."""
    return f'{TABLE}.targets."{target}"'


def read_options(place: str, table: Mapping[str, Any], keys: Collection[str]) -> ScanOptions:
    """One table."""
    for key in table:
        if key not in keys:
            raise mistake(f"{place} {key}: there is no such key", near(key, keys, "write one of "))
    return ScanOptions(
        shapes=dict(by_name(place, table, "shape", "{x = [4, 3]}", shape)),
        domains=dict(by_name(place, table, "domain", '{y = "one-hot"}', domain)),
        ranges=tuple(r for _, r in by_name(place, table, "range", '{x = "-10:10"}', interval)),
        holds=tuple(h for _, h in by_name(place, table, "hold", "{y = 0.5}", hold)),
        wrt=names(place, table.get("wrt", [])),
    )


def by_name(
    place: str, table: Mapping[str, Any], key: str, example: str, read_one: Callable[[str, str, Any], Any]
) -> Iterator[tuple[str, Any]]:
    """Each input with what one key says of it."""
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise mistake(f"{place} {key}: {found!r} is no table", f"write {key} = {example}")
    for name, value in found.items():
        yield name, read_one(f"{place} {key}.{name}", name, value)


def shape(place: str, name: str, value: Any) -> tuple[int, ...]:
    """A list of sizes; an empty one is a single number."""
    if not isinstance(value, list) or not all(type(size) is int and size > 0 for size in value):
        raise mistake(f"{place}: {value!r} is no shape", f"write a list of sizes, {name} = [4, 3]")
    return tuple(value)


def domain(place: str, name: str, value: Any) -> ValueDomain:
    """A domain, as `--domain` takes it."""
    if not isinstance(value, str):
        raise mistake(f"{place}: {value!r} is no domain", f'write it in quotes, {name} = "one-hot"')
    return parse_domain(place, value)


def interval(place: str, name: str, value: Any) -> RangeOption:
    """A range, as `--range` takes it."""
    if not isinstance(value, str):
        raise mistake(f"{place}: {value!r} is no range", f'write it in quotes, {name} = "-10:10"')
    found = parse_domain(place, value)
    if found.kind != "range":
        raise mistake(f"{place}: {value!r} is no range", f'write {name} = "LO:HI", or use the key domain')
    lo, _, hi = (end.strip() for end in value.partition(":"))
    return RangeOption(name, lo, hi)


def hold(place: str, name: str, value: Any) -> HoldOption:
    """A number."""
    if type(value) not in (int, float, str):
        raise mistake(f"{place}: {value!r} is no number", f"write {name} = 0.5")
    opt.number(place, str(value), f"write {name} = 0.5")
    return HoldOption(name, str(value))


def names(place: str, value: Any) -> tuple[str, ...]:
    """What to differentiate by."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise mistake(f"{place} wrt: {value!r} is no list of names", 'write wrt = ["x"]')
    return tuple(value)


def named(options: ScanOptions) -> Iterator[tuple[str, str]]:
    """Every key and input that options are about."""
    yield from (("shape", name) for name in options.shapes)
    yield from (("domain", name) for name in options.domains)
    yield from (("range", r.name) for r in options.ranges if r.name)
    yield from (("hold", h.name) for h in options.holds)
    yield from (("wrt", name) for name in options.wrt)


def only(options: ScanOptions, inputs: Collection[str]) -> ScanOptions:
    """The options that are about some inputs."""
    return replace(
        options,
        shapes={n: s for n, s in options.shapes.items() if n in inputs},
        domains={n: d for n, d in options.domains.items() if n in inputs},
        ranges=tuple(r for r in options.ranges if r.name in inputs),
        holds=tuple(h for h in options.holds if h.name in inputs),
        wrt=tuple(n for n in options.wrt if n in inputs),
    )


def over(first: ScanOptions, second: ScanOptions) -> ScanOptions:
    """Options completed by others.

    An input of which the first ones say a range, a domain or where it is held keeps to that alone; a range without a
    name replaces all ranges, and leaves domains.
    """
    said = {name for key, name in named(first) if key in ("domain", "range", "hold")}
    everywhere = any(r.name is None for r in first.ranges)
    return replace(
        first,
        shapes={**second.shapes, **first.shapes},
        domains={**{n: d for n, d in second.domains.items() if n not in said}, **first.domains},
        ranges=(*first.ranges, *(r for r in second.ranges if r.name not in said and not everywhere)),
        holds=(*first.holds, *(h for h in second.holds if h.name not in said)),
        wrt=first.wrt or second.wrt,
    )


def near(name: str, known: Collection[str], otherwise: str) -> str:
    """What was meant, or what there is."""
    found = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {found[0]}?" if found else otherwise + ", ".join(known)


def mistake(what: str, instead: str) -> CannotCheck:
    """A GC907."""
    return CannotCheck(BAD_CONFIGURATION, f"{what}; {instead}")
