"""Words of a tensor target's report that every renderer for people shares.

In: records of a search. Out: short texts, undressed: inputs and shapes, what came out at a witness, how it was found.
"""

from math import isfinite
from typing import TYPE_CHECKING

from gradcheck.floats import FORMATS
from gradcheck.later import Later
from gradcheck.program import Array
from gradcheck.records import Finding, LineInterval, SearchReport, TensorInput, TensorWitness
from gradcheck.renderers.arrays import facts_of, is_known, is_unlisted, with_words
from gradcheck.renderers.paragraphs import shown

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

WRITTEN = 12
"""Elements of a tensor that are written out."""


def input_text(traced: TensorInput, differentiated: bool) -> str:
    """One input in words."""
    domain = "" if traced.domain.kind == "any" else f", {traced.domain.text}"
    held = "" if differentiated else ", not differentiated by"
    return f"{traced.name}: {traced.dtype}{shape_text(traced.shape)}{domain}{held}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in brackets."""
    return "[" + ", ".join(str(d) for d in shape) + "]"


def witness_lines(finding: Finding, witness: TensorWitness) -> list[str]:
    """What was put in, and what came out."""
    given = ", ".join(f"{name} = {tensor_text(a, witness.dtypes[name])}" for name, a in witness.inputs.items())
    outputs = ", ".join(f"{output_text(name)} {tensor_text(a)}" for name, a in witness.outputs.items())
    lines = [f"at {given}", f"{outputs}{true_text(witness.true_outputs)}"]
    if witness.gradient is not None:
        truth = witness.true_gradient
        true = "" if truth is None or not is_known(truth) else f" (true {tensor_text(with_words(truth, 'none'))})"
        lines.append(f"gradient by {finding.wrt} {tensor_text(witness.gradient)}{true}{where_bad(witness)}")
    if witness.weights is not None:
        lines.append(f"outputs weighed with {', '.join(tensor_text(w) for w in witness.weights)}")
    if witness.line:
        lines.append(f"along {line_text(witness.line)}")
    return [*lines, *([witness.poisons] if witness.poisons else [])]


def output_text(name: str) -> str:
    """The name of an output; the only one has none, and one of a list is a number."""
    return f"output[{name}]" if name.isdigit() else name or "output"


def true_text(outputs: "object") -> str:
    """The true outputs, where they are known."""
    if not isinstance(outputs, dict):
        return ""
    known = [a for a in outputs.values() if is_known(a)]
    return f" (true {', '.join(tensor_text(a) for a in known)})" if known else ""


def where_bad(witness: TensorWitness) -> str:
    """Which entries are bad, unless all are."""
    gradient = witness.gradient
    if gradient is None or not witness.bad or witness.bad_count == gradient.size:
        return ""
    places = ", ".join(shape_text(index) for index in witness.bad[:4])
    return f", bad at {places}" + (f" and {witness.bad_count - 4} more" if witness.bad_count > 4 else "")


def line_text(line: LineInterval) -> str:
    """The interval along one element."""
    place = f"{line.input}{shape_text(line.index) if line.index else ''}"
    if line.lo == line.hi:
        return f"{place}: only at {line.fmt.text(line.lo)}"
    return f"{place}: from {line.fmt.text(line.lo)} to {line.fmt.text(line.hi)}"


def tensor_text(array: Array, dtype: str | None = None) -> str:
    """A tensor in brackets; a large one by its shape and its extremes."""
    if is_unlisted(array) or array.size > WRITTEN:
        facts = facts_of(array)
        if facts.same:
            return f"{shape_text(array.shape)} all {entry_text(facts.first, dtype)}"
        return f"{shape_text(array.shape)}" + (f" with {facts.odd:,} not finite" if facts.odd else "")
    if array.ndim == 0:
        return entry_text(array[()], dtype)
    return "[" + ", ".join(tensor_text(np.asarray(part), dtype) for part in array) + "]"


def entry_text(value: object, dtype: str | None) -> str:
    """One element."""
    if value is None:
        return "?"
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    assert isinstance(value, (float, np.floating)), "floats are all that is left"
    fmt = FORMATS.get(dtype or "")
    if fmt is not None and isfinite(value):
        return fmt.text(fmt.nearest(float(value)))
    return shown(float(value))


def search_coverage_text(search: SearchReport, modes: tuple[str, ...]) -> str:
    """How the results were obtained."""
    stages = ", ".join(f"{n:,} {stage}" for stage, n in search.points.items())
    truth = "the truth is not known"
    if search.judged:
        truth = f"{search.judged:,} results held against real arithmetic"
    if search.approximate and search.judged:
        truth = f"approximate: float64 stands in for the truth ({', '.join(search.approximate)})"
    cut = "; stopped by the clock, so that another run may find more (--budget)" if search.cut else ""
    weighed = f"; outputs weighed with {' and '.join(search.cotangents)}" if len(search.cotangents) > 1 else ""
    second = "; second derivative" if search.order == 2 else ""
    points = f"searched: {sum(search.points.values()):,} points ({stages})"
    return f"{points}, {'/'.join(modes)} mode; {truth}{weighed}{second}{cut}"


def clean_text(search: SearchReport) -> str:
    """What was differentiated by, at which shapes, in how many points."""
    shapes = {i.name: f"{i.name}{shape_text(i.shape)}" for i in search.inputs}
    by = [shapes.get(name, name) for name in search.wrt if name not in {w.name for w in search.weights}]
    by += [f"{len(search.weights)} variable{'s' * (len(search.weights) > 1)}"] if search.weights else []
    held = [text for name, text in shapes.items() if name not in search.wrt]
    guessed = ", shapes guessed" if search.guessed else ""
    beside = f" at {', '.join(held)}" if held else ""
    return f"by {', '.join(by)}{beside}{guessed}: {sum(search.points.values()):,} points run"
