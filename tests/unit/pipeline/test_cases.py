"""Cases: each bug once, by code, version, input and line, at the point that tells most."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.engine.tensors import TensorEngine
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.options import ScanOptions
from gradcheck.pipeline.bench import Bench, Case
from gradcheck.pipeline.cases import cases, finite_cases, is_error, likely_first
from gradcheck.records import Class, Kind, TensorPoint
from gradcheck.search import Sightings
from gradcheck.tracing.tensors import Wanted, trace_tensors


def bench_for(function: Callable[..., Any], *shape: int) -> Bench:
    loaded = target_of("t", Call(function, arguments_of("t", function)), ())
    shapes = {p.name: shape for p in loaded.parameters}
    return Bench(TensorEngine(trace_tensors(loaded, Wanted(shapes, {}))), ScanOptions())


def sighted(bench: Bench, *points: Any) -> Sightings:
    """What a search would have kept of some points, each a list an input."""
    found = Sightings()
    for point in points:
        batch = tuple(np.array(a, np.float64)[None] for a in point)
        found.add("structured", batch, bench.engine.classify(batch), (0, 4))
    return found


def told(found: list[Case]) -> list[tuple[Class, Kind | None, list[Any]]]:
    return [(c.subject.gradient, c.subject.kind, [a.tolist() for a in c.seen.point]) for c in found]


def norm(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x))


def two_roots(x: Any, y: Any) -> Any:
    first = tf.sqrt(tf.reduce_sum(x * x))
    second = tf.sqrt(tf.reduce_sum(y * y))
    return first + second


def test_points_with_one_bug_are_one_case_at_the_first_of_them() -> None:
    bench = bench_for(norm, 2)
    found = list(cases(bench, sighted(bench, [[0, 0]], [[0, 1e-30]], [[-0.0, 0.0]])))
    assert told(found) == [(Class.NAN, Kind.SINGULAR, [[0.0, 0.0]])]


def test_bugs_of_two_lines_are_two_cases_and_each_input_has_its_own() -> None:
    bench = bench_for(two_roots, 2)
    zeros, ones = [0, 0], [1, 1]
    found = list(cases(bench, sighted(bench, [zeros, ones], [ones, zeros], [zeros, zeros])))
    assert [(c.subject.wrt, [a.tolist() for a in c.seen.point]) for c in found] == [
        ("x", [[0.0, 0.0], [1.0, 1.0]]),
        ("y", [[1.0, 1.0], [0.0, 0.0]]),
    ]
    assert len({c.seen.key for c in found}) == 2


def softplus(x: Any) -> Any:
    return tf.reduce_sum(tf.math.log(tf.exp(x) + 1))


def test_an_output_that_overflows_is_a_case_of_its_own_and_told_once() -> None:
    bench = bench_for(softplus, 2)
    gradient, output = cases(bench, sighted(bench, [[100, 0]], [[200, 0]]))
    assert (gradient.subject.gradient, gradient.subject.defect) == (Class.NAN, False)
    assert (output.subject.gradient, output.subject.defect, output.seen.key) == (Class.FINITE, True, "output")
    assert len(output.bad) == 0


def test_points_outside_of_the_domain_are_no_cases() -> None:
    bench = bench_for(lambda x: tf.reduce_sum(tf.math.log(x)), 2)
    assert list(cases(bench, sighted(bench, [[0, 1]], [[-1, 1]]))) == []


def test_huge_gradients_of_huge_numbers_are_no_cases() -> None:
    bench = bench_for(lambda x: tf.reduce_sum(x**3), 2)
    assert list(cases(bench, sighted(bench, [[1e30, 0]]))) == []


def test_an_error_is_told_instead_of_a_milder_case_of_the_same_line() -> None:
    bench = bench_for(lambda x: tf.reduce_sum(1.0 / (x * x)), 1)
    mild, bad = [[1e-15]], [[1e-12]]
    (only,) = cases(bench, sighted(bench, mild))
    assert (only.subject.kind, is_error(only)) == (Kind.OVERFLOW, False)
    (found,) = cases(bench, sighted(bench, mild, bad))
    assert (found.subject.kind, is_error(found)) == (Kind.NUMERICAL, True)
    assert found.seen.point[0].tolist() == [1e-12]


def test_points_with_finite_outputs_come_first_and_those_far_out_last() -> None:
    bench = bench_for(norm, 1)
    found = Sightings()
    points: list[TensorPoint] = [(np.array([v]),) for v in (1e20, 1.0, 2.0, 1e30)]
    found.bad = {(2, 1): points[:2], (0, 1): points[2:], (0, 2): [(np.array([9.0]),)]}
    assert [float(p[0][0]) for p in likely_first(bench.target, found, 1, 1)] == [2.0, 1.0, 1e30, 1e20]


def test_finite_gradients_are_held_against_the_truth() -> None:
    bench = bench_for(lambda x: tf.reduce_sum(tf.math.log(tf.exp(x) + 1)), 1)
    (vanished,) = finite_cases(bench, [(np.array([1.0]),), (np.array([88.0]),), (np.array([88.5]),)])
    assert vanished.subject.gradient is Class.VANISHED
    assert vanished.seen.point[0].tolist() == [88.0]
    assert list(finite_cases(bench, [(np.array([1.0]),)])) == []


@tf.custom_gradient
def mistaken(x: Any) -> Any:
    return tf.reduce_sum(x**2), lambda upstream: upstream * 3.0 * x


def test_a_wrong_custom_gradient_is_a_case_of_the_custom_version_alone() -> None:
    bench = bench_for(mistaken, 2)
    (wrong,) = finite_cases(bench, [(np.array([1.0, 2.0]),), (np.array([3.0, 2.0]),)])
    assert (wrong.subject.gradient, wrong.subject.version) == (Class.WRONG, "custom")
    assert wrong.seen.point[0].tolist() == [1.0, 2.0]
