"""Causes: the operation and the line that are guilty of a bad gradient, on labelled cases.

`causes.json` holds a case a row:

    target       in `targets/`; `causes.py:NAME` if not said.
    code, version, wrt    of the finding; the version is autodiff and the input the first if not said.
    overlaps     an interval that the finding must overlap.
    witness      a value of the input at which the label was checked, the others held at 0.5 or as `holds` says.
    kind         of the finding, where the contract leaves no doubt.
    forward_ops  types of the forward operation that the cause belongs to; several where they are equally right.
    ops          instead, where the guilty operation is one of a custom gradient's own formula: its type.
    quick        whether it is scanned in the quick run too.
    opaque       plain TensorFlow cannot look inside (tf.function, tf.cond, a stripped gradient).

The guilty line bears `# cause: NAME` in the target's file. A cause is the first operation whose inputs are fine and
whose output is not: infinite or NaN, flushed to 0, or short of digits.
"""

import functools
import importlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from gradcheck.records import Finding, TargetReport

Entry: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, int]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGETS = HERE / "targets"
ENTRIES: list[Entry] = json.loads((HERE / "causes.json").read_text("utf-8"))
COPIES = 16384
SMALLEST = 2.0**-126


def cases(entries: list[Entry]) -> list[Any]:
    """Cases of a test that scans; those that are not for the quick run are marked."""
    slow = {entry["name"]: () if entry.get("quick") else pytest.mark.slow for entry in entries}
    return [pytest.param(entry, id=entry["name"], marks=slow[entry["name"]]) for entry in entries]


each_scan = pytest.mark.parametrize("entry", cases(ENTRIES))
each_case = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])


def target_of(entry: Entry) -> str:
    return str(entry.get("target", f"causes.py:{entry['name']}"))


