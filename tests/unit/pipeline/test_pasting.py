"""Code that is pasted shows what the finding says."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck import pipeline
from gradcheck.domains import ValueDomain
from gradcheck.options import ScanOptions
from gradcheck.pipeline.pasting import variable, written
from gradcheck.records import Finding, TensorInput

pytestmark = pytest.mark.slow

TARGETS = """
import tensorflow as tf


def plain(x):
    return tf.norm(x)


def by_rows(x):
    return tf.nn.softmax(x) / tf.norm(x, axis=-1, keepdims=True)


def twice(x):
    return tf.stack([tf.norm(x), 2 * tf.norm(x)])


@tf.function(input_signature=[{"a": tf.TensorSpec([2, 3]), "b": tf.TensorSpec([2, 3])}])
def in_a_dict(pair):
    return tf.norm(pair["a"] - pair["b"], axis=-1)


@tf.function(input_signature=[tf.TensorSpec([2], tf.int32), tf.TensorSpec([2, 3])])
def of_labels(labels, p):
    return tf.sqrt(tf.gather(p * p, labels, batch_dims=1))


def of_mask(x, mask: bool):
    return tf.sqrt(tf.reduce_sum(tf.where(mask, x * x, tf.zeros_like(x)))) + 0 * tf.reduce_sum(x)


def cubed(x):
    return tf.norm(x) ** 3


def product(x, y):
    return tf.reduce_sum(x) * tf.norm(y)


def with_indices(x):
    return tf.argmax(x), tf.stack([tf.norm(x), 2 * tf.norm(x)])


@tf.custom_gradient
def repaired(x):
    y = tf.norm(x)
    return y, lambda upstream: upstream * x / tf.maximum(y, 1e-6)


class Module(tf.Module):
    def __init__(self):
        self.w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="w")
        self.b = tf.Variable([0.0, 0.0], name="b")

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def __call__(self, x):
        return tf.norm(x @ self.w + self.b, axis=-1)


module = Module()


def keras_model():
    inputs = tf.keras.Input((3,))
    outputs = tf.keras.layers.Dense(2, kernel_initializer="ones")(inputs)
    return tf.keras.Model(inputs, tf.keras.layers.UnitNormalization()(tf.keras.ops.sqrt(outputs * outputs)))


def make_keras_model():
    return keras_model()
