"""A baseline as a file: one finding a line, in order, to be reviewed in a diff.

In: entries, or a path. Out: the text, or the entries. Ends of intervals are the shortest decimals that read back to the
same floats. Whatever is wrong with a file is one `CannotCheck`.
"""

import json
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck, one_line
from gradcheck.floats import FORMATS
from gradcheck.options import BASELINE_BYTES
from gradcheck.vocabulary import CODES, MODES, SEVERITIES

VERSION = 1
HEAD = "gradcheck_baseline"
TEXTS = ("target", "code", "severity", "version", "wrt", "mode", "dtype")
NULLABLE = ("kind", "file", "source")
NUMBERS = ("lo", "hi")
CHOICES = {"code": CODES, "severity": SEVERITIES, "mode": MODES, "dtype": tuple(FORMATS)}
AGAIN = "write it anew with --write-baseline"


@dataclass(frozen=True)
class Entry:
    """One finding that is known.

    Attributes:
        lo, hi: ordinals of its ends; None where it is not an interval.
        file, source: of its cause, where it is not an interval: the line's text, since its number changes; the node's
            name where there is no source.
    """

    target: str
    code: str
    severity: str
    kind: str | None
    version: str
    wrt: str
    mode: str
    dtype: str
    lo: int | None = None
    hi: int | None = None
    file: str | None = None
    source: str | None = None

    @property
    def text(self) -> str:
        """It in a few words."""
        place = f"on {self.interval}" if self.lo is not None else f"at {self.source!r}" if self.source else ""
        return one_line(f"{self.target}: {self.code} {self.version} by {self.wrt} {place}")

    @property
    def interval(self) -> str:
        """Its ends in decimal."""
        fmt = FORMATS[self.dtype]
        return "" if self.lo is None or self.hi is None else f"[{fmt.text(self.lo)}, {fmt.text(self.hi)}]"


def text_of(entries: Iterable[Entry]) -> str:
    """The file."""
    ordered = sorted(
        set(entries), key=lambda e: tuple((v is not None, 0 if v is None else v) for v in vars(e).values())
    )
    lines = ",\n".join(json.dumps(object_of(entry)) for entry in ordered)
    return f'{{\n"{HEAD}": {VERSION},\n"findings": [\n{lines}\n]\n}}\n'.replace("[\n\n]", "[]")


def object_of(entry: Entry) -> dict[str, Any]:
    """One entry."""
    fmt = FORMATS[entry.dtype]
    written = dict(vars(entry))
    if entry.lo is None or entry.hi is None:
        del written["lo"], written["hi"]
    else:
        written |= {"lo": fmt.shortest(entry.lo), "hi": fmt.shortest(entry.hi)}
        del written["file"], written["source"]
    return written


def require_place(path: Path) -> None:
    """Raise `CannotCheck` where a baseline cannot be written."""
    if path.is_dir() or not path.parent.is_dir():
        what = "it is a directory" if path.is_dir() else f"no such directory: {path.parent}; make it first"
        raise CannotCheck(BAD_CONFIGURATION, f"--write-baseline {path}: {what}; name a file")


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a file."""
    try:
        return entries_in(json.loads(content(path), parse_constant=refuse, parse_int=small))
    except OSError as error:
        advice = "write one with --write-baseline" if isinstance(error, FileNotFoundError) else "name another file"
        reason = f"{(error.strerror or str(error)).lower()}; {advice}"
    except RecursionError:
        reason = f"it is nested too deeply; {AGAIN}"
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError among them
        reason = f"it is no baseline: {one_line(str(error), 120)}; {AGAIN}"
    raise CannotCheck(BAD_CONFIGURATION, f"--baseline {path}: {reason}")


def content(path: Path) -> str:
    """The text of a regular file of a bearable size."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        found = file.read(BASELINE_BYTES + 1)
    if len(found) > BASELINE_BYTES:
        raise ValueError(f"it is larger than {BASELINE_BYTES >> 20} MiB")
    return found.decode("utf-8")


def refuse(constant: str) -> NoReturn:
    """JSON has no infinities."""
    raise ValueError(f"{constant} is no number")


def small(digits: str) -> int:
    """An integer that a float can hold; Python would take its time over one of a million digits."""
    if len(digits) > 400:
        raise ValueError("a number is too long")
    return int(digits)


def entries_in(found: Any) -> tuple[Entry, ...]:
    """The entries of a file's value; raises `ValueError`."""
    if not isinstance(found, dict) or HEAD not in found:
        raise ValueError(f"it has no {HEAD}")
    if type(found[HEAD]) is not int or found[HEAD] != VERSION:
        raise ValueError(f"it is of version {one_line(repr(found[HEAD]), 20)}, and this is {VERSION}")
    listed = found.get("findings")
    if not isinstance(listed, list):
        raise ValueError("it has no list of findings")
    return tuple(entry_in(item, f"finding {i + 1}") for i, item in enumerate(listed))


def entry_in(item: Any, where: str) -> Entry:
    """One entry."""
    if not isinstance(item, dict):
        raise ValueError(f"{where} is no object")
    if strange := sorted(set(item) - {*TEXTS, *NULLABLE, *NUMBERS}):
        raise ValueError(f"{where} has a key {strange[0]!r}")
    for key in TEXTS:
        if not isinstance(item.get(key), str) or item[key] not in CHOICES.get(key, (item[key],)):
            raise ValueError(f"{where}: {key} is {one_line(repr(item.get(key)), 40)}")
    for key in NULLABLE:
        if not isinstance(item.get(key), str | None):
            raise ValueError(f"{where}: {key} is {one_line(repr(item[key]), 40)}")
    ends = [item.get(key) for key in NUMBERS]
    lo, hi = (None, None) if ends == [None, None] else (ordinal(end, item["dtype"], where) for end in ends)
    if lo is not None and hi is not None and lo > hi:
        raise ValueError(f"{where}: lo is above hi")
    return Entry(**{**item, "lo": lo, "hi": hi, "kind": item.get("kind")})


def ordinal(end: Any, dtype: str, where: str) -> int:
    """An end of an interval."""
    fmt = FORMATS[dtype]
    if type(end) not in (int, float) or not abs(end) <= fmt.largest * (1 + 2.0**-fmt.mantissa_bits):
        raise ValueError(f"{where}: {one_line(repr(end), 40)} is no {dtype}")
    return fmt.nearest(float(end))
