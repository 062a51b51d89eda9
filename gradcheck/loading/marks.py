"""What the comment above a function says of its scan: `# gradcheck: scan range=x=-1:1 shape=x=4,3 -- why`.

In: a module, and the dotted name of something in it. Out: what is said of it. The words are those of the command line.
Sources are read as text, nothing is run; what cannot be read says nothing.
"""

import functools
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck import parsing
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading.comments import first_of
from gradcheck.loading.definitions import definitions
from gradcheck.loading.scan_comments import Mark, marks_above, text_of
from gradcheck.options import NOTHING_SAID, Said
from gradcheck.precedence import near, strangers
from gradcheck.records import place_of
from gradcheck.vocabulary import DTYPES, MODES

WORDS: dict[str, Callable[[str, str], Said]] = {
    "range": lambda option, text: Said(ranges=(parsing.parse_range(text, option),)),
    "shape": lambda option, text: Said(shapes=dict([parsing.parse_shape(text, option)])),
    "domain": lambda option, text: Said(domains=dict([parsing.parse_domain_option(text, option)])),
    "hold": lambda option, text: Said(holds=(parsing.parse_hold(text, option),)),
    "dtype": lambda option, text: Said(dtype=parsing.parse_choice(option, text, DTYPES)),
    "mode": lambda option, text: Said(modes=(parsing.parse_choice(option, text, MODES),)),
    "wrt": lambda option, text: Said(wrt=(text,)),
}
"""What may stand behind `scan`, and how it is read."""


def said_above(module: ModuleType, attribute: str, function: Any, inputs: Collection[str]) -> Said:
    """What is said above something: where its name is defined in its module, or else where its code stands."""
    code = None if isinstance(function, functools.partial) else function  # what is bound may be no input of the rest
    for path, _, node in definitions(module, attribute, code):
        marks = marks_above(text_of(Path(path))).get(first_of(node), ())
        if marks:
            return together(place_of(path, 0).file, marks, inputs)
    return NOTHING_SAID


def together(file: str, marks: tuple[Mark, ...], inputs: Collection[str]) -> Said:
    """All that marks say, the first first."""
    said = NOTHING_SAID
    for mark in marks:
        for word in mark.words:
            place = f"{file}:{mark.line}: # gradcheck: scan"
            new = read_word(place, word)
            for _, name, hint in strangers(new, inputs):
                raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: there is no input {name!r}; {hint}")
            said = added(said, new)
    return said


def read_word(place: str, word: str) -> Said:
    """What one word says."""
    key, equals, text = word.partition("=")
    if key not in WORDS:
        hint = near(key, WORDS, "write one of ")
        raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: there is no such word; {hint}, or a reason behind --")
    if not equals or not text:
        raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: it says nothing; write {key}=VALUE, without blanks")
    try:
        return WORDS[key](key, text)
    except CannotCheck as error:
        raise CannotCheck(error.code, f"{place}: {error.message}") from None


def added(said: Said, new: Said) -> Said:
    """Words of one comment stand side by side, as options of one command do; of a dtype the last one counts."""
    return replace(
        said,
        ranges=(*said.ranges, *new.ranges),
        holds=(*said.holds, *new.holds),
        shapes={**said.shapes, **new.shapes},
        domains={**said.domains, **new.domains},
        wrt=(*said.wrt, *new.wrt),
        modes=tuple(dict.fromkeys((*said.modes, *new.modes))),
        dtype=new.dtype or said.dtype,
    )
