"""Every pair of two inputs: the same classes as pair by pair, whatever the height of a block."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import COLUMN_BITS, Engine, mapped, plane
from gradcheck.engine.plane import every
from gradcheck.errors import CANNOT_TRACE
from gradcheck.floats import FORMATS
from gradcheck.loading.signatures import parameters_of
from gradcheck.records import Class, InputPlan, LoadedTarget, PlaneMap, TracedTarget
from gradcheck.tracing import trace

Segments = tuple[tuple[int, int], ...]
Refused = Callable[[str, Callable[[], object]], str]


def quotient(x: Any, y: Any) -> Any:
    return x / y


def power(x: Any, y: Any) -> Any:
    return x**y


def length(x: Any, y: Any) -> Any:
    return tf.sqrt(x * x + y * y)


def disconnected(x: Any, y: Any) -> Any:
    return tf.round(x) * tf.math.log(y)


@tf.custom_gradient
def careful(x: Any, y: Any) -> Any:
    q = x / y
    return q, lambda upstream: (tf.math.divide_no_nan(upstream, y), -tf.math.divide_no_nan(upstream * q, y))


FUNCTIONS = [quotient, power, tf.atan2, length, tf.math.xlogy, disconnected, careful]


def around(fmt: str, *values: float, reach: int = 8) -> Segments:
    """Floats around some values."""
    return tuple((o - reach, o + reach) for o in FORMATS[fmt].encode(np.array(values)).tolist())


def engines_of(function: Callable[..., Any], dtype: str, x: Segments, y: Segments) -> tuple[Engine, Engine]:
    target: TracedTarget = trace(LoadedTarget("t", function, parameters_of("t", function)), dtype)
    first, second = (Engine(target, InputPlan(i, segments, (0, 0))) for i, segments in enumerate((x, y)))
    return first, second


def run(engines: tuple[Engine, Engine]) -> tuple[PlaneMap, ...]:
    found = plane.plane(*engines)
    assert found is not None
    return found


def one_by_one(engines: tuple[Engine, Engine], inputs: tuple[int, ...] = (0, 1)) -> list[np.ndarray]:
    """Codes [rows, columns] of each gradient, by the engine, a row a plan."""
    target, columns, rows = engines[0].target, every(engines[0]), every(engines[1])
    found = []
    for wrt in inputs:
        codes = np.empty((len(rows), len(columns)), np.int64)
        swept, other = (columns, rows) if wrt == 0 else (rows, columns)
        for i, held in enumerate(other.tolist()):
            place = (0, held) if wrt == 0 else (held, 0)
            line = Engine(target, InputPlan(wrt, ((int(swept[0]), int(swept[-1])),), place)).classify(swept)
            codes[(i, slice(None)) if wrt == 0 else (slice(None), i)] = line
        outputs = codes & 7
        found += [
            outputs | (codes >> COLUMN_BITS * (k + 1) & 7) << COLUMN_BITS for k in range(len(engines[wrt].versions))
        ]
    return found


def painted(engines: tuple[Engine, Engine], shown: PlaneMap) -> np.ndarray:
    """Codes [rows, columns] as the rectangles tell them; -1 where none does."""
    columns, rows = every(engines[0]), every(engines[1])
    codes = np.full((len(rows), len(columns)), -1)
    for found in shown.classes:
        code = next(
            c
            for c in range(mapped.CODES)
            if c & 7 < 5 and c >> 3 < 5 and mapped.classes(c) == (found.forward, found.gradient)
        )
        for r in found.rectangles:
            inside = np.ix_((rows >= r.y_lo) & (rows <= r.y_hi), (columns >= r.x_lo) & (columns <= r.x_hi))
            assert (codes[inside] == -1).all(), "rectangles are disjoint"
            assert codes[inside].size == r.pairs, "and do not reach over gaps"
            codes[inside] = code
    return codes


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (quotient, "float16"),
        (power, "float16"),
        (careful, "bfloat16"),
        *(pytest.param(f, d, marks=pytest.mark.slow) for f in FUNCTIONS for d in ("float16", "bfloat16")),
    ],
)
def test_every_pair_has_the_classes_that_it_has_alone(
    monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any], dtype: str
) -> None:
    monkeypatch.setattr(mapped, "MOST_RECTANGLES", 1 << 20)
    tiny = FORMATS[dtype].smallest_normal
    engines = engines_of(function, dtype, around(dtype, -3.0, 0.0, 300.0), around(dtype, 0.0, 16 * tiny, 2.0))
    for shown, expected in zip(run(engines), one_by_one(engines), strict=True):
        np.testing.assert_array_equal(painted(engines, shown), expected)
        counted = {(c.forward, c.gradient): c.pairs for c in shown.classes}
        codes, counts = np.unique(expected, return_counts=True)
        assert counted == {mapped.classes(code): n for code, n in zip(codes.tolist(), counts.tolist(), strict=True)}


def test_maps_are_those_of_every_version_by_both_inputs() -> None:
    found = run(engines_of(careful, "bfloat16", around("bfloat16", 1.0), around("bfloat16", 0.0)))
    assert [(m.version, m.wrt) for m in found] == [
        ("autodiff", "x"),
        ("custom", "x"),
        ("autodiff", "y"),
        ("custom", "y"),
    ]
    autodiff, custom = found[:2]
    assert autodiff.count(Class.INF, Class.NEGATIVE_INF) > 0
    assert custom.count(Class.INF, Class.NEGATIVE_INF) == 0


def test_a_gradient_that_there_is_not_is_a_class_of_its_own() -> None:
    by_x, by_y = run(engines_of(disconnected, "float16", around("float16", 1.0), around("float16", 1.0)))
    assert {c.gradient for c in by_x.classes} <= {Class.NONE, Class.FINITE}
    assert by_y.count(Class.FINITE) == 17 * 17


@pytest.mark.parametrize("blocks", [(1 << 10,), (1 << 11, 1 << 13)])
def test_the_map_does_not_depend_on_the_height_of_a_block(
    monkeypatch: pytest.MonkeyPatch, blocks: tuple[int, ...]
) -> None:
    engines = engines_of(power, "float16", around("float16", -2.0, 0.0), around("float16", -1.0, 3.0))
    whole = run(engines)
    monkeypatch.setattr(plane, "BLOCKS", blocks)
    assert run(engines) == whole


def test_rows_of_several_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "MOST_RECTANGLES", 1 << 20)
    engines = engines_of(quotient, "float16", around("float16", 0.0, reach=3000), around("float16", 0.0, reach=2))
    np.testing.assert_array_equal(painted(engines, run(engines)[0]), one_by_one(engines, (0,))[0])


def test_progress_ends_with_all_of_it() -> None:
    told: list[tuple[int, int]] = []
    engines = engines_of(quotient, "float16", around("float16", 1.0), around("float16", 1.0, reach=1000))
    plane.plane(*engines, lambda done, total: told.append((done, total)))
    assert told[-1] == (17 * 2001, 17 * 2001)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 1


def test_a_target_that_runs_point_by_point_has_no_plane() -> None:
    def branches(x: Any, y: Any) -> Any:
        return tf.cond(x > y, lambda: x, lambda: y)

    engines = engines_of(branches, "float16", around("float16", 1.0), around("float16", 1.0))
    assert plane.plane(*engines) is None


def test_what_raises_is_told(refused: Refused) -> None:
    def checked(x: Any, y: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_less(y, tf.constant(2.0, y.dtype))]):
            return x * tf.identity(y)

    engines = engines_of(checked, "float16", around("float16", 1.0), around("float16", 4.0))
    said = refused(CANNOT_TRACE, lambda: plane.plane(*engines))
    assert said.startswith("t: it raised for pairs from y = ")
    assert said.endswith("; leave that out with --range")


def test_an_output_of_another_dtype() -> None:
    def wide(x: Any, y: Any) -> Any:
        return tf.cast(x, tf.float32) / tf.cast(y, tf.float32)

    engines = engines_of(wide, "float16", around("float16", 1.0), around("float16", 0.0))
    for shown, expected in zip(run(engines), one_by_one(engines), strict=True):
        codes, counts = np.unique(expected, return_counts=True)
        wanted = {mapped.classes(code): n for code, n in zip(codes.tolist(), counts.tolist(), strict=True)}
        assert {(c.forward, c.gradient): c.pairs for c in shown.classes} == wanted


@pytest.mark.slow
def test_the_whole_plane_of_a_division() -> None:
    """By x the gradient is 1 / y, by y (-x / y) / y: numpy counts both, a row at a time."""
    fmt = FORMATS["float16"]
    whole = ((fmt.min_ordinal, fmt.max_ordinal),)
    by_x, by_y = run(engines_of(quotient, "float16", whole, whole))
    assert sum(c.pairs for c in by_x.classes) == 63_488**2
    x = fmt.decode(np.arange(fmt.max_ordinal + 1)).astype(np.float16)  # all quadrants are alike but for signs
    counts = dict.fromkeys(("x inf", "y finite", "y inf", "y nan", "output finite"), 0)
    with np.errstate(all="ignore"):
        for y in x:
            output = x / y
            gradient = -output / y
            counts["x inf"] += 4 * len(x) * int(np.isinf(np.float16(1) / y))
            counts["output finite"] += 4 * int(np.isfinite(output).sum())
            counts["y finite"] += 4 * int(np.isfinite(gradient).sum())
            counts["y inf"] += 4 * int(np.isinf(gradient).sum())
            counts["y nan"] += 4 * int(np.isnan(gradient).sum())
    infinite = (Class.INF, Class.NEGATIVE_INF)
    assert by_x.count(*infinite) == counts["x inf"]
    assert by_x.count(Class.FINITE) == 63_488**2 - counts["x inf"]
    assert sum(c.pairs for c in by_x.classes if c.forward is Class.FINITE) == counts["output finite"]
    assert by_y.count(Class.FINITE) == counts["y finite"]
    assert by_y.count(*infinite) == counts["y inf"]
    assert by_y.count(Class.NAN) == counts["y nan"]
