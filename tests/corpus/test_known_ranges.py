"""Where 77 elementwise functions have a bad value or gradient, to the float, as somebody else measured it.

`known_ranges.json` holds a row a function:

    ranges     [kind, first, last] as measured elsewhere: TensorFlow 2.21, CPU, float32, tf.function without XLA. The
               kind is that of the gradient, after "forward+" where the output is not finite; what lies in no range is
               clean. A gradient of None is ok.
    corrected  the same, for a row that we hold wrong, and `why`.
    islands    [kind, first, last]: every integer from first to last is of that kind, whatever the ranges say.
    told       where gradcheck can tell the islands apart; a piece of the line that is not inside is not compared.

These are facts about TensorFlow on one kind of CPU (x86, packets of 8 floats): a test that fails after an upgrade is a
thing to read. `test_evidence` says who is right, without gradcheck.
"""

import importlib.util
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ordinals: TypeAlias = NDArray[np.int64]
Kinds: TypeAlias = NDArray[np.int64]
Piece: TypeAlias = tuple[str, str, str]

KINDS = ("clean", "nan", "inf", "forward+ok", "forward+nan", "forward+inf")
LAST = 0x7F7FFFFF
FIRST = -LAST - 1
BLOCK = 1 << 14
"""Floats of a call. Blocks of 2^15 floats and more are other graphs: constants are folded in another order."""

WINDOW = 1 << 15
"""Floats around an end that are run."""


@dataclass(frozen=True)
class Range:
    """First and last ordinal of a range; +0 and -0 are two ordinals, and an end at 0 takes both in."""

    kind: str
    lo: int
    hi: int


@dataclass(frozen=True)
class Row:
    """A row of the file; `ranges` is what is expected, `measured` what the row says where that is held wrong."""

    name: str
    expression: str
    ranges: tuple[Range, ...]
    islands: Range | None
    told: tuple[Range, ...]
    measured: tuple[Range, ...] | None

    def kinds(self, ordinals: Ordinals) -> Kinds:
        """What is expected at each ordinal."""
        kinds = np.zeros(len(ordinals), dtype=np.int64)
        for part in self.ranges:
            kinds[(part.lo <= ordinals) & (ordinals <= part.hi)] = KINDS.index(part.kind)
        if self.islands:
            values = floats(ordinals)
            among = (self.islands.lo <= ordinals) & (ordinals <= self.islands.hi) & (values == np.floor(values))
            kinds[among] = KINDS.index(self.islands.kind)
        return kinds

    def starts(self) -> list[int]:
        """Where a piece may start; of the islands, the outermost ones and those that gradcheck can tell apart."""
        ends = [*self.ranges, *(Range("", i, i) for i in self.integers())]
        return sorted({FIRST, *(r.lo for r in ends), *(r.hi + 1 for r in ends if r.hi < LAST)})

    def integers(self) -> Iterator[int]:
        """Ordinals of the islands to look at one by one."""
        if self.islands:
            yield from (self.islands.lo, self.islands.hi)
            for window in self.told:
                common = np.array([max(window.lo, self.islands.lo), min(window.hi, self.islands.hi)])
                lo, hi = floats(common).tolist()
                yield from ordinals_of(np.arange(math.ceil(lo), math.floor(hi) + 1, dtype=np.float32)).tolist()

    def pieces(self) -> list[Piece]:
        """The whole line in stretches of one kind, those that are told."""
        starts = self.starts()
        kinds = [KINDS[k] for k in self.kinds(np.array(starts))]
        stops = [start - 1 for start in starts[1:]] + [LAST]
        return self.compared([Range(*piece) for piece in zip(kinds, starts, stops, strict=True)])

    def compared(self, parts: list[Range]) -> list[Piece]:
        """Adjacent parts of one kind joined, those within what is told, as text."""
        joined: list[Range] = []
        for part in parts:
            if joined and joined[-1].kind == part.kind:
                joined[-1] = replace(joined[-1], hi=part.hi)
            else:
                joined.append(part)
        inside = (p for p in joined if any(t.lo <= p.lo and p.hi <= t.hi for t in self.told))
        return [(p.kind, text(p.lo), text(p.hi)) for p in inside]


