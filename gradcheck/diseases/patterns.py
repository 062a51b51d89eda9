"""Patterns: expressions with holes, as data, and how they match a program's tensors.

In: a pattern such as `log(add(1, exp(X)))` and a tensor. Out: every way in which the tensor is that expression: which
tensors and constants stand in its holes, and which nodes it takes. A hole that occurs twice must hold the same
expression both times.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any, TypeAlias

from gradcheck.diseases.readings import Reader
from gradcheck.diseases.terms import COMMUTATIVE, Reading, Term
from gradcheck.program import Ref

Guard: TypeAlias = Callable[[Reader, Term], bool]


@dataclass(frozen=True)
class Var:
    """A hole for a tensor (or a number that no node holds); `unless` refuses what needs no cure."""

    name: str
    unless: Guard | None = None


@dataclass(frozen=True)
class Num:
    """A constant that passes a test; with a name it is told to the cure."""

    test: Callable[[float], bool]
    name: str | None = None


@dataclass(frozen=True)
class App:
    """An operation on patterns."""

    op: str
    args: tuple["Pattern", ...]


@dataclass(frozen=True)
class Reduce:
    """A reduction over constant axes, which are told to the cure as `axis` and `keepdims`."""

    op: str
    arg: "Pattern"
    test: Callable[[Any, bool], bool] = lambda axis, keepdims: True


@dataclass(frozen=True)
class Either:
    """One of several patterns."""

    options: tuple["Pattern", ...]


Pattern: TypeAlias = Var | Num | App | Reduce | Either
Spelt: TypeAlias = Pattern | float


@dataclass(frozen=True)
class Found:
    """What a pattern has matched so far: tensors and constants by name, and the nodes taken."""

    inputs: Mapping[str, Ref] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    nodes: frozenset[int] = frozenset()

    def with_nodes(self, nodes: frozenset[int]) -> "Found":
        """The same with more nodes taken."""
        return replace(self, nodes=self.nodes | nodes)


def matches(reader: Reader, pattern: Pattern, term: Term, found: Found) -> Iterator[Found]:
    """Every way in which a term is of a pattern."""
    if isinstance(pattern, Var):
        yield from bound(reader, pattern, term, found)
    elif isinstance(pattern, Num):
        yield from counted(reader, pattern, term, found)
    elif isinstance(pattern, Either):
        for option in pattern.options:
            yield from matches(reader, option, term, found)
    else:
        for reading in reader.readings(term):
            if reading.op == pattern.op:
                taken = found.with_nodes(reading.nodes)
                if isinstance(pattern, App):
                    yield from applied(reader, pattern, reading, taken)
                else:
                    yield from reduced(reader, pattern, reading, taken)


def bound(reader: Reader, var: Var, term: Term, found: Found) -> Iterator[Found]:
    """A hole takes any term that a node or a number is, and the same one each time."""
    held: Term | None = found.inputs.get(var.name, found.constants.get(var.name))
    if held is not None:
        if reader.same(held, term):
            yield found
    elif var.unless is None or not var.unless(reader, term):
        if isinstance(term, tuple):
            yield replace(found, inputs={**found.inputs, var.name: term})
        elif isinstance(term, float):
            yield replace(found, constants={**found.constants, var.name: term})


def counted(reader: Reader, num: Num, term: Term, found: Found) -> Iterator[Found]:
    """A constant is not a hole: its nodes belong to the match."""
    value = reader.number(term)
    if value is None or not num.test(value):
        return
    if num.name is None:
        yield found.with_nodes(reader.taken(term))
    elif found.constants.get(num.name, value) == value:
        yield replace(found, constants={**found.constants, num.name: value}).with_nodes(reader.taken(term))


def applied(reader: Reader, pattern: App, reading: Reading, found: Found) -> Iterator[Found]:
    """The arguments match one by one, in any order where the operation commutes."""
    if len(reading.args) != len(pattern.args):
        return
    orders = permutations(reading.args) if reading.op in COMMUTATIVE else iter([reading.args])
    for args in orders:
        yield from all_match(reader, tuple(zip(pattern.args, args, strict=True)), found)


def all_match(reader: Reader, pairs: tuple[tuple[Pattern, Term], ...], found: Found) -> Iterator[Found]:
    """Every way in which all terms are of their patterns at once."""
    if not pairs:
        yield found
        return
    (pattern, term), *rest = pairs
    for partial in matches(reader, pattern, term, found):
        yield from all_match(reader, tuple(rest), partial)


def reduced(reader: Reader, pattern: Reduce, reading: Reading, found: Found) -> Iterator[Found]:
    """A reduction matches where its axes are known, and those of all reductions of a pattern are the same."""
    known = {"axis": reading.axis, "keepdims": reading.keepdims}
    if reading.axis is None or not pattern.test(reading.axis, reading.keepdims):
        return
    if found.constants.get("axis", reading.axis) == reading.axis:
        constants = {**known, **found.constants}
        yield from matches(reader, pattern.arg, reading.args[0], replace(found, constants=constants))


def spelt(pattern: Spelt) -> Pattern:
    """A number stands for the constant that equals it, as far as a half-precision dtype can tell."""
    if isinstance(pattern, (Var, Num, App, Reduce, Either)):
        return pattern
    value = float(pattern)
    tolerance = 0.0 if value == round(value, 3) else 4e-3 * abs(value)
    return Num(lambda v: abs(v - value) <= tolerance)


def app(op: str, *args: Spelt) -> App:
    """An operation on patterns."""
    return App(op, tuple(map(spelt, args)))


def either(*options: Spelt) -> Either:
    """One of several patterns."""
    return Either(tuple(map(spelt, options)))


def maker(op: str) -> Callable[..., App]:
    """The operation as a function of patterns."""
    return lambda *args: app(op, *args)


add, sub, mul, div, neg = map(maker, ("add", "sub", "mul", "div", "neg"))
exp, log, log1p, expm1 = map(maker, ("exp", "log", "log1p", "expm1"))
sqrt, square, power, absolute = map(maker, ("sqrt", "square", "pow", "abs"))
sin, cos, sinh, cosh, tanh = map(maker, ("sin", "cos", "sinh", "cosh", "tanh"))
acos, asin, atan, erf, erfc = map(maker, ("acos", "asin", "atan", "erf", "erfc"))
where, maximum, minimum = map(maker, ("where", "maximum", "minimum"))


def total(arg: Spelt, test: Callable[[Any, bool], bool] = lambda axis, keepdims: True) -> Reduce:
    """A sum over axes."""
    return Reduce("sum", spelt(arg), test)


def mean(arg: Spelt, test: Callable[[Any, bool], bool] = lambda axis, keepdims: True) -> Reduce:
    """A mean over axes."""
    return Reduce("mean", spelt(arg), test)
