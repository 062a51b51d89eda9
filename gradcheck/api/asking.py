"""What is asked for in Python becomes what is asked for on the command line.

In: a target and keywords. Out: a `Request`, whose options are those that `gradcheck scan` reads. Principle: one reader;
values become the texts that the command line takes, so that both refuse the same mistakes in the same words.
"""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

from gradcheck import parsing
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading.memory import name_of
from gradcheck.options import Said
from gradcheck.vocabulary import DTYPES, MODES

Function = TypeVar("Function", bound=Callable[..., Any])

Interval: TypeAlias = str | tuple[float | None, float | None]
"""`"-1:1"` or `(-1, 1)`; an end that is None, or infinite, is the dtype's own."""

Intervals: TypeAlias = Interval | Sequence[Interval]


class Options(TypedDict, total=False):
    """Options of a scan.

    Attributes:
        range: `(-1, 1)`, `"-1:1"`, a list of such, or `{"x": (-1, 1)}` for single inputs.
        hold: `{"y": 0.5}`: where inputs are held while others are swept.
        dtype: `"float16"`, `"bfloat16"`, `"float32"` (unless declared) or `"float64"`, or a dtype of these names.
        shape: `{"x": (4, 3)}` of tensor inputs.
        domain: `{"y": "one-hot"}`.
        wrt: inputs to differentiate by, or `"variables"`.
        against: another target, whose gradient is shown beside.
        mode: `"graph"`, `"eager"`, `"xla"`, or several.
        tolerance: relative error of a right gradient.
        exhaustive: whether every float of the ranges is run.
        order: of the derivative, 1 or 2.
        budget: time for the search of a tensor target, in seconds or as `"10s"`.
        seed: of the sampling.
    """

    range: Intervals | Mapping[str, Intervals]
    hold: Mapping[str, float]
    dtype: Any
    shape: Mapping[str, Sequence[int]]
    domain: Mapping[str, str]
    wrt: str | Sequence[str]
    against: Any
    mode: str | Sequence[str]
    tolerance: float | None
    exhaustive: bool
    order: Literal[1, 2]
    budget: float | str
    seed: int


@dataclass(frozen=True)
class Request:
    """What is to be scanned.

    Attributes:
        text: of the target.
        said: the options, as the command line reads them.
        objects: targets in memory, by the texts that stand for them.
    """

    text: str
    said: Said
    objects: Mapping[str, Any]

    @property
    def is_whole(self) -> bool:
        """Whether the target is checked on all that it is ever checked on."""
        said = self.said
        asked = (said.ranges, said.holds, said.dtype, said.shapes, said.domains, said.wrt, said.modes)
        return not any(asked) and said.order in (None, 1)


def documented(function: Function) -> Function:
    """A function of `**options` whose signature, as help and notebooks show it, lists them; None is the default."""
    own = inspect.signature(function)
    plain = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in Options.__annotations__.items()
    ]
    function.__signature__ = own.replace(parameters=[*plain, *named])  # type: ignore[attr-defined]
    return function


