"""Points through a traced target: classes, values, blocks, and targets that raise on the way."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import CLASSES, Engine, class_codes, to_tensor
from gradcheck.floats import FORMATS
from gradcheck.records import Class

EngineOf = Callable[..., Engine]
Refused = Callable[[str, Callable[[], object]], str]

FINITE, NAN, INF, NEGATIVE_INF, NONE = CLASSES


@tf.custom_gradient
def softplus_with_gradient_7(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1), lambda dy: dy * 7.0


def my_softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def every_class(x: Any) -> Any:
    """Gradient 1, NaN, inf and -inf below 1, 2, 3 and 4."""

    def gradient(dy: Any) -> Any:
        odd = tf.where(x < 2, math.nan, tf.where(x < 3, math.inf, -math.inf))
        return tf.where(x < 1, dy, odd)

    return tf.identity(x), gradient


def test_class_codes_of_values() -> None:
    values = np.array([0.0, -0.0, 1e-320, -1.7e308, math.nan, -math.nan, math.inf, -math.inf])
    assert [CLASSES[c] for c in class_codes(values)] == [FINITE] * 4 + [NAN, NAN, INF, NEGATIVE_INF]
    assert class_codes(np.array([])).shape == (0,)


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_tensors_hold_the_floats_bit_for_bit(dtype: str) -> None:
    fmt = FORMATS[dtype]
    rng = np.random.default_rng(0)
    ends = [fmt.min_ordinal, fmt.max_ordinal, -2, -1, 0, 1, int(fmt.encode(0.1)), int(fmt.encode(-1.0))]
    ordinals = np.concatenate([ends, rng.integers(fmt.min_ordinal, fmt.max_ordinal, 1000)])
    tensor = to_tensor(fmt, ordinals)
    assert tensor.dtype.name == dtype
    assert (tensor.numpy().astype(np.float64) == fmt.decode(ordinals)).all()
    assert (np.signbit(tensor.numpy()) == (ordinals < 0)).all()


def test_every_class_of_a_gradient(engine_of: EngineOf) -> None:
    engine = engine_of(every_class)
    ordinals = engine.fmt.encode([0.5, 1.5, 2.5, 3.5])
    columns = [engine.columns(int(code)) for code in engine.classify(ordinals)]
    assert columns == [(FINITE, FINITE, c) for c in (FINITE, NAN, INF, NEGATIVE_INF)]


def test_every_class_of_an_output(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: tf.math.log(x))
    ordinals = engine.fmt.encode([1.0, -1.0, 0.0])
    assert [engine.columns(int(code))[0] for code in engine.classify(ordinals)] == [FINITE, NAN, NEGATIVE_INF]
    engine = engine_of(tf.exp)
    assert engine.columns(int(engine.classify(engine.fmt.encode([100.0]))[0])) == (INF, INF)


def test_columns_of_all_versions(engine_of: EngineOf) -> None:
    engine = engine_of(softplus_with_gradient_7, against=tf.round)
    assert [v.name for v in engine.versions] == ["autodiff", "custom", "against"]
    low, high = engine.classify(engine.fmt.encode([1.0, 100.0]))
    assert engine.columns(int(low)) == (FINITE, FINITE, FINITE, NONE)
    assert engine.columns(int(high)) == (INF, NAN, FINITE, NONE)


@pytest.mark.parametrize(
    "function", [tf.round, lambda x: tf.raw_ops.PreventGradient(input=x, message="")], ids=["none", "raises"]
)
def test_a_gradient_that_is_not_there_has_a_class_of_its_own(engine_of: EngineOf, function: Callable[..., Any]) -> None:
    engine = engine_of(function)
    ordinals = np.arange(-5, 5)
    assert {engine.columns(int(code)) for code in engine.classify(ordinals)} == {(FINITE, NONE)}
    assert engine.values(ordinals).gradients == (None,)


def test_the_ends_of_softplus(engine_of: EngineOf) -> None:
    engine = engine_of(my_softplus)
    end = int(engine.fmt.encode(88.72284))
    codes = [engine.columns(int(code)) for code in engine.classify(np.array([end - 1, end, end + 1]))]
    assert codes == [(FINITE, FINITE), (INF, NAN), (INF, NAN)]


def test_values(engine_of: EngineOf) -> None:
    engine = engine_of(softplus_with_gradient_7)
    points = [-1.0, 0.0, 2.0]
    values = engine.values(engine.fmt.encode(points))
    assert values.outputs == pytest.approx([math.log1p(math.exp(x)) for x in points], rel=1e-6)
    autodiff, custom = values.gradients
    assert autodiff == pytest.approx([1 / (1 + math.exp(-x)) for x in points], rel=1e-6)
    assert custom is not None
    assert list(custom) == [7.0] * 3


@pytest.mark.parametrize("count", [1, 7, 8, 2**14 - 1, 2**14, 2**14 + 1, 3 * 2**14 + 5])
def test_any_number_of_points(engine_of: EngineOf, count: int) -> None:
    engine = engine_of(lambda x: x * x)
    ordinals = np.linspace(0, int(engine.fmt.encode(1e18)), count).astype(np.int64)
    decoded = engine.fmt.decode(ordinals).astype(np.float32)
    values = engine.values(ordinals)
    assert values.outputs.shape == (count,)
    normal = decoded > 1e-15
    assert (values.outputs[normal] == (decoded * decoded).astype(np.float64)[normal]).all()
    assert values.gradients[0] is not None
    assert (values.gradients[0][normal] == (2 * decoded).astype(np.float64)[normal]).all()
    assert engine.classify(ordinals).shape == (count,)


def test_no_points_at_all_is_a_caller_s_mistake(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: x * x)
    assert list(engine.blocks(np.arange(10))) != []
    assert [len(b) for b in engine.blocks(np.arange(2 * engine.target.block + 1))] == [2**14, 2**14, 1]


@pytest.mark.parametrize(
    "function",
    [tf.exp, tf.math.rsqrt, my_softplus, lambda x: tf.math.log(0.5 * tf.math.erfc(-x / math.sqrt(2.0)))],
    ids=["exp", "rsqrt", "softplus", "log_ndtr"],
)
def test_a_result_does_not_depend_on_what_else_is_in_the_batch(
    engine_of: EngineOf, function: Callable[..., Any]
) -> None:
    engine = engine_of(function)
    rng = np.random.default_rng(0)
    ordinals = engine.fmt.encode(rng.uniform(-20, 20, 500))
    together = engine.values(ordinals)
    shuffled = rng.permutation(500)
    for chosen in (shuffled, shuffled[:37], *shuffled[:40, None]):
        alone = engine.values(ordinals[chosen])
        for first, second in zip(
            (alone.outputs, *alone.gradients), (together.outputs, *together.gradients), strict=True
        ):
            assert first is not None
            assert second is not None
            np.testing.assert_array_equal(first, second[chosen])


def test_every_call_takes_a_whole_block(engine_of: EngineOf) -> None:
    engine = engine_of(my_softplus)
    for ordinals in (np.array([5]), np.arange(100), np.arange(engine.target.block)):
        (x,) = engine.inputs(ordinals)
        assert x.shape == [engine.target.block]
        assert (x.numpy()[: len(ordinals)] == engine.fmt.decode(ordinals).astype(np.float32)).all()
        assert set(x.numpy()[len(ordinals) :]) <= {x.numpy()[len(ordinals) - 1]}, "filled up with the last point"


def test_the_other_inputs_are_held(engine_of: EngineOf) -> None:
    def function(x: Any, y: Any, z: Any) -> Any:
        return x * 100.0 + y * 10.0 + z

    for index, name in enumerate("xyz"):
        engine = engine_of(function, index=index, held=0.25)
        swept = [2.0 if n == name else 0.25 for n in "xyz"]
        ((inputs, output, gradients),) = engine.values_at([int(engine.fmt.encode(2.0))])
        assert inputs == dict(zip("xyz", swept, strict=True))
        assert output == swept[0] * 100 + swept[1] * 10 + swept[2]
        assert gradients == {"autodiff": [100.0, 10.0, 1.0][index]}


def test_values_at_gives_decimals_that_read_back(engine_of: EngineOf) -> None:
    engine = engine_of(softplus_with_gradient_7, against=tf.round)
    first, second = engine.values_at([int(engine.fmt.encode(0.1)), int(engine.fmt.encode(88.72284))])
    assert first[0] == {"z": 0.1}
    assert first[2]["custom"] == 7.0
    assert first[2]["against"] is None
    assert second[0] == {"z": 88.72284}
    assert second[1] == math.inf
    assert second[2]["autodiff"] is not None
    assert math.isnan(second[2]["autodiff"])


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_every_dtype(engine_of: EngineOf, dtype: str) -> None:
    engine = engine_of(lambda x: x * x, dtype=dtype)
    fmt = engine.fmt
    assert fmt.name == dtype
    values = engine.values(fmt.encode([0.5, 3.0, fmt.largest]))
    assert list(values.outputs) == [0.25, 9.0, math.inf]
    assert values.gradients[0] is not None
    assert list(values.gradients[0]) == [1.0, 6.0, math.inf]


def test_an_output_of_another_dtype_than_the_input(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: tf.cast(x, tf.float64) ** 2)
    values = engine.values(engine.fmt.encode([1e30]))
    assert values.outputs == pytest.approx([1e60], rel=1e-6)
    assert values.gradients[0] == pytest.approx([2e30], rel=1e-6)


def test_the_end_of_exp_in_float64(engine_of: EngineOf) -> None:
    engine = engine_of(tf.exp, dtype="float64")
    last = int(engine.fmt.encode(709.782712893384))
    codes = [engine.columns(int(code)) for code in engine.classify(np.array([last - 1, last, last + 1]))]
    assert codes == [(FINITE, FINITE), (FINITE, FINITE), (INF, INF)]


@tf.custom_gradient
def another_output(x: Any) -> Any:
    return tf.exp(x), lambda dy: dy


def test_the_output_is_that_of_the_target_and_not_of_the_one_it_is_set_against(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: x * 3.0, against=another_output)
    assert list(engine.values(engine.fmt.encode([2.0])).outputs) == [6.0]
    engine = engine_of(another_output, against=lambda x: x * 3.0)
    assert list(engine.values(engine.fmt.encode([0.0])).outputs) == [1.0]


def checked(x: Any) -> Any:
    return tf.debugging.check_numerics(tf.exp(x), "exp got too large")


def asserted(x: Any) -> Any:
    with tf.control_dependencies([tf.debugging.assert_less(x, 100.0, message="at most 100, please")]):
        return x * 2.0


def failing(value: np.ndarray) -> np.ndarray:
    if (np.abs(value) > 1000).any():
        raise ValueError("a thousand is too much")
    return value


def calling_python(x: Any) -> Any:
    y = tf.numpy_function(failing, [x], tf.float32)
    return x + tf.stop_gradient(tf.ensure_shape(y, x.shape))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (checked, "exp got too large : Tensor had Inf values"),
        (asserted, "at most 100, please"),
        (calling_python, "ValueError: a thousand is too much"),
    ],
)
def test_an_operation_that_raises_in_the_middle_of_a_sweep_becomes_one_line(
    engine_of: EngineOf, refused: Refused, function: Callable[..., Any], words: str
) -> None:
    engine = engine_of(function)
    moderate = engine.fmt.encode([-1.0, 2.0, 1.0])
    assert engine.classify(moderate).shape == (3,)
    ordinals = engine.fmt.encode([1.0, 5000.0, -3.0])
    for call in (engine.classify, engine.values):
        message = refused("GC903", partial(call, ordinals))
        assert message.startswith("t: it raised for some x in [-3, 5000]: ")
        assert words in message
        assert message.endswith("; leave that out with --range")


def test_only_the_block_that_raised_is_named(engine_of: EngineOf, refused: Refused) -> None:
    engine = engine_of(checked)
    block = engine.target.block
    ordinals = np.concatenate([np.full(block, int(engine.fmt.encode(1.0))), engine.fmt.encode([200.0, 300.0])])
    assert "for some x in [200, 300]: " in refused("GC903", lambda: engine.classify(ordinals))


@pytest.mark.parametrize("value", list(Class))
def test_every_class_that_can_be_observed_has_a_code(value: Class) -> None:
    made_later = (Class.MIXED, Class.ZERO, Class.VANISHED, Class.INACCURATE, Class.WRONG)
    assert (value in CLASSES) == (value not in made_later)


@tf.custom_gradient
def softplus_with_gradient_0(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1), lambda dy: dy * 0.0


def test_gradients_of_exactly_0_have_bits_of_their_own(engine_of: EngineOf) -> None:
    engine = engine_of(softplus_with_gradient_0, against=tf.round)
    ordinals = engine.fmt.encode([1.0, 88.0, 100.0])
    codes = engine.classify_zeros(ordinals)
    bits = engine.zero_bits()
    assert list(bits) == ["autodiff", "custom", "against"]
    is_zero = {name: [bool(code & bit) for code in codes] for name, bit in bits.items()}
    assert is_zero["autodiff"] == [False, True, False], "right, lost to a subnormal, NaN"
    assert is_zero["custom"] == [True, True, True]
    assert is_zero["against"] == [False, False, False], "no gradient is not a gradient of 0"
    assert (engine.without_zeros(codes) == engine.classify(ordinals)).all()
    assert engine.columns(int(engine.without_zeros(codes)[1])) == (FINITE, FINITE, FINITE, NONE)
