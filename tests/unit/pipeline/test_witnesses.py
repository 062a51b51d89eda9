"""Witnesses: as simple as the bug allows, with exact ends, and a word on what one bad row does to a batch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.options import ScanOptions
from gradcheck.pipeline.tensors import scan_tensors
from gradcheck.pipeline.witnesses import bad_outputs
from gradcheck.program import Array
from gradcheck.records import Finding, TensorWitness

FLOAT32 = FORMATS["float32"]
BUDGET = 1.0

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def patient() -> Iterator[None]:
    """The clock of a busy machine stops nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradcheck.pipeline.tensors.PATIENCE", 1e9)
        yield


def findings(function: Callable[..., Any], **options: Any) -> tuple[Finding, ...]:
    loaded = target_of("t", Call(function, arguments_of("t", function)), ())
    return scan_tensors(loaded, ScanOptions(budget=BUDGET, **options)).findings


def witness(function: Callable[..., Any], code: str = "GC001", wrt: str = "x", **options: Any) -> TensorWitness:
    """The witness of the only finding with a code."""
    (found,) = [f.tensor for f in findings(function, **options) if (f.code, f.wrt) == (code, wrt)]
    assert found is not None
    return found


def gradient(function: Callable[..., Any], *inputs: Array) -> Array:
    """The gradient of the sum of the outputs by the first input, alone and in graph mode."""

    @tf.function
    def run(*xs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(xs[0])
            y = function(*xs)
        return tape.gradient(y, xs[0])

    return np.asarray(run(*(tf.constant(i, tf.float32) for i in inputs)).numpy(), np.float64)


def norm(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x))


def softplus(x: Any) -> Any:
    return tf.reduce_sum(tf.math.log(1 + tf.exp(x)))


def rmse(x: Any, y: Any) -> Any:
    return tf.sqrt(tf.reduce_mean((x - y) ** 2))


@pytest.mark.parametrize(
    ("function", "shape", "code", "lo", "hi"),
    [
        (norm, (1,), "GC001", -1.1754942e-38, 1.1754942e-38),
        (norm, (3,), "GC001", -1.1754942e-38, 1.1754942e-38),
        (norm, (2, 3), "GC001", -1.1754942e-38, 1.1754942e-38),
        (softplus, (3,), "GC001", 88.72284, 3.4028235e38),
    ],
)
def test_the_ends_of_an_interval_are_exact_to_the_float(
    function: Callable[..., Any], shape: tuple[int, ...], code: str, lo: float, hi: float
) -> None:
    found = witness(function, code, shapes={"x": shape})
    line = found.line
    assert line is not None
    assert (line.input, line.index, line.fmt) == ("x", found.bad[0], FLOAT32)
    assert (line.lo, line.hi) == (int(FLOAT32.encode(lo)), int(FLOAT32.encode(hi)))

    def is_nan(ordinal: int) -> bool:
        point = np.array(found.inputs["x"])
        point[line.index] = FLOAT32.value(ordinal)
        return bool(np.isnan(gradient(function, point)[line.index]))

    assert is_nan(line.lo)
    assert is_nan(line.hi)
    assert line.lo == FLOAT32.min_ordinal or not is_nan(line.lo - 1)
    assert line.hi == FLOAT32.max_ordinal or not is_nan(line.hi + 1)


@pytest.mark.parametrize(("text", "lo", "hi"), [("90:95", 90.0, 95.0), ("88:100", 88.72284, 100.0)])
def test_an_interval_ends_at_the_domain(text: str, lo: float, hi: float) -> None:
    found = witness(softplus, domains={"x": parse_domain("x", text)}, shapes={"x": (1,)})
    assert found.line is not None
    assert (FLOAT32.text(found.line.lo), FLOAT32.text(found.line.hi)) == (f"{lo:.7g}", f"{hi:.7g}")


def test_of_a_root_mean_square_both_sides_are_zeros() -> None:
    found = witness(rmse, shapes={"x": (4,), "y": (4,)})
    assert found.inputs["x"].tolist() == found.inputs["y"].tolist() == [0.0] * 4
    assert (found.bad_count, found.bad[0]) == (4, (0,))
    assert found.outputs[""].tolist() == 0.0
    assert np.isnan(np.asarray(found.gradient)).all()


@pytest.mark.parametrize(
    ("function", "domain", "simplest"),
    [
        (lambda x: tf.reduce_sum(tf.sqrt(x - 1.0)), "1:5", [1.0, 1.0, 1.0]),
        (lambda x: tf.reduce_sum(tf.acos(x)), "-1:1", [0.0, 0.0, 1.0]),
        (lambda x: tf.reduce_sum(tf.sqrt(1.0 - x)), "probability", [0.0, 0.0, 1.0]),
        (lambda x: tf.reduce_sum(tf.sqrt(x)), "simplex", [0.0, 0.0, 1.0]),
        (lambda x: tf.reduce_sum(tf.sqrt(x)), "one-hot", [0.0, 0.0, 1.0]),
    ],
)
def test_witnesses_are_zeros_and_ones_where_those_do(
    function: Callable[..., Any], domain: str, simplest: list[float]
) -> None:
    found = witness(function, "GC002", shapes={"x": (3,)}, domains={"x": parse_domain("x", domain)})
    assert sorted(found.inputs["x"].tolist()) == simplest


