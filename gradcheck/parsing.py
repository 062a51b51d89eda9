"""The texts of the command line, of configurations and of comments, read.

In: a text, and the option that it is said with. Out: what is meant; a mistake raises `CannotCheck` with GC907 and says
what to write instead. Values stay texts until the dtype of the input that they are for is known.
"""

import difflib
import math
from collections.abc import Iterable

from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import BUDGETS, LONGEST, TIMEOUT, AtOption, HoldOption, RangeOption, ScanOptions
from gradcheck.vocabulary import CODES

KNOWN = f"{CODES[0]} to {CODES[-1]}"
"""Codes that can be selected, in words."""


def parse_codes(option: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Read codes, or beginnings of codes, with commas between them."""
    codes = [code.strip() for text in texts for code in text.split(",")]
    for code in codes:
        if said := misread(code):
            raise CannotCheck(BAD_CONFIGURATION, f"{option} {code}: {said}")
    return tuple(dict.fromkeys(codes))


def misread(code: str) -> str:
    """Why a text is no code of findings, nor the beginning of one, and what to write; empty where it is one."""
    if len(code) >= 2 and any(known.startswith(code) for known in CODES):
        return ""
    if code.startswith("GC9"):
        return f"what could not be checked is always told; write codes of findings, {KNOWN}"
    padded = f"GC{code.upper().removeprefix('GC').rjust(3, '0')}"  # GC1 is meant to be GC001
    near = [padded] if padded in CODES else difflib.get_close_matches(code.upper(), CODES, n=1)
    return "no such code; " + (f"did you mean {near[0]}?" if near else f"write {KNOWN}, or GC0 for all of them")


def parse_range(text: str, option: str = "--range") -> RangeOption:
    """Read `[NAME=]LO:HI`."""
    name, equals, interval = text.rpartition("=")
    lo, colon, hi = (part.strip() for part in interval.partition(":"))
    wanted = f"write [NAME=]LO:HI, for example {option} z=-1:1"
    if not colon or ":" in hi or (equals and not name.strip()):
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {text}: not a range; {wanted}")
    bounds = [number(f"{option} {text}", end, wanted) if end else None for end in (lo, hi)]
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        prefix = f"{name}=" if name else ""
        raise CannotCheck(
            BAD_CONFIGURATION, f"{option} {text}: {lo} is above {hi}; write the smaller end first: {prefix}{hi}:{lo}"
        )
    return RangeOption(name.strip() or None, lo, hi)


def parse_hold(text: str, option: str = "--hold") -> HoldOption:
    """Read `NAME=VALUE`."""
    name, equals, value = (part.strip() for part in text.partition("="))
    wanted = f"write NAME=VALUE, for example {option} y=0.5"
    if not equals or not name:
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {text}: not a held value; {wanted}")
    number(f"{option} {text}", value, wanted)
    return HoldOption(name, value)


def parse_at(text: str) -> tuple[AtOption, ...]:
    """Read `[NAME=]VALUE`, or several with commas between them."""
    found = []
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.rpartition("="))
        if not value.startswith("@"):
            number(f"--at {text}", value, "write [NAME=]VALUE, for example --at z=100, or --at z=@batch.npy")
        found.append(AtOption(name or None, value))
    return tuple(found)


def parse_tolerance(tolerance: float | None, option: str = "--tolerance") -> float | None:
    """Check that a relative error is one."""
    if tolerance is not None and not 0 <= tolerance < 1:
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {tolerance:g}: not a relative error; write 0.001, for example")
    return tolerance


def parse_shape(text: str, option: str = "--shape") -> tuple[str, tuple[int, ...]]:
    """Read `NAME=4,3`; `NAME=` is a single number."""
    name, equals, sizes = (part.strip() for part in text.rpartition("="))
    parts = [part.strip() for part in sizes.strip("()[]").split(",") if part.strip()]
    if not equals or not name or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise CannotCheck(
            BAD_CONFIGURATION, f"{option} {text}: not a shape; write NAME=SIZES, for example {option} x=4,3"
        )
    return name, tuple(int(part) for part in parts)


def parse_domain_option(text: str, option: str = "--domain") -> tuple[str, ValueDomain]:
    """Read `NAME=DOMAIN`."""
    name, equals, domain = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise CannotCheck(
            BAD_CONFIGURATION, f"{option} {text}: not a domain; write NAME=DOMAIN, for example {option} y=one-hot"
        )
    return name, parse_domain(f"{option} {text}", domain)


def parse_budget(text: str) -> float:
    """Read a time: `10s`, `1.5`, `2m`."""
    return parse_time("--budget", text)


def parse_timeout(text: str | None, options: ScanOptions) -> float:
    """Read a time, or what it is for a scan with such options."""
    if text is not None:
        return parse_time("--timeout", text)
    return LONGEST if options.exhaustive else max(TIMEOUT, BUDGETS * options.budget)


def parse_time(option: str, text: str) -> float:
    """Read a time, in seconds unless a unit is behind it."""
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0}
    suffix = next((u for u in units if text.strip().endswith(u)), "")
    wanted = f"write a time, for example {option} 10s"
    seconds = number(f"{option} {text}", text.strip().removesuffix(suffix), wanted) * units.get(suffix, 1.0)
    if not 0 < seconds <= LONGEST:
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {text}: not a time above 0 and up to a day; {wanted}")
    return seconds


def parse_choice(option: str, value: str, choices: tuple[str, ...]) -> str:
    """Check that `value` is one of `choices`."""
    if value not in choices:
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {value}: unknown; write one of {', '.join(choices)}")
    return value


def number(where: str, text: str, wanted: str) -> float:
    """A finite decimal (or C hexadecimal) number; raises `CannotCheck` otherwise."""
    try:
        value = float.fromhex(text) if "0x" in text.lower() else float(text)
    except OverflowError:  # of a hexadecimal number; a decimal one becomes inf by itself
        value = math.inf
    except ValueError:
        raise CannotCheck(BAD_CONFIGURATION, f"{where}: {text!r} is not a number; {wanted}") from None
    if math.isnan(value) or text.strip().lower().lstrip("+-") in ("inf", "infinity"):
        raise CannotCheck(BAD_CONFIGURATION, f"{where}: {text!r} is not a finite number; {wanted}")
    return value


def ordinal(where: str, text: str, fmt: FloatFormat) -> int:
    """Ordinal of the float nearest to the number `text`; raises `CannotCheck` where the dtype cannot hold it."""
    value = number(where, text, "write a decimal number")
    if abs(value) >= fmt.largest + fmt.largest_ulp / 2:
        raise CannotCheck(
            BAD_CONFIGURATION,
            f"{where}: {fmt.name} cannot hold {text}; its largest is {fmt.text(fmt.max_ordinal)}"
            + wider(fmt, abs(value)),
        )
    nearest = fmt.nearest(value)
    if nearest in (0, -1) and has_digits(text):
        raise CannotCheck(
            BAD_CONFIGURATION,
            f"{where}: {fmt.name} cannot hold {text}; its smallest is {fmt.text(1)}: write 0 or a larger number",
        )
    return nearest


def wider(fmt: FloatFormat, value: float) -> str:
    """A hint at the next dtype that holds `value`, or nothing."""
    for other in FORMATS.values():
        if other.bits > fmt.bits and other.largest >= value:
            return f": write a smaller number or --dtype {other.name}"
    return ": write a smaller number"


def has_digits(text: str) -> bool:
    """Whether a number's text is not that of zero, even if it is too small for a float64."""
    sign_and_base, _, rest = text.lower().rpartition("0x")
    mantissa = rest.split("p" if sign_and_base or "0x" in text.lower() else "e")[0]
    return any(c in "123456789abcdef" for c in mantissa)
