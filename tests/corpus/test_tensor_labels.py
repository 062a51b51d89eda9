"""Whether the labels of `tensors.json` are true, by plain TensorFlow and differences; gradcheck is not asked.

A row is a target of `tensor_targets/`:

    target, options  as a command line would have them.
    witness          one value an input, by its name (`pair['anchor']`, `pair[0]` within a structure).
    expect           what is to be found: `code`, the input `wrt` (null of GC006), `kind` (null of NaN and inf: not labelled,
                     mostly as the value itself is not defined: 0 / 0), whether it is `masked` (the
                     value is finite where the gradient is not), and the `lines` that are guilty. A line that is guilty
                     bears `# cause: NAME`; an empty list says that it is not the user's. An entry may have a witness of
                     its own, and `step`, the scale of the differences that its kind is checked by.
    stable           no NaN, inf or None is to be found, anywhere in the ranges and domains of the options.
    doubts           of stable ones: codes that can be argued for, since some entry somewhere is 0 or off by more than 1%
                     of itself in float32 (mostly where a sum of larger terms cancels).
    class, source    of the defect, and where it was reported.
"""

import functools
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import pytest

Row: TypeAlias = dict[str, Any]
Arrays: TypeAlias = list[np.ndarray[Any, Any]]

HERE = Path(__file__).parent
TARGETS = HERE / "tensor_targets"
ROWS: list[Row] = json.loads((HERE / "tensors.json").read_text("utf-8"))
CODES = {"GC001", "GC002", "GC003", "GC004", "GC005", "GC006", "GC008", "GC009"}
LARGEST = 3.4e38
POINTS = 100

DEFECTS = [row for row in ROWS if not row["stable"]]
STABLE = [row for row in ROWS if row["stable"]]


def name_of(row: Row) -> str:
    return str(row["target"]).replace(".py:", ".")


