"""Readings: all operations that a term can be read as.

In: the terms of a program. Out: for each of them several readings: x + -y is also x - y, x * x also a square, a product
with a reciprocal also a quotient, a product with a sign inside also the negation of one without.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias

from gradcheck.diseases.terms import Made, Reading, Term, Terms

DEPTH = 4
"""How many signs deep an expression is searched, and how many ways to change them are told apart."""

Signed: TypeAlias = tuple[Term, frozenset[int]]
"""A term, and the nodes that a reading of another one as its negation or reciprocal takes."""


@dataclass(frozen=True, eq=False)
class Reader(Terms):
    """Reads the tensors of one program in every way."""

    known: dict[Term, tuple[Reading, ...]] = field(default_factory=dict)
    opposed: dict[tuple[Term, int], tuple[Signed, ...]] = field(default_factory=dict)

    def readings(self, term: Term) -> tuple[Reading, ...]:
        """All ways to read a term, as the node stands first; none for a number."""
        if term not in self.known:
            head = self.head(term)
            self.known[term] = tuple(self.derived(head)) if head else ()
        return self.known[term]

    def derived(self, head: Reading) -> Iterator[Reading]:
        """A reading and those that follow from it."""
        yield head
        op, args, nodes = head.op, head.args, head.nodes
        for term, taken in islice(self.negated(head), DEPTH):
            yield Reading("neg", (term,), nodes | taken)
        for term, taken in self.opposites(args[0]) if op == "neg" else ():
            inner = self.head(term)
            if inner:
                yield replace(inner, nodes=inner.nodes | nodes | taken)
        for term, taken in self.inverted(head):
            yield Reading("div", (1.0, term), nodes | taken)
        if op in ("add", "sub", "mul", "div"):
            for reading in self.rewritten(op, args):
                yield Reading(reading.op, reading.args, nodes | reading.nodes)
        if op == "square":
            yield Reading("mul", (args[0], args[0]), nodes)
        if op == "mul" and self.same(*args):
            yield Reading("square", args[:1], nodes)
        if op == "pow" and self.number(args[1]) in (0.5, 2.0):
            yield Reading("sqrt" if self.number(args[1]) == 0.5 else "square", args[:1], nodes | self.taken(args[1]))

    def rewritten(self, op: str, args: tuple[Term, ...]) -> Iterator[Reading]:
        """Sums as differences, products as quotients, and the other way round."""
        a, b = args
        if op in ("add", "sub"):
            other = "sub" if op == "add" else "add"
            yield from (Reading(other, (a, t), n) for t, n in self.opposites(b))
            if op == "add":
                yield from (Reading("sub", (b, t), n) for t, n in self.opposites(a))
        if op in ("mul", "div"):
            other = "div" if op == "mul" else "mul"
            yield from (Reading(other, (a, t), n) for t, n in self.reciprocals(b))
            if op == "mul":
                yield from (Reading("div", (b, t), n) for t, n in self.reciprocals(a))

    def opposites(self, term: Term, depth: int = DEPTH) -> tuple[Signed, ...]:
        """The terms that this one is the negation of, as far as few operations deep."""
        if (term, depth) not in self.opposed:
            self.opposed[term, depth] = tuple(islice(self.negations(term, depth), DEPTH))
        return self.opposed[term, depth]

    def negations(self, term: Term, depth: int) -> Iterator[Signed]:
        """The same, one by one."""
        value = self.number(term)
        head = self.head(term) if depth else None
        if value is not None and value < 0:
            yield -value, self.taken(term)
        if value is None and head:
            yield from ((t, n | head.nodes) for t, n in self.negated(head, depth - 1))

    def implied_opposites(self, term: Term) -> Iterator[Signed]:
        """The terms, computed by no node, that this one is the negation of: those of products with the sign inside."""
        head = self.head(term)
        if head and head.op in ("add", "mul", "div"):
            yield from ((t, n) for t, n in self.opposites(term) if isinstance(t, Made))

    def negated(self, head: Reading, depth: int = DEPTH) -> Iterator[Signed]:
        """The terms that a reading is the negation of."""
        op, args = head.op, head.args
        if op == "neg":
            yield args[0], head.nodes
        if op == "sub":
            if self.number(args[0]) == 0:
                yield args[1], self.taken(args[0])
                return
            yield from ((Made("add", (t, args[1])), n) for t, n in self.opposites(args[0], depth))
            yield Made("sub", (args[1], args[0])), frozenset()
        if op == "add":
            for t, n in self.opposites(args[0], depth):
                yield from ((Made("add", (t, u)), n | m) for u, m in self.opposites(args[1], depth))
        if op in ("mul", "div"):
            yield from ((product(op, t, args[1]), n) for t, n in self.opposites(args[0], depth))
            yield from ((product(op, args[0], t), n) for t, n in self.opposites(args[1], depth))

    def reciprocals(self, term: Term) -> Iterator[Signed]:
        """The terms that this one is the reciprocal of."""
        value = self.number(term)
        if value is not None:
            if value and abs(value) != 1:
                yield 1 / value, self.taken(term)
            return
        head = self.head(term)
        if head:
            yield from ((t, n | head.nodes) for t, n in self.inverted(head))
            if head.op == "div" and self.number(head.args[0]) == 1:
                yield head.args[1], head.nodes | self.taken(head.args[0])

    def inverted(self, head: Reading) -> Iterator[Signed]:
        """The terms that a reading, which is no quotient as it stands, is the reciprocal of."""
        if head.op == "reciprocal":
            yield head.args[0], head.nodes
        if head.op == "rsqrt":
            yield Made("sqrt", head.args[:1], head.nodes), head.nodes
        if head.op == "pow":
            power = self.number(head.args[1])
            nodes = head.nodes | self.taken(head.args[1])
            if power == -1:
                yield head.args[0], nodes
            if power in (-0.5, -2):
                yield Made("sqrt" if power == -0.5 else "square", head.args[:1], nodes), nodes


def product(op: str, a: Term, b: Term) -> Term:
    """A product or quotient, without factors of 1."""
    if op == "mul" and a == 1.0:
        return b
    return a if b == 1.0 else Made(op, (a, b))
