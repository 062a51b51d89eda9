"""Guards: what keeps an expression away from the point where it breaks.

In: a term that stands in a hole. Out: whether the user has already put a guard around it, so that nothing is to be
cured: a bound, a tf.where in front of the operation, a shift by the maximum.
"""

from gradcheck.diseases.readings import Reader
from gradcheck.diseases.terms import Term

STOPS = frozenset({"stopgradient", "reshape", "broadcastto", "expanddims", "squeeze", "cast", "where"})
NONNEGATIVE = frozenset({"square", "abs", "exp", "softplus", "sigmoid", "softmax", "relu", "sqrt", "cosh"})
DEPTH = 6


def selected(reader: Reader, term: Term) -> bool:
    """A tf.where (the inner one of two) in front."""
    head = reader.head(term)
    return head is not None and head.op == "where"


def above_zero(reader: Reader, term: Term, depth: int = DEPTH) -> bool:
    """Kept away from 0 by a positive constant, added or as a bound."""
    value = reader.number(term)
    head = reader.head(term) if depth and value is None else None
    if head is None:
        return value is not None and value > 0
    if head.op in ("maximum", "add"):
        return any(above_zero(reader, a, depth - 1) for a in head.args)
    if head.op in ("sqrt", "square", "abs", "minimum", "mul", "div"):
        return all(above_zero(reader, a, depth - 1) for a in head.args)
    return head.op == "cosh"


def nonnegative(reader: Reader, term: Term, depth: int = DEPTH) -> bool:
    """Cannot be below 0, as far as the graph tells."""
    value = reader.number(term)
    head = reader.head(term) if depth and value is None else None
    if head is None:
        return value is not None and value >= 0
    if head.op == "maximum":
        return any(nonnegative(reader, a, depth - 1) for a in head.args)
    if head.op in ("add", "mul", "div", "sum", "mean", "minimum"):
        both = head.op == "mul" and reader.same(*head.args)
        return both or all(nonnegative(reader, a, depth - 1) for a in head.args)
    even = head.op == "pow" and reader.number(head.args[1]) in (2.0, 4.0)
    return even or head.op in NONNEGATIVE


def surely_above_zero(reader: Reader, term: Term) -> bool:
    """Guarded by a tf.where, or above a positive bound for any input: 1 + x is not, 1 + x * x is."""
    head = reader.head(term)
    is_sum = head is not None and head.op == "add"
    return kept_from_zero(reader, term) and (not is_sum or nonnegative(reader, term))


def kept_from_zero(reader: Reader, term: Term) -> bool:
    """Guarded by a tf.where, or above a positive bound."""
    return selected(reader, term) or above_zero(reader, term)


def shifted(reader: Reader, term: Term) -> bool:
    """A difference with a maximum over the same tensor: exp of it does not overflow."""
    head = reader.head(term)
    return head is not None and head.op == "sub" and is_maximum(reader, head.args[1])


def is_maximum(reader: Reader, term: Term, depth: int = DEPTH) -> bool:
    """A maximum, also with its gradient stopped or in another shape."""
    head = reader.head(term) if depth else None
    if head is None:
        return False
    if head.op in ("max", "maximum", "where"):
        return head.op != "where" or any(is_maximum(reader, a, depth - 1) for a in head.args[1:])
    return head.op in STOPS and is_maximum(reader, head.args[0], depth - 1)


def clipped(reader: Reader, term: Term) -> bool:
    """Held between bounds inside of (-1, 1), or selected by a tf.where."""
    bounds = []
    for _ in range(2):
        head = reader.head(term)
        if head is None or head.op not in ("maximum", "minimum"):
            break
        values = [reader.number(a) for a in head.args]
        bounds += [value for value in values if value is not None]
        term = head.args[values[0] is not None]
    return selected(reader, term) or (len(bounds) == 2 and all(abs(b) < 1 for b in bounds))


def bounded_above(reader: Reader, term: Term) -> bool:
    """Held below a constant, or selected by a tf.where."""
    head = reader.head(term)
    if head is None:
        return False
    if head.op == "maximum":
        return any(bounded_above(reader, a) for a in head.args)
    return head.op == "where" or (head.op == "minimum" and any(constant(reader, a) for a in head.args))


def exponential(reader: Reader, term: Term) -> bool:
    """A constant, or exp of something, which has diseases of its own."""
    head = reader.head(term)
    return constant(reader, term) or (head is not None and head.op == "exp")


def constant(reader: Reader, term: Term) -> bool:
    """A constant."""
    return reader.number(term) is not None