def ordinals_of(values: Floats) -> Ordinals:
    """Position of each float on the line of all: 0 is 0, -0 is -1, neighbours differ by 1."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF) - 1, bits)


def floats(ordinals: Ordinals) -> Floats:
    """The floats at `ordinals`, bit for bit."""
    return np.where(ordinals < 0, (-ordinals - 1) | 0x80000000, ordinals).astype(np.uint32).view(np.float32)


def text(ordinal: int) -> str:
    """The float at an ordinal, in as many digits as tell it from its neighbours; 0 has no sign."""
    return f"{float(floats(np.array([ordinal]))[0]) + 0.0:.9g}"


def range_of(kind: str, first: str, last: str) -> Range:
    """A range as the file writes it."""
    lo, hi = ordinals_of(np.array([first, last]).astype(np.float32)).tolist()
    return Range(kind, -1 if lo == 0 else lo, 0 if hi == -1 else hi)


def row_of(entry: dict[str, Any]) -> Row:
    """A row as the file writes it."""
    measured = tuple(range_of(*r) for r in entry["ranges"])
    corrected = tuple(range_of(*r) for r in entry["corrected"]) if "corrected" in entry else None
    return Row(
        name=entry["name"],
        expression=entry["expression"],
        ranges=measured if corrected is None else corrected,
        islands=range_of(*entry["islands"]) if "islands" in entry else None,
        told=tuple(range_of("", *w) for w in entry.get("told", [])) or (Range("", FIRST, LAST),),
        measured=None if corrected is None else measured,
    )


ENTRIES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("known_ranges.json").read_text("utf-8"))
ROWS = [row_of(entry) for entry in ENTRIES]
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python file with the function of each row, as a user would write it."""
    functions = [f"def {function_name(row)}(x):\n    return {row.expression}\n" for row in ROWS]
    file = tmp_path_factory.mktemp("corpus") / "known_ranges_functions.py"
    file.write_text("\n\n".join(["import math\n\nimport tensorflow as tf\n", *functions]), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def functions(source: Path) -> ModuleType:
    """That file, imported."""
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def function_name(row: Row) -> str:
    return f"row_{ROWS.index(row)}"


def test_rows() -> None:
    assert len(ENTRIES) == 77
    assert len({entry["name"] for entry in ENTRIES}) == 77
    assert len({entry["expression"] for entry in ENTRIES}) == 77


def test_rows_are_well_formed() -> None:
    for entry in ENTRIES:
        for ranges in (entry["ranges"], entry.get("corrected", [])):
            ends = []
            for kind, first, last in ranges:
                part = range_of(kind, first, last)
                assert kind in KINDS[1:]
                assert [text(part.lo), text(part.hi)] == [first, last], "as many digits as tell it from its neighbours"
                ends += [2 * part.lo, 2 * part.hi + 1]
            assert ends == sorted(set(ends)), f"{entry['name']}: in order, and none in another"


def test_rows_held_wrong() -> None:
    wrong = [entry["name"] for entry in ENTRIES if "corrected" in entry]
    assert len(wrong) == 10
    assert wrong == [entry["name"] for entry in ENTRIES if entry.get("why")]


@pytest.mark.slow
@each_row
def test_known_ranges(row: Row, source: Path) -> None:
    from gradcheck import pipeline
    from gradcheck.options import ScanOptions

    (report,) = pipeline.run((f"{source}:{function_name(row)}",), ScanOptions()).targets
    assert report.error is None
    (sweep,) = report.sweeps
    found = []
    for region in sweep.regions:
        lo, hi = ordinals_of(region.fmt.decode(np.array([region.lo, region.hi])).astype(np.float32)).tolist()
        gradient = region.gradients.get("custom", region.gradients["autodiff"])
        found.append(Range(kind_of(region.forward.value, gradient.value), lo, hi))
    assert row.compared(found) == row.pieces()


def kind_of(forward: str, gradient: str) -> str:
    """The kind that a region's two classes make."""
    if "mixed" in (forward, gradient):
        return "mixed"
    kind = {"nan": "nan", "inf": "inf", "-inf": "inf"}.get(gradient, "ok")
    if forward == "finite":
        return "clean" if kind == "ok" else kind
    return f"forward+{kind}"


@pytest.mark.slow
@each_row
def test_evidence(row: Row, functions: ModuleType) -> None:
    """Every float around every end is of the kind that is expected, and what is held wrong is contradicted.

    Plain TensorFlow, one trace a function. The ends are those of the expectation, of the line, and of what the row
    said before it was corrected.
    """
    run = traced(getattr(functions, function_name(row)))
    measured = replace(row, ranges=row.measured, islands=None) if row.measured is not None else None
    ends = {*row.starts(), *(measured.starts() if measured else ()), LAST}
    contradicted = False
    for end in sorted(ends):
        ordinals = np.arange(max(end - WINDOW // 2, FIRST), min(end + WINDOW // 2, LAST + 1))
        kinds, expected = observed(run, ordinals), row.kinds(ordinals)
        wrong = np.flatnonzero(kinds != expected)
        said = [(text(ordinals[i]), KINDS[expected[i]], KINDS[kinds[i]]) for i in wrong[:4]]
        assert not said, f"{len(wrong)} floats around {text(end)}: (float, expected, seen) {said}"
        contradicted = contradicted or (measured is not None and bool((kinds != measured.kinds(ordinals)).any()))
    assert contradicted == (measured is not None)


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function and its gradient, None as 0, for a block of floats of a known size."""
    import tensorflow as tf

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    concrete: Callable[..., Any] = tf.function(run).get_concrete_function(tf.TensorSpec([BLOCK], tf.float32))
    return lambda ordinals: concrete(tf.bitcast(tf.constant(floats(ordinals).view(np.int32)), tf.float32))


def observed(run: Callable[..., Any], ordinals: Ordinals) -> Kinds:
    """The kind of each float, run in whole blocks; the last one is filled up."""
    kinds = []
    for start in range(0, len(ordinals), BLOCK):
        block = ordinals[start : start + BLOCK]
        y, gradient = (t.numpy()[: len(block)] for t in run(np.pad(block, (0, BLOCK - len(block)), mode="edge")))
        kinds.append(3 * ~np.isfinite(y) + np.where(np.isnan(gradient), 1, np.where(np.isinf(gradient), 2, 0)))
    return np.concatenate(kinds)
