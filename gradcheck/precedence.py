"""Which of several words on one input counts: what is said nearer to the run wins, input by input.

In: what was said on the command line, above a function, in a target's table and for all targets. Out: the one record of
it that holds.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from gradcheck.options import Said

Value = TypeVar("Value")

PLAIN = ("dtype", "against", "seed", "tolerance", "budget", "order", "exhaustive")
"""Fields of which the nearer one holds, as a whole."""

FITTING = ("dtype", "modes")
"""Fields that not every target can have."""


def over(first: Said, second: Said) -> Said:
    """What is said first, completed by what is said second.

    An input of which the first ones say a range, a domain or where it is held keeps to that alone; a range without a
    name replaces all ranges, and leaves domains.
    """
    said = {name for key, name in named(first) if key in ("domain", "range", "hold")}
    everywhere = any(r.name is None for r in first.ranges)
    plain = {name: getattr(first if getattr(first, name) is not None else second, name) for name in PLAIN}
    open_ = [name for name in second.defaults if getattr(first, name) in (None, ())]
    return Said(
        ranges=(*first.ranges, *(r for r in second.ranges if r.name not in said and not everywhere)),
        holds=(*first.holds, *(h for h in second.holds if h.name not in said)),
        shapes={**second.shapes, **first.shapes},
        domains={**{n: d for n, d in second.domains.items() if n not in said}, **first.domains},
        wrt=first.wrt or second.wrt,
        modes=first.modes or second.modes,
        defaults=(*first.defaults, *open_),
        **plain,
    )


def for_all(said: Said) -> Said:
    """What is said of all targets, for those that can have it."""
    return replace(said, defaults=tuple(name for name in FITTING if getattr(said, name)))


def only(said: Said, inputs: Collection[str]) -> Said:
    """What is said of some inputs, and of none in particular."""
    return replace(
        said,
        shapes=among(said.shapes, inputs),
        domains=among(said.domains, inputs),
        ranges=tuple(r for r in said.ranges if r.name is None or r.name in inputs),
        holds=tuple(h for h in said.holds if h.name in inputs),
        wrt=tuple(n for n in said.wrt if n in inputs),
    )


def among(values: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    """The values of some names."""
    return {name: value for name, value in values.items() if name in names}


def named(said: Said) -> Iterator[tuple[str, str]]:
    """Every key and input that something is said about."""
    yield from (("shape", name) for name in said.shapes)
    yield from (("domain", name) for name in said.domains)
    yield from (("range", r.name) for r in said.ranges if r.name is not None)
    yield from (("hold", h.name) for h in said.holds)
    yield from (("wrt", name) for name in said.wrt)


def strangers(said: Said, inputs: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Keys and names that are no input, and what was meant; `wrt` may name weights, which are not known yet."""
    for key, name in named(said):
        if name not in inputs and key != "wrt":
            yield key, name, near(name, inputs, "it has: ")


def near(name: str, known: Collection[str], otherwise: str) -> str:
    """What was meant, or what there is."""
    found = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {found[0]}?" if found else otherwise + ", ".join(known)
