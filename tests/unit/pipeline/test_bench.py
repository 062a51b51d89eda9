"""The bench: what one point alone shows, and what real arithmetic says of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine.tensors import TensorEngine
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.options import FAR, ScanOptions
from gradcheck.pipeline.bench import Bench, Case, Seen, bad_entries, class_of, is_far
from gradcheck.program import Array
from gradcheck.records import Class, Domain, Kind
from gradcheck.tracing.second import gradient_of
from gradcheck.tracing.tensors import Wanted, trace_tensors


def bench_for(function: Callable[..., Any], order: int = 1, **fields: Any) -> Bench:
    loaded = target_of("t", Call(function, arguments_of("t", function)), ())
    wanted = Wanted(fields.pop("shapes", {}), {}, **fields)
    first = trace_tensors(loaded, wanted)
    if order == 1:
        return Bench(TensorEngine(first), ScanOptions())
    return Bench(TensorEngine(trace_tensors(gradient_of(loaded, ()), wanted)), ScanOptions(), first)


def look(bench: Bench, *arrays: Any, column: int = 0) -> Seen | None:
    return bench.look(bench.engine.columns[column], tuple(np.array(a, np.float64) for a in arrays))


def case(bench: Bench, *arrays: Any, column: int = 0) -> Case | None:
    return bench.again(bench.engine.columns[column], tuple(np.array(a, np.float64) for a in arrays))


def norm(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x))


def logarithm(x: Any) -> Any:
    return tf.reduce_sum(tf.math.log(x))


def entropy(x: Any) -> Any:
    return tf.reduce_sum(x * tf.math.log(x))


def exponential(x: Any) -> Any:
    return tf.reduce_sum(tf.exp(x))


def softplus(x: Any) -> Any:
    return tf.reduce_sum(tf.math.log(tf.exp(x) + 1))


NORM = bench_for(norm, shapes={"x": (2,)})


def test_where_all_is_well_nothing_is_seen() -> None:
    assert look(NORM, [3.0, 4.0]) is None


def test_where_the_function_itself_raises_nothing_is_seen() -> None:
    assert look(bench_for(lambda m: tf.linalg.inv(m), shapes={"m": (2, 2)}), np.ones((2, 2))) is None


def test_a_gradient_that_is_not_finite_is_seen_with_the_line_in_which_it_is_born() -> None:
    seen = look(NORM, [0.0, 0.0])
    assert seen is not None
    assert (seen.forward, seen.odd, seen.said) == (Class.FINITE, Class.NAN, None)
    assert seen.key.startswith(f"{__file__}:")


def test_a_gradient_that_raises_is_seen_with_what_it_said() -> None:
    found = case(bench_for(lambda m: tf.linalg.det(m), shapes={"m": (2, 2)}), np.ones((2, 2)))
    assert found is not None
    assert (found.seen.odd, found.seen.gradient, len(found.bad)) == (Class.NONE, None, 0)
    assert found.seen.key == found.subject.said
    assert "not invertible" in str(found.subject.said)


def test_a_finite_gradient_beside_an_infinite_output_is_seen() -> None:
    seen = look(NORM, [1e20, 0.0])
    assert seen is not None
    assert (seen.forward, seen.odd, seen.key) == (Class.INF, Class.FINITE, "output")


@pytest.mark.parametrize(
    ("function", "x", "kind", "domain", "defect"),
    [
        (norm, [0.0, 0.0], Kind.SINGULAR, Domain.INSIDE, False),
        (norm, [1e-30, 1e-30], Kind.NUMERICAL, Domain.INSIDE, False),
        (softplus, [100.0, 1.0], Kind.NUMERICAL, Domain.INSIDE, True),
        (exponential, [100.0, 1.0], Kind.OVERFLOW, Domain.INSIDE, False),
        (norm, [1e20, 0.0], None, Domain.INSIDE, True),
    ],
)
def test_what_real_arithmetic_says_of_a_point(
    function: Callable[..., Any], x: list[float], kind: Kind | None, domain: Domain, defect: bool
) -> None:
    found = case(bench_for(function, shapes={"x": (2,)}), x)
    assert found is not None
    subject = found.subject
    assert (subject.kind, subject.domain, subject.defect, subject.hole) == (kind, domain, defect, False)


@pytest.mark.parametrize("x", [[0.0, 1.0], [-1.0, 1.0]])
def test_outside_of_its_domain_there_is_no_case(x: list[float]) -> None:
    bench = bench_for(logarithm, shapes={"x": (2,)})
    assert look(bench, x) is not None
    assert case(bench, x) is None


def test_a_hole_is_a_case() -> None:
    found = case(bench_for(entropy, shapes={"x": (2,)}), [0.0, 0.5])
    assert found is not None
    assert (found.subject.hole, found.subject.kind, found.subject.domain) == (True, Kind.SINGULAR, Domain.OUTSIDE)
    assert found.bad.tolist() == [[0]]


class Scaled(tf.Module):
    def __init__(self) -> None:
        self.w = tf.Variable([1.0, 2.0], name="w")

    def __call__(self, x: Any) -> Any:
        return norm(x * self.w)


def test_of_weights_the_truth_is_not_known() -> None:
    bench = bench_for(Scaled(), wrt=("variables",), shapes={"x": (2,)})
    found = case(bench, [0.0, 0.0])
    assert found is not None
    assert found.subject.kind is Kind.UNDECIDED
    assert bench.fmt("w:0").name == "float32"
    assert bench.input_of(bench.engine.columns[0]) is None


@tf.custom_gradient
def repaired(x: Any) -> Any:
    y = tf.norm(x)
    return y, lambda upstream: upstream * x / tf.maximum(y, 1e-6)


def test_training_runs_the_custom_gradient_where_there_is_one() -> None:
    bench = bench_for(repaired, shapes={"x": (2,)})
    assert bench.effective == "custom"
    found = case(bench, [0.0, 0.0])
    assert found is not None
    assert not found.subject.effective
    assert NORM.effective == "autodiff"


@pytest.mark.slow
def test_second_gradients_are_judged_by_the_truth_of_the_first_function() -> None:
    bench = bench_for(lambda x: tf.reduce_sum(x * x) ** 2.5, order=2, shapes={"x": (2,)})
    found = case(bench, [0.0, 0.0])
    assert found is None or found.subject.domain is Domain.INSIDE
    cubed = bench_for(lambda x: norm(x) ** 3, order=2, shapes={"x": (2,)})
    found = case(cubed, [0.0, 0.0])
    assert found is not None
    assert found.subject.kind is Kind.NUMERICAL


def test_results_that_were_judged_are_counted_and_programs_made_once() -> None:
    bench = bench_for(norm, shapes={"x": (2,)})
    (column,) = bench.engine.columns
    assert bench.judged == 0
    case(bench, [0.0, 0.0])
    assert bench.judged == 1
    assert bench.study_of(column) is bench.study_of(column)
    assert bench.judge(column) is bench.judge(column)


@pytest.mark.parametrize(
    ("function", "wanted"), [(lambda m: tf.linalg.cholesky(m), True), (lambda m: m @ m, False), (norm, False)]
)
def test_matrices_that_are_taken_apart_are_known(function: Callable[..., Any], wanted: bool) -> None:
    name = "x" if function is norm else "m"
    bench = bench_for(function, shapes={name: (2, 2)})
    bench.study_of(bench.engine.columns[0])
    assert bench.judges.decomposes is wanted


def arrays(*lists: list[float]) -> tuple[Array, ...]:
    return tuple(np.array(one) for one in lists)


def test_classes_of_arrays_are_of_the_worst_entry() -> None:
    assert class_of(arrays([1.0], [2.0])) is Class.FINITE
    assert class_of(arrays([1.0], [np.inf])) is Class.INF
    assert class_of(arrays([-np.inf], [np.nan])) is Class.NAN
    assert class_of(()) is Class.FINITE


def test_bad_entries_are_those_that_are_nan_else_the_infinite_ones() -> None:
    assert bad_entries(np.array([[np.nan, 1.0], [np.inf, np.nan]])).tolist() == [[0, 0], [1, 1]]
    assert bad_entries(np.array([1.0, -np.inf])).tolist() == [[1]]
    assert bad_entries(np.array(np.inf)).tolist() == [[]]
    assert bad_entries(np.array([1.0])).tolist() == []


def test_far_is_beyond_what_training_meets() -> None:
    assert not is_far(NORM.target, arrays([FAR, -FAR]))
    assert is_far(NORM.target, arrays([0.0, -2 * FAR]))