"""
VARIABLES = {"wrt": ("variables",)}


@pytest.fixture(scope="module", autouse=True)
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The targets in an importable working directory."""
    path = tmp_path_factory.mktemp("pasting")
    (path / "pasted_targets.py").write_text(textwrap.dedent(TARGETS), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.syspath_prepend(str(path))
        patch.setattr("gradcheck.pipeline.tensors.PATIENCE", 1e9)
        importlib.invalidate_caches()
        yield
    sys.modules.pop("pasted_targets", None)


def findings(target: str, **options: Any) -> tuple[Finding, ...]:
    """What is found in a quick search."""
    (report,) = pipeline.run((f"pasted_targets.py:{target}",), ScanOptions(budget=1e-3, **options)).targets
    assert report.error is None
    return report.findings


def printed(lines: tuple[str, ...]) -> Any:
    """What pasted lines print, run in a namespace of their own."""
    shown: list[Any] = []
    exec("\n".join(lines), {"print": shown.append})
    (found,) = shown
    return found


@pytest.mark.parametrize(
    ("target", "options", "inputs"),
    [
        ("plain", {}, ["x"]),
        ("plain", {"dtype": "bfloat16"}, ["x"]),
        ("by_rows", {}, ["x"]),
        ("in_a_dict", {}, ["pair['a']", "pair['b']"]),
        ("of_labels", {}, ["p"]),
        ("of_mask", {}, ["x"]),
        ("cubed", {"order": 2}, ["x"]),
        ("product", {"order": 2}, ["x", "y"]),
        ("with_indices", {}, ["x"]),
        ("module", {}, ["x"]),
        ("module.__call__", {}, ["x"]),
        ("make_keras_model()", {}, ["inputs"]),
    ],
)
def test_what_is_pasted_prints_the_gradient_of_the_witness(
    target: str, options: dict[str, Any], inputs: list[str]
) -> None:
    bad = [f for f in findings(target, **options) if f.code in ("GC001", "GC002")]
    assert sorted({f.wrt for f in bad}) == inputs
    for finding in bad:
        witness = finding.tensor
        assert witness is not None
        assert witness.gradient is not None
        assert not np.isfinite(witness.gradient).all()
        found = np.asarray(printed(witness.paste).numpy(), np.float64)
        np.testing.assert_array_equal(found, witness.gradient)


@pytest.mark.parametrize("target", ["twice", "with_indices"])
def test_random_signs_are_pasted_with_the_gradient_that_they_weigh(target: str) -> None:
    weighed = [f.tensor for f in findings(target) if f.tensor and f.tensor.cotangent == "random signs"]
    assert weighed
    for witness in weighed:
        assert witness.weights is not None
        assert witness.gradient is not None
        assert "output_gradients=" in "\n".join(witness.paste)
        np.testing.assert_array_equal(printed(witness.paste).numpy().astype(np.float64), witness.gradient)


@pytest.mark.parametrize("target", ["module", "make_keras_model()"])
def test_the_gradient_by_each_variable_is_among_those_that_are_printed(target: str) -> None:
    bad = [f for f in findings(target, **VARIABLES) if f.code == "GC001"]
    assert len({f.wrt for f in bad}) == 2
    for finding in bad:
        witness = finding.tensor
        assert witness is not None
        assert witness.gradient is not None
        found = [np.asarray(g.numpy(), np.float64) for g in printed(witness.paste)]
        assert any(g.shape == witness.gradient.shape and np.array_equal(g, witness.gradient, True) for g in found)


def test_a_gradient_that_training_does_not_run_is_not_pasted_since_the_function_has_another() -> None:
    found = {f.version: f.tensor for f in findings("repaired") if f.code == "GC001"}
    assert list(found) == ["autodiff"]
    assert found["autodiff"] is not None
    assert found["autodiff"].paste == ()


@pytest.mark.parametrize(
    ("name", "place", "wanted"),
    [
        ("x", 0, "x"),
        ("pair['a']", 0, "pair_a"),
        ("state.h", 0, "state_h"),
        ("pair[0]", 1, "pair_0"),
        ("f", 2, "x2"),
        ("tape", 1, "x1"),
        ("first", 1, "x1"),
        ("0", 3, "x3"),
        ("lambda", 4, "x4"),
    ],
)
def test_inputs_get_names_that_python_takes(name: str, place: int, wanted: str) -> None:
    assert variable(name, place) == wanted


@pytest.mark.parametrize(
    ("array", "dtype", "wanted"),
    [
        (np.array(0.1), "float32", "tf.constant(0.1, tf.float32)"),
        (np.float64(np.float32(0.1)), "float32", "tf.constant(0.1, tf.float32)"),
        (np.float64(np.float32(0.1)), "float64", "tf.constant(0.10000000149011612, tf.float64)"),
        (np.zeros((2, 3)), "float32", "tf.fill([2, 3], tf.constant(0.0, tf.float32))"),
        (np.array([0.0, -0.0]), "float32", "tf.constant([0.0, -0.0], tf.float32)"),
        (np.array([[1, 2]]), "int32", "tf.constant([[1, 2]], tf.int32)"),
        (np.array([True, False]), "bool", "tf.constant([True, False], tf.bool)"),
        (np.array([True, True]), "bool", "tf.fill([2], tf.constant(True, tf.bool))"),
        (np.zeros((0, 3)), "float32", "tf.zeros([0, 3], tf.float32)"),
        (np.ones(257), "float32", "tf.fill([257], tf.constant(1.0, tf.float32))"),
        (np.arange(257.0), "float32", None),
    ],
)
def test_tensors_are_written_so_that_they_read_back(array: Any, dtype: str, wanted: str | None) -> None:
    assert written(np.asarray(array), TensorInput("x", dtype, np.shape(array), ValueDomain())) == wanted