@functools.cache
def marked_lines() -> dict[tuple[str, str], list[int]]:
    """Lines that bear a target's name, by file and name."""
    lines: dict[tuple[str, str], list[int]] = {}
    for file in sorted(TARGETS.glob("*.py")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            marker = re.search(r"# cause: ([\w, ]+)$", line)
            for name in marker[1].split(", ") if marker else []:
                lines.setdefault((file.name, name), []).append(number)
    return lines


def test_rows() -> None:
    targets = [row["target"] for row in ROWS]
    assert len(targets) == len(set(targets))
    assert len(DEFECTS) >= 70
    assert len(STABLE) >= 40
    for row in ROWS:
        assert row["stable"] == (not row["expect"]), row["target"]
        assert row["class"]
        assert row["source"]
        for expected in row["expect"]:
            assert expected["code"] in CODES
            assert expected["kind"] in ("singular", "numerical", "overflow", None)
            assert expected["wrt"] in row["witness"] or expected["code"] == "GC006"


def test_lines() -> None:
    """Lines are those of the markers, and every marker is that of a row."""
    marked = dict(marked_lines())
    for row in DEFECTS:
        file, name = row["target"].removesuffix("()").split(":")
        lines = marked.pop((file, name), [])
        assert all(expected["lines"] == lines for expected in row["expect"]), f"{name}: {lines}"
    assert not marked


# Targets.


@functools.cache
def module(file: str) -> ModuleType:
    """A file of targets; other corpora have files of the same name."""
    name = f"tensor_targets_{Path(file).stem}"
    spec = importlib.util.spec_from_file_location(name, TARGETS / file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@functools.cache
def function_of(target: str) -> tuple[Callable[..., Any], Any]:
    """A target as a function of its arguments, and its signature if it has one."""
    file, name = target.split(":")
    found = getattr(module(file), name.removesuffix("()"))
    function = found() if name.endswith("()") else found
    declared = function if hasattr(function, "input_signature") else type(function).__dict__.get("__call__")
    return function, getattr(declared, "input_signature", None)


def arrays_of(witness: dict[str, Any], half: bool = False) -> Arrays:
    """Values of a witness: truth values, integers (no decimal point) and floats."""
    arrays = []
    for value in witness.values():
        array = np.array(value)
        if array.dtype.kind == "f":
            array = array.astype(np.float16 if half else np.float32)
        arrays.append(array.astype(np.int32) if array.dtype.kind == "i" else array)
    return arrays


def half(row: Row) -> bool:
    return "float16" in row["options"]


def total_of(y: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(y)


@functools.cache
def gradient_of(target: str) -> Callable[..., Any]:
    """From flat tensors to the output and the gradients of its floats, as a graph."""
    import tensorflow as tf

    function, signature = function_of(target)

    def run(*flat: Any) -> Any:
        floats = [x for x in flat if x.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(floats)
            arguments = tf.nest.pack_sequence_as(list(signature), list(flat)) if signature else list(flat)
            y = function(*arguments)
        found = iter(tape.gradient(y, floats))
        return y, [next(found) if x.dtype.is_floating else None for x in flat]

    return tf.function(run, autograph=False)  # type: ignore[no-any-return, unused-ignore]


def evaluate(target: str, arrays: Arrays) -> tuple[Any, list[Any]]:
    """The output and the gradients at a point."""
    import tensorflow as tf

    y, gradients = gradient_of(target)(*[tf.constant(array) for array in arrays])
    return y.numpy(), [None if g is None else tf.convert_to_tensor(g).numpy() for g in gradients]


@functools.cache
def wide(target: str) -> Callable[[Arrays], float]:
    """The sum of the outputs in float64, or as it is where its constants forbid that."""
    import tensorflow as tf

    function, signature = function_of(target)
    double = getattr(function, "python_function", function)

    def value(arrays: Arrays) -> float:
        flat = [tf.constant(a, tf.float64) if a.dtype.kind == "f" else tf.constant(a) for a in arrays]
        arguments = tf.nest.pack_sequence_as(list(signature), flat) if signature else flat
        return float(tf.reduce_sum(tf.cast(double(*arguments), tf.float64)))

    def narrow(arrays: Arrays) -> float:
        flat = [tf.constant(a, tf.float32) if a.dtype.kind == "f" else tf.constant(a) for a in arrays]
        arguments = tf.nest.pack_sequence_as(list(signature), flat) if signature else flat
        return float(np.sum(np.float64(function(*arguments).numpy())))

    return value if target.split(":")[1] not in NARROW else narrow


NARROW = {"make_weighted_rmse()", "make_tower()", "SPHERE", "POOLING", "DISTANCE_LOSS", "KERAS_CROSS_ENTROPY"}
NARROW |= {"local_response", "numpy_square"}
"""Targets whose weights, constants or kernels are float32."""


# Defects.


def expectations() -> list[Any]:
    found = []
    for row in DEFECTS:
        for expected in row["expect"]:
            code, wrt = expected["code"], expected["wrt"]
            found.append(pytest.param(row, expected, id=f"{name_of(row)}-{code}-{wrt}"))
    return found


def along(row: Row, expected: Row, direction: Any) -> Callable[[float], float]:
    """The sum of the outputs at a distance from a witness."""
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays_of(witness_of(row, expected))]
    place = list(row["witness"]).index(expected["wrt"])

    def at(distance: float) -> float:
        moved = [a + distance * direction if i == place else a for i, a in enumerate(arrays)]
        try:
            return wide(row["target"])(moved)
        except Exception:
            return float("nan")

    return at


def witness_of(row: Row, expected: Row) -> dict[str, Any]:
    return dict(expected.get("witness") or row["witness"])


def kind_of(row: Row, expected: Row) -> str:
    """`numerical` if the value and the one-sided differences have one limit each, in every direction where they exist."""
    rng = np.random.default_rng(0)
    shape = np.shape(witness_of(row, expected)[expected["wrt"]])
    step = 1e-4 * float(expected.get("step", 1.0))
    first, second, third = [rng.normal(size=shape) for _ in range(3)]
    first, second = abs(first), abs(second)
    values, forward = [], []
    for direction in (first, second, first + second, third, first + third):
        at = along(row, expected, direction)
        limits = []
        for side in (step, -step):
            coarse = (at(20 * side) - at(10 * side)) / (10 * side)
            fine = (at(2 * side) - at(side)) / side
            if np.isfinite(fine):
                limits.append(fine)
                values.append(at(side))
                if not np.isfinite(coarse) or abs(coarse - fine) > 0.03 * (1 + abs(fine)):
                    return "singular"
        if len(limits) == 2 and abs(limits[0] - limits[1]) > 0.03 * (1 + abs(limits[0])):
            return "singular"
        forward.append(limits[0] if limits else float("nan"))
    for one, other, both in ((0, 1, 2), (0, 3, 4)):
        if abs(forward[one] + forward[other] - forward[both]) > 0.03 * (1 + abs(forward[both])):
            return "singular"
    here = along(row, expected, first)(0.0)
    values += [here] if np.isfinite(here) else []
    slack = 0.02 * (1 + max(map(abs, values), default=0.0))
    return "numerical" if values and max(values) - min(values) < slack else "singular"


def partial_derivatives(row: Row, expected: Row) -> tuple[Any, Any]:
    """Central differences of an input's entries in float64, and what is noise among them."""
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays_of(witness_of(row, expected))]
    place = list(row["witness"]).index(expected["wrt"])
    result, noise = np.zeros(arrays[place].shape), np.zeros(arrays[place].shape)
    for index in np.ndindex(result.shape):
        step = expected.get("step", 1e-5) * max(1.0, abs(float(arrays[place][index])))
        ends = []
        for side in (1, -1):
            moved = [a.copy() for a in arrays]
            moved[place][index] += side * step
            ends.append(wide(row["target"])(moved))
        result[index] = (ends[0] - ends[1]) / (2 * step)
        noise[index] = 1e-13 * max(map(abs, ends)) / step
    return result, noise


@pytest.mark.slow
@pytest.mark.parametrize(("row", "expected"), expectations())
def test_label_is_true(row: Row, expected: Row) -> None:
    arrays = arrays_of(witness_of(row, expected), half(row))
    code = expected["code"]
    if code == "GC009":
        function, signature = function_of(row["target"])
        assert signature is None or len(signature) == len(arrays)
        assert np.isfinite(np.asarray(function(*arrays))).all()
        with pytest.raises(Exception, match=r"gradient registry|invertible"):
            evaluate(row["target"], arrays)
        return
    y, gradients = evaluate(row["target"], arrays)
    if code == "GC006":
        assert not np.isfinite(y).all()
        assert abs(wide(row["target"])([a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays])) < LARGEST
        return
    gradient = gradients[list(row["witness"]).index(expected["wrt"])]
    assert bool(np.isfinite(y).all()) == expected["masked"]
    if code == "GC008":
        assert gradient is None
        assert np.abs(partial_derivatives(row, expected)[0]).max() > 1e-3
        return
    if code == "GC001":
        assert np.isnan(gradient).any(), gradient
    elif code == "GC002":
        assert np.isinf(gradient).any(), gradient
    else:
        assert np.isfinite(gradient).all(), gradient
        truth, noise = partial_derivatives(row, expected)
        wrong = np.abs(gradient - truth) > 0.01 * np.abs(truth)
        vanished = (gradient == 0) & (np.abs(truth) > noise)
        assert (vanished if code == "GC003" else wrong & ~vanished).any(), f"{gradient} for {truth}"
    if expected["kind"] is None and code in ("GC001", "GC002") and not expected["masked"]:
        exact = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
        assert not np.isfinite(wide(row["target"])(exact))
    if expected["kind"] in ("numerical", "singular"):
        assert kind_of(row, expected) == expected["kind"]


# Stable targets.


def settings(row: Row, option: str) -> dict[str, str]:
    """Values of an option by input; that for all inputs is by ''."""
    options = row["options"]
    values = [options[i + 1] for i, text in enumerate(options) if text == option]
    return dict(value.split("=", 1) if "=" in value else ("", value) for value in values)


def fills(lo: float, hi: float, shape: tuple[int, ...], rng: Any) -> list[Any]:
    """Values that are apt to break a gradient, within [lo, hi]."""
    size = max(1, int(np.prod(shape)))
    width = shape[-1] if shape else 1
    scales = [10.0**power for power in (-37, -30, -19, -8, -3, 0, 1, 2, 4, 9, 19, 30, 37)]
    normal = rng.normal(size=shape)
    values = [np.full(shape, value) for value in (0.0, -0.0, 1.0, -1.0, lo, hi, 0.5, 1e-38, 100.0, -100.0, 88.8)]
    values += [scale * normal for scale in scales]
    values += [np.resize([lo, hi], size).reshape(shape), np.resize([hi, 0.0, lo], size).reshape(shape)]
    values += [np.resize(np.eye(width), size).reshape(shape), hi * np.resize(np.eye(width), size).reshape(shape)]
    values += [np.resize(rng.normal(size=width), size).reshape(shape)]
    values += [normal * (rng.random(shape) < 0.5), rng.uniform(-3, 3, shape).round()]
    return [np.clip(value, lo, hi) for value in values]


def domain_fills(domain: str, shape: tuple[int, ...], rng: Any) -> list[Any]:
    """Values of a domain, its corners first."""
    if domain == "mask":
        return [
            np.zeros(shape),
            np.ones(shape),
            (rng.random(shape) < 0.5) * 1.0,
            np.eye(*shape) if len(shape) == 2 else np.ones(shape),
        ]
    if domain.startswith("integer"):
        _, low, high = domain.split(":")
        return [np.full(shape, int(low)), np.full(shape, int(high)), rng.integers(int(low), int(high) + 1, shape)]
    hot = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if domain == "one-hot":
        return [hot]
    if domain == "simplex":
        return [hot, np.full(shape, 1 / shape[-1]), rng.dirichlet(np.full(shape[-1], 0.1), shape[:-1])]
    if domain == "unit":
        direction = rng.normal(size=shape)
        return [hot, direction / np.linalg.norm(direction, axis=-1, keepdims=True)]
    bounds = {"probability": (0.0, 1.0), "positive": (1e-38, 3e38)}[domain]
    return fills(*bounds, shape, rng)


def points(row: Row) -> Iterator[Arrays]:
    """Structured points: all inputs of one pattern, then patterns mixed."""
    rng = np.random.default_rng(1)
    ranges, domains = settings(row, "--range"), settings(row, "--domain")
    patterns = []
    for name, array in zip(row["witness"], arrays_of(row["witness"]), strict=True):
        domain = domains.get(name, "mask" if array.dtype.kind == "b" else "")
        lo, hi = map(float, ranges.get(name, ranges.get("", "-3.4e38:3.4e38")).split(":"))
        found = domain_fills(domain, array.shape, rng) if domain else fills(lo, hi, array.shape, rng)
        patterns.append([value.astype(array.dtype) for value in found])
    for i in range(max(map(len, patterns))):
        yield [found[i % len(found)] for found in patterns]
    for _ in range(POINTS):
        yield [found[rng.integers(len(found))] for found in patterns]


@pytest.mark.slow
@pytest.mark.parametrize("row", STABLE, ids=name_of)
def test_stable_target(row: Row) -> None:
    """All gradients are finite."""
    for arrays in [arrays_of(row["witness"]), *points(row)]:
        _, gradients = evaluate(row["target"], arrays)
        for gradient, array in zip(gradients, arrays, strict=True):
            if array.dtype.kind == "f":
                assert gradient is not None
                assert np.isfinite(gradient).all(), (arrays, gradient)
