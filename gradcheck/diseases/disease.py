"""What a disease is, and what it is to have found one.

In: patterns and the text of a cure. Out: the records. The cure that is verified is the text that the user is shown,
run: there is no second spelling of it that could differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.diseases.branches import Branch, branches
from gradcheck.diseases.patterns import Found, Pattern, matches
from gradcheck.diseases.readings import Reader
from gradcheck.diseases.terms import Term
from gradcheck.program import Program, Ref


@dataclass(frozen=True)
class Disease:
    """An expression that goes wrong in floating point, and what to write in its place.

    Attributes:
        name: short and unique.
        patterns: its spellings, largest first.
        words: what is wrong, in one short sentence.
        replacement: Python code with the holes of the patterns in braces; the last line is the expression.
        exact: whether the replacement is the same function of real numbers, derivatives included. Where it is not, the
            function has no finite derivative somewhere, and the replacement's gradient is finite by convention there.
        branch: for a disease of an operation inside a tf.where: in which branch it is one (1 or 2); the condition is
            then an input named c. 0 for all others.
    """

    name: str
    patterns: tuple[Pattern, ...]
    words: str
    replacement: str
    exact: bool = True
    branch: int = 0

    def text(self, names: Mapping[str, str]) -> str:
        """The replacement with names in its holes."""
        return self.replacement.format(**names)

    def cure(self, tf: Any, **values: Any) -> Any:
        """The replacement of matched tensors and constants, as a tensor; `tf` is TensorFlow, not imported here."""
        *steps, result = self.text({name: name for name in values}).splitlines()
        scope = {"tf": tf, **values}
        exec("\n".join(steps), scope)
        return eval(result, scope)


@dataclass(frozen=True)
class Match:
    """A disease, found.

    Attributes:
        disease: which.
        root: the tensor to replace.
        inputs: the tensors in the holes.
        constants: the constants in the others: numbers, axes, whether dimensions are kept.
        nodes: positions of the nodes that the replacement makes superfluous, as far as nothing else reads them.
        negative: whether the root is the negation of the disease, with the sign written inside of it.
    """

    disease: Disease
    root: Ref
    inputs: Mapping[str, Ref]
    constants: Mapping[str, Any]
    nodes: frozenset[int]
    negative: bool = False

    def text(self, names: Mapping[str, str]) -> str:
        """The replacement as code, with the given names (or parenthesised expressions) of its inputs."""
        text = self.disease.text({**{name: repr(value) for name, value in self.constants.items()}, **names})
        *steps, result = text.splitlines()
        return "\n".join([*steps, f"-({result})" if self.negative else result])

    def cure(self, tf: Any, **tensors: Any) -> Any:
        """The replacement of tensors in the place of its inputs, as a tensor."""
        cure = self.disease.cure(tf, **self.constants, **tensors)
        return -cure if self.negative else cure


@dataclass(frozen=True)
class Suspect:
    """A tensor that may be diseased: how it reads, with either sign, and the branches of tf.where that it stands in."""

    root: Ref
    terms: tuple[tuple[Term, frozenset[int]], ...]
    branches: tuple[Branch, ...]


def suspects(program: Program, reader: Reader) -> Iterator[Suspect]:
    """The tensors of the forward part that are computed, and are no constants."""
    stands_in = branches(program)
    for position in sorted(program.forward):
        root = (position, 0)
        if program.nodes[position].inputs and reader.behind_aliases(root)[0] == root and reader.number(root) is None:
            terms = ((root, frozenset[int]()), *reader.implied_opposites(root))
            yield Suspect(root, terms, stands_in.get(position, ()))


def diagnosed(disease: Disease, reader: Reader, suspect: Suspect) -> Iterator[Match]:
    """The first match of each of a disease's spellings with a tensor."""
    conditions = [{"c": b.condition} for b in suspect.branches if b.side == disease.branch] if disease.branch else [{}]
    for pattern in disease.patterns if conditions else ():
        for term, taken in suspect.terms:
            found = next(matches(reader, pattern, term, Found(nodes=taken)), None)
            if found is not None:
                inputs = {**found.inputs, **conditions[0]}
                yield Match(disease, suspect.root, inputs, found.constants, found.nodes, term != suspect.root)
                break


def all_matches(program: Program, diseases: tuple[Disease, ...]) -> Iterator[Match]:
    """Every match of every disease in the forward part of a program."""
    reader = Reader(program)
    for suspect in suspects(program, reader):
        for disease in diseases:
            yield from diagnosed(disease, reader, suspect)


def outermost(found: list[Match]) -> tuple[Match, ...]:
    """Largest first, without those that lie within a larger one, and without those whose cures are at odds with it.

    Cures are at odds where one replaces a tensor that the other one reads as a part of its own disease.
    """
    kept: list[Match] = []
    for match in sorted(found, key=lambda m: -len(m.nodes)):  # stable: the catalogue's order decides between equals
        if not any(within(match, other) for other in kept):
            kept.append(match)
    return tuple(kept)


def within(match: Match, other: Match) -> bool:
    """Whether a match is a part of another one, or one's root is in the middle of the other."""
    return match.nodes <= other.nodes or match.root[0] in other.nodes or other.root[0] in match.nodes