@functools.cache
def marked_lines() -> dict[str, set[Place]]:
    """File name and number of the lines that bear a case's name."""
    lines: dict[str, set[Place]] = {}
    for file in sorted(TARGETS.glob("*.py")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            marker = re.search(r"# cause: ([\w, ]+)$", line)
            for name in marker[1].split(", ") if marker else []:
                lines.setdefault(name, set()).add((file.name, number))
    return lines


def test_rows() -> None:
    names = [entry["name"] for entry in ENTRIES]
    assert len(names) == len(set(names)) >= 45
    assert set(names) == set(marked_lines())
    assert all(("ops" in entry) != ("forward_ops" in entry) for entry in ENTRIES)
    assert {e["name"] for e in ENTRIES if e["code"] in ("GC003", "GC004")} == set(TRUTH)


@functools.cache
def scanned(target: str, ranges: tuple[str, ...], holds: tuple[str, ...]) -> TargetReport:
    """The report of a target, once for all its cases."""
    from gradcheck import pipeline
    from gradcheck.options import ScanOptions
    from gradcheck.parsing import parse_hold, parse_range

    options = ScanOptions(ranges=tuple(map(parse_range, ranges)), holds=tuple(map(parse_hold, holds)))
    return pipeline.scan(f"tests/corpus/targets/{target}", options)


def report_of(entry: Entry) -> TargetReport:
    report = scanned(target_of(entry), tuple(entry.get("ranges", [])), tuple(entry.get("holds", [])))
    assert report.error is None, report.error
    return report


def finding_of(entry: Entry) -> Finding:
    """The finding that a case is about."""
    report = report_of(entry)
    version, wrt = entry.get("version", "autodiff"), entry.get("wrt", report.inputs[0].name)
    lo, hi = map(float, entry["overlaps"])
    for finding in report.findings:
        ends = [end for end in (finding.lo, finding.at, finding.hi) if end is not None]
        if (finding.code, finding.version, finding.wrt) == (entry["code"], version, wrt) and ends:
            first, *_, last = [finding.fmt.value(end) for end in (ends[0], ends[-1])]
            if first <= hi and lo <= last:
                return finding
    raise AssertionError(f"no {entry['code']} of {version} over {entry['overlaps']}; found {texts(report)}")


def texts(report: TargetReport) -> list[tuple[Any, ...]]:
    """Findings, short."""
    return [
        (f.code, f.kind, f.version, f.wrt, *[None if end is None else f.fmt.value(end) for end in (f.lo, f.hi)])
        for f in report.findings
    ]


def reported_op(entry: Entry) -> str:
    """The type that is reported where the case has one: of the gradient's own operation, or of the forward one."""
    cause = finding_of(entry).cause
    if cause is None:
        return "(no cause)"
    return (cause.op if "ops" in entry else cause.forward_op) or "(none)"


def expected_ops(entry: Entry) -> list[str]:
    ops: list[str] = entry.get("ops") or entry["forward_ops"]
    return ops


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@each_scan
def test_cause(entry: Entry) -> None:
    finding = finding_of(entry)
    assert finding.cause is not None, entry["why"]
    assert reported_op(entry) in expected_ops(entry), f"{entry['why']}; reported {finding.cause}"
    place = (Path(finding.cause.file or "").name, finding.cause.line or 0)
    assert place in marked_lines()[entry["name"]], f"{entry['why']}; reported {finding.cause}"


@pytest.mark.parametrize("entry", cases([entry for entry in ENTRIES if "kind" in entry]))
def test_kind(entry: Entry) -> None:
    assert finding_of(entry).kind == entry["kind"], entry["why"]


@pytest.mark.slow
def test_confusion() -> None:
    """Nearly all are right, whatever becomes of single cases; printed with -s."""
    matrix: Counter[tuple[str, str]] = Counter()
    for entry in ENTRIES:
        try:
            reported = reported_op(entry)
        except AssertionError:
            reported = "(no finding)"
        expected = expected_ops(entry)
        matrix[expected[0] if reported not in expected else reported, reported] += 1
    table = "\n".join(
        f"{expected:12} {reported:14} {count:3}" for (expected, reported), count in sorted(matrix.items())
    )
    print(f"\nexpected     reported       cases\n{table}")  # noqa: T201
    right = sum(count for (expected, reported), count in matrix.items() if expected == reported)
    assert right >= 0.95 * len(ENTRIES), f"{right} of {len(ENTRIES)}\n{table}"


# Whether the labels are true, without gradcheck.


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


TRUTH: dict[str, Callable[[Any], Any]] = {
    "softplus_vanished": logistic,
    "logistic_vanished": lambda x: logistic(x) * logistic(-x),
    "log_cosh_vanished": mpmath.tanh,
    "root_of_square_vanished": mpmath.sign,
    "log_of_square": lambda x: 2 * x / (x * x + 1),
    "asinh_vanished": lambda x: 1 / mpmath.sqrt(x * x + 1),
    "asinh_inaccurate": lambda x: 1 / mpmath.sqrt(x * x + 1),
    "angle_inaccurate": lambda t: 2 / mpmath.sqrt(2 - t * t),
    "one_minus_cosine": lambda x: mpmath.sin(x) / x**2 - 2 * (1 - mpmath.cos(x)) / x**3,
    "log_of_small_rest": lambda x: -logistic(x),
    "log1mexp_inaccurate": lambda x: 1 / mpmath.expm1(x),
    "logit_of_logistic": lambda x: mpf(1),
    "sine_by_cosine": mpmath.cos,
    "shortcut_variance": lambda x: mpf(0.5),
    "arctan_of_reciprocal": lambda x: -1 / (1 + x * x),
    "helper_vanished": lambda x: 2 * logistic(2 * x),
    "gradient_underflows": lambda x: -mpmath.exp(-x / 2) / 2,
}
"""The derivative, where the gradient is finite and wrong."""


@functools.cache
def module(name: str) -> ModuleType:
    """A file of targets, the one that is scanned."""
    if str(TARGETS) not in sys.path:
        sys.path.insert(0, str(TARGETS))
    return importlib.import_module(name)


def values_of(entry: Entry, function: Callable[..., Any]) -> tuple[list[float], int]:
    """One value an input, and which of them is differentiated by."""
    held = dict(text.split("=") for text in entry.get("holds", []))
    code = getattr(function, "__wrapped__", function).__code__
    names = code.co_varnames[: code.co_argcount]
    wrt = names.index(entry["wrt"]) if entry.get("wrt") in names else 0
    return [entry["witness"] if i == wrt else float(held.get(n, 0.5)) for i, n in enumerate(names)], wrt


@pytest.mark.slow
@each_case
def test_label_is_true(entry: Entry) -> None:
    """The gradient at the witness is what the code says, in plain TensorFlow."""
    import tensorflow as tf

    file, _, name = target_of(entry).partition(".py:")
    function = getattr(module(file), name)
    if entry["name"] == "protected":
        function = module("causes").softplus  # the same function without the custom gradient
    values, wrt = values_of(entry, function)

    def run(*xs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(xs[wrt])
            y = function(*xs)
        return tape.gradient(y, xs[wrt])

    branches = entry["name"] in ("in_a_cond", "in_an_else")
    shape = [] if branches else [COPIES]
    concrete = tf.function(run).get_concrete_function(*[tf.TensorSpec(shape, tf.float32)] * len(values))
    gradients = concrete(*(tf.fill(shape, np.float32(value)) for value in values)).numpy()
    gradient = float(np.ravel(gradients)[0])
    if entry["code"] == "GC001":
        assert np.isnan(gradients).all(), gradient
    elif entry["code"] == "GC002":
        assert np.isinf(gradients).all(), gradient
    else:
        with mpmath.workdps(80):
            true = float(TRUTH[entry["name"]](mpf(float(np.float32(entry["witness"])))))
        assert SMALLEST <= abs(true) < 3.4e38
        assert np.isfinite(gradients).all()
        if entry["code"] == "GC003":
            assert (gradients == 0).all(), gradient
        else:
            assert abs(gradient - true) > 0.01 * abs(true), (gradient, true)
            assert gradient != 0


SEEN = [e for e in ENTRIES if e["code"] != "GC004" and not e.get("opaque")]


@pytest.mark.slow
@pytest.mark.parametrize("entry", SEEN, ids=[entry["name"] for entry in SEEN])
def test_labelled_operation_is_guilty(entry: Entry) -> None:
    """Every intermediate is fetched at the witness; from the gradient back to where good tensors give a bad one."""
    import tensorflow as tf

    file, _, name = target_of(entry).partition(".py:")
    function = getattr(module(file), name)
    values, wrt = values_of(entry, function)

    def both(*xs: Any) -> Any:
        return tf.gradients(function(*xs), xs[wrt])[0]

    wrapped = tf.compat.v1.wrap_function(both, [tf.TensorSpec([COPIES], tf.float32)] * len(values))
    tensors = [t for op in wrapped.graph.get_operations() for t in op.outputs if t.dtype == tf.float32]
    fetched = wrapped.prune(wrapped.inputs[: len(values)], tensors)(
        *(tf.fill([COPIES], np.float32(value)) for value in values)
    )
    at_witness = {t.ref(): float(np.ravel(v.numpy())[0]) for t, v in zip(tensors, fetched, strict=True) if v.shape != 0}
    sources = list(guilty(wrapped.outputs[0], at_witness, vanished=entry["code"] == "GC003"))
    assert sources
    found = [(described(op, wrapped.graph), place_of(op, wrapped.graph)) for op in sources]
    right = [place in marked_lines()[entry["name"]] and op in expected_ops(entry) for op, place in found]
    assert any(right), found
    assert all(right) or entry.get("forward_ops") == ["Exp"], found


def guilty(gradient: Any, values: dict[Any, float], vanished: bool) -> Iterator[Any]:
    """Operations with good inputs and a bad output that a bad gradient comes from."""

    def is_bad(tensor: Any) -> bool:
        value = values.get(tensor.ref())
        return value is not None and (not np.isfinite(value) or (vanished and value == 0))

    seen, todo = set(), [gradient]
    while todo:
        op = todo.pop().op
        if op.name in seen:
            continue
        seen.add(op.name)
        bad = [t for t in op.inputs if is_bad(t) and t.op.type not in ("Const", "Placeholder")]
        todo += bad
        if not bad and op.inputs:
            yield op


def place_of(op: Any, graph: Any) -> Place | None:
    """The user's line that made an operation, or the forward operation that it is a part of the gradient of."""
    frames = [f for f in op.traceback if Path(f.filename).parent == TARGETS]
    if frames:
        return Path(frames[-1].filename).name, frames[-1].lineno
    forward = forward_of(op, graph)
    return place_of(forward, graph) if forward is not None else None


def described(op: Any, graph: Any) -> str:
    """Its type, or that of its forward operation."""
    forward = forward_of(op, graph)
    is_users = any(Path(f.filename).parent == TARGETS for f in op.traceback)
    return str(op.type if is_users or forward is None else forward.type)


def forward_of(op: Any, graph: Any) -> Any:
    """The operation that a node called gradients/NAME_grad/... is a part of the gradient of."""
    match = re.match(r"gradients/(.*)_grad/", op.name)
    names = {o.name: o for o in graph.get_operations()}
    return names.get(match[1]) if match else None