def test_one_large_entry_is_left_where_one_is_enough() -> None:
    found = witness(softplus, shapes={"x": (5,)})
    assert sorted(found.inputs["x"].tolist()) == [0.0] * 4 + [100.0]
    assert found.bad_count == 1
    assert found.inputs["x"][found.bad[0]] == 100.0


def rows(*specs: Any) -> Callable[[Callable[..., Any]], Any]:
    return tf.function(input_signature=list(specs))  # type: ignore[no-any-return]


ROWS = tf.TensorSpec([None, 3])


@rows(ROWS)
def on_its_own(x):  # type: ignore[no-untyped-def]
    return tf.norm(x, axis=-1)


@rows(ROWS)
def by_the_product(x):  # type: ignore[no-untyped-def]
    return tf.reduce_sum(x) / tf.sqrt(tf.reduce_prod(tf.reduce_sum(x * x, -1)))


@rows(ROWS)
def through_the_largest(x):  # type: ignore[no-untyped-def]
    sizes = tf.norm(x, axis=-1)
    return tf.reduce_sum(x / (1.0 + tf.reduce_mean(sizes / tf.reduce_sum(sizes))))


@rows(ROWS)
def through_a_square_root(x):  # type: ignore[no-untyped-def]
    return tf.sqrt(tf.reduce_min(tf.reduce_sum(x * x, -1))) + tf.reduce_sum(x)


@rows(ROWS, tf.TensorSpec([3]))
def with_shared_scale(x, scale):  # type: ignore[no-untyped-def]
    return tf.norm(x * scale, axis=-1)


@pytest.mark.parametrize(
    ("function", "wrt", "words"),
    [
        (on_its_own, "x", None),
        (by_the_product, "x", "one bad row poisons the batch: the gradient of the other rows is not finite either"),
        (with_shared_scale, "x", None),
        (with_shared_scale, "scale", "one bad row poisons the batch: scale is shared by all rows"),
    ],
)
def test_a_row_that_spoils_others_is_told_from_one_that_does_not(
    function: Callable[..., Any], wrt: str, words: str | None
) -> None:
    found = [f.tensor for f in findings(function) if f.code == "GC001" and f.wrt == wrt and f.tensor]
    assert found
    assert {w.poisons for w in found} == {words}


class Module(tf.Module):
    def __init__(self) -> None:
        self.w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="w")

    @rows(ROWS)
    def __call__(self, x):  # type: ignore[no-untyped-def]
        return tf.norm(x @ self.w, axis=-1)


def test_one_bad_row_spoils_the_weights() -> None:
    bad = [f for f in findings(Module(), wrt=("variables",)) if f.code == "GC001"]
    assert [f.wrt for f in bad] == ["w:0"]
    assert bad[0].tensor is not None
    assert bad[0].tensor.poisons == "one bad row poisons the batch: it alone makes the gradient by w:0 not finite"


def test_a_vector_of_guessed_shape_is_no_batch() -> None:
    assert witness(norm).poisons is None


def test_bad_outputs_are_named_with_their_places() -> None:
    arrays = (np.array([[1.0, np.nan], [np.inf, 0.0]]), np.array(np.inf), np.array([np.inf]))
    assert bad_outputs(("", "loss", "b"), arrays) == ("output(0, 1)", "output(1, 0)", "loss", "b(0)")
    assert bad_outputs(("",), (np.zeros(3),)) == ()


@rows(tf.TensorSpec([2, 3]), tf.TensorSpec([2], tf.int32), tf.TensorSpec([2, 3], tf.bool))
def with_labels(x, labels, mask):  # type: ignore[no-untyped-def]
    kept = tf.where(mask, x, 1.0)
    return tf.sqrt(tf.gather(kept, labels, batch_dims=1))


@pytest.mark.parametrize(
    ("x", "labels"),
    [("simplex", "integer:0:2"), ("one-hot", "integer:1:2"), ("0:1", "integer:2:2"), ("mask", "integer:0:1")]
    + [("integer:0:3", "integer:0:2"), ("probability", "integer:0:2")],
)
@pytest.mark.parametrize("seed", [0, 5])
def test_a_witness_lies_in_its_domains(x: str, labels: str, seed: int) -> None:
    domains = {"x": parse_domain("x", x), "labels": parse_domain("labels", labels)}
    found = [f.tensor for f in findings(with_labels, domains=domains, seed=seed) if f.tensor]
    assert found
    for one in found:
        assert domains["x"].contains(one.inputs["x"][None], FLOAT32).all()
        assert domains["labels"].contains(one.inputs["labels"][None], None).all()
        assert one.inputs["mask"].dtype == np.bool_
        given = [tf.constant(one.inputs["x"], tf.float32), one.inputs["labels"].astype(np.int32), one.inputs["mask"]]
        np.testing.assert_array_equal(with_labels(*given).numpy(), one.outputs[""])