def request_of(target: Any, said: Mapping[str, Any]) -> Request:
    """What a call asks for; an unknown keyword is a TypeError, as it is everywhere in Python."""
    for name in said:
        if name not in Options.__annotations__:
            near = difflib.get_close_matches(name, Options.__annotations__, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TypeError(f"unexpected keyword argument {name!r}{hint}")
    told = {name: value for name, value in said.items() if value is not None}
    objects: dict[str, Any] = {}
    text = text_of(target, objects)
    against = text_of(told["against"], objects) if "against" in told else None
    return Request(text, options_of(told, against), objects)


def text_of(target: Any, objects: dict[str, Any]) -> str:
    """A text, or the one that stands for an object from now on."""
    if isinstance(target, str):
        return target
    name = name_of(target)
    while name in objects and objects[name] is not target:
        name += "'"
    objects[name] = target
    return name


def options_of(said: Mapping[str, Any], against: str | None) -> Said:
    """The options of the command line."""
    tolerance, budget, modes = said.get("tolerance"), said.get("budget"), said.get("mode", ())
    order, seed = said.get("order"), said.get("seed")
    for name, value, least in (("order", order, 1), ("seed", seed, 0)):
        if value is None:
            continue
        if not isinstance(value, int) or value < least or (name == "order" and value > 2):
            raise mistake(
                f"{name}={value!r}: {'write 1 or 2' if name == 'order' else 'write a whole number from 0 up'}"
            )
    return Said(
        ranges=tuple(parsing.parse_range(text) for text in range_texts(said.get("range"))),
        holds=tuple(parsing.parse_hold(f"{n}={number('hold', v)}") for n, v in named("hold", said, '{"y": 0.5}')),
        dtype=parsing.parse_choice("dtype", dtype_name(said["dtype"]), DTYPES) if "dtype" in said else None,
        against=against,
        seed=seed,
        tolerance=None if tolerance is None else parsing.parse_tolerance(relative(tolerance)),
        shapes={n: shape(n, v) for n, v in named("shape", said, '{"x": (4, 3)}')},
        domains=dict(parsing.parse_domain_option(f"{n}={v}") for n, v in named("domain", said, '{"y": "one-hot"}')),
        wrt=words(said.get("wrt", ())),
        budget=None if budget is None else parsing.parse_budget(str(budget)),
        order=order,
        exhaustive=bool(said["exhaustive"]) if "exhaustive" in said else None,
        modes=tuple(dict.fromkeys(parsing.parse_choice("mode", m, MODES) for m in words(modes))),
    )


def range_texts(said: Any) -> Iterator[str]:
    """Ranges as the command line writes them."""
    if said is None:
        return
    for name, intervals in said.items() if isinstance(said, Mapping) else [(None, said)]:
        several = isinstance(intervals, Sequence) and not isinstance(intervals, str) and not is_pair(intervals)
        for interval in intervals if several else [intervals]:
            yield (f"{name}=" if name else "") + interval_text(interval)


def is_pair(value: Sequence[Any]) -> bool:
    """Whether a sequence is two ends, not several intervals."""
    return len(value) == 2 and not any(isinstance(end, (str, tuple, list)) for end in value)


def interval_text(interval: Any) -> str:
    """`LO:HI`."""
    if isinstance(interval, str):
        return interval
    if not isinstance(interval, Sequence) or not is_pair(interval):
        raise mistake(f'range={interval!r}: not a range; write (-1, 1), "-1:1" or {{"x": (-1, 1)}}')
    lo, hi = ("" if end is None else number("range", end) for end in interval)
    return f"{'' if lo == '-inf' else lo}:{'' if hi == 'inf' else hi}"


def number(key: str, value: Any) -> str:
    """A number as the shortest text that reads back to it; of a NumPy float it is that of its own dtype's value."""
    try:
        return repr(float(value)).removesuffix(".0") if not isinstance(value, str) else value
    except OverflowError:
        return "inf" if value > 0 else "-inf"
    except (TypeError, ValueError):
        raise mistake(f"{key}={value!r}: not a number; write 0.5, for example") from None


def relative(value: Any) -> float:
    """A tolerance."""
    return parsing.number("tolerance", number("tolerance", value), "write 0.001, for example")


def named(key: str, said: Mapping[str, Any], example: str) -> Iterator[tuple[str, Any]]:
    """What is said of single inputs."""
    value = said.get(key)
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise mistake(f"{key}={value!r}: it says of no input; write {key}={example}")
    yield from value.items()


def shape(name: str, value: Any) -> tuple[int, ...]:
    """Sizes."""
    sizes = (value,) if isinstance(value, int) else value
    return parsing.parse_shape(f"{name}={sizes if isinstance(sizes, str) else ','.join(map(str, sizes))}")[1]


def words(value: str | Sequence[str]) -> tuple[str, ...]:
    """One or several."""
    return (value,) if isinstance(value, str) else tuple(value)


def dtype_name(value: Any) -> str:
    """Of a text, a `tf.DType`, a `np.dtype` or a NumPy class."""
    if isinstance(value, str):
        return value
    return str(getattr(value, "name", None) or getattr(value, "__name__", value))


def mistake(message: str) -> CannotCheck:
    """A GC907."""
    return CannotCheck(BAD_CONFIGURATION, message)
