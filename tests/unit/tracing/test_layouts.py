"""How a block of points is fed to a target."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.floats import FORMATS
from gradcheck.records import LoadedTarget, Parameter, TracedInput
from gradcheck.tracing.layouts import (
    BLOCK_BYTES,
    LOOP_BLOCK,
    Layout,
    Mismatch,
    Untraceable,
    as_written,
    block_of,
    candidates,
    fill,
    positional,
    smoke_values,
    traces_as_matrix,
    widened,
)

Shape = tuple[int | None, ...] | None
Refused = Callable[[str, Callable[[], object]], str]


def target(function: Callable[..., Any], *shapes: Shape, dtype: str = "float32") -> tuple[LoadedTarget, Any]:
    """A loaded target with an input of each shape, and the traced inputs."""
    parameters = tuple(Parameter(f"x{i}", None, shape) for i, shape in enumerate(shapes))
    inputs = tuple(TracedInput(p.name, FORMATS[dtype], p.shape or ()) for p in parameters)
    return LoadedTarget("t", function, parameters), inputs


def product(*xs: Any) -> Any:
    return xs[0] * xs[-1]


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([None], [(((64,),), "whole"), (((),), "rows")]),
        ([None, None], [(((64,), (64,)), "whole"), (((), ()), "rows")]),
        ([(None,)], [(((64,),), "whole")]),
        ([(None, 1)], [(((64, 1),), "whole")]),
        ([(1, None)], [(((1, 64),), "whole")]),
        ([(None, None)], [(((64, 1),), "whole")]),
        ([(None,), None], [(((64,), (64,)), "whole")]),
        ([()], [(((),), "rows")]),
        ([(1,)], [(((1,),), "rows")]),
        ([(3,)], [(((3,),), "rows")]),
        ([(2, 3)], [(((2, 3),), "rows")]),
        ([(None, 3)], [(((1, 3),), "rows")]),
        ([(3,), (1, 3)], [(((3,), (1, 3)), "rows")]),
        ([(64,)], [(((64,),), "rows")]),
        ([(0,)], []),
        ([(3,), ()], []),
        ([(3,), (2,)], []),
    ],
)
def test_what_is_tried_for_declared_shapes(shapes: list[Shape], expected: list[tuple[Any, str]]) -> None:
    found = list(candidates(*target(product, *shapes), 64))
    loops = [layout for layout in found if layout.looped]
    assert [(layout.shapes, layout.style) for layout in found if not layout.looped] == expected
    assert all(layout.block == 64 for layout in found if not layout.looped)
    assert [layout.shapes for layout in loops] == [shapes for shapes, style in expected if style == "rows"]


def test_widened_gives_the_block_to_the_first_open_dimension() -> None:
    assert widened((1, None, None), 64) == (1, 64, 1)


@pytest.mark.parametrize(
    ("dtypes", "block"),
    [(["float32"], 1 << 14), (["float16"], 1 << 14), (["bfloat16"], 1 << 14), (["float64"], 1 << 13)]
    + [(["float32", "float64"], 1 << 13)],
)
def test_blocks_have_the_bytes_of_the_widest_input(dtypes: list[str], block: int) -> None:
    assert block_of(tuple(TracedInput("x", FORMATS[d], ()) for d in dtypes)) == block
    assert block * max(FORMATS[d].bits // 8 for d in dtypes) <= BLOCK_BYTES


@pytest.mark.parametrize(("shape", "block", "padded"), [((3,), 64, 66), ((3,), 66, 66), ((), 64, 64), ((5, 2), 61, 70)])
def test_a_block_is_filled_up_to_whole_calls(shape: tuple[int, ...], block: int, padded: int) -> None:
    loaded, inputs = target(product, shape)
    assert Layout(loaded, inputs, (shape,), block, "rows").padded == padded


def test_filling_takes_the_first_values_again() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    assert fill(x, 3) is x
    assert fill(x, 5).numpy().tolist() == [1.0, 2.0, 3.0, 1.0, 2.0]


def looped_product(*xs: Any) -> Any:
    return tf.cond(xs[0] > 0, lambda: xs[0] * xs[-1], lambda: xs[0] * xs[-1])


@pytest.mark.parametrize(
    ("function", "shapes", "style"),
    [
        (product, [None], "whole"),
        (product, [(None, 1), (None, 1)], "whole"),
        (product, [()], "rows"),
        (product, [(3,), (1, 3)], "rows"),
        (looped_product, [()], "loop"),
    ],
)
def test_every_style_gives_each_point_its_own_result(
    function: Callable[..., Any], shapes: list[Shape], style: str
) -> None:
    loaded, inputs = target(function, *shapes)
    layout = next(iter(candidates(loaded, inputs, 50))).traced()
    assert layout.style == style
    xs = [tf.constant(np.linspace(1, 2, layout.block), tf.float32) for _ in inputs]
    outputs = tf.function(layout.flat(lambda *row: (product(*row), -row[0])), autograph=False)(*xs)
    assert [y.shape for y in outputs] == [[layout.block]] * 2
    assert outputs[0].numpy() == pytest.approx(xs[0].numpy() ** 2)
    assert (outputs[1].numpy() == -xs[0].numpy()).all()


def test_a_loop_takes_smaller_blocks() -> None:
    loaded, inputs = target(looped_product, ())
    layout = next(iter(candidates(loaded, inputs, 1 << 14))).traced()
    assert (layout.looped, layout.block) == (True, LOOP_BLOCK)


def test_a_branch_on_a_tensor_of_several_values_does_not_trace_as_a_whole() -> None:
    whole, rows, _ = candidates(*target(looped_product, None), 64)
    with pytest.raises(Untraceable) as raised:
        whole.traced()
    assert raised.value.stage == "while being traced"
    assert rows.traced().looped


def test_an_error_that_comes_only_when_it_is_run_has_its_own_stage() -> None:
    layout = next(iter(candidates(*target(lambda x: tf.debugging.check_numerics(x / 0.0, "bad"), None), 64)))
    with pytest.raises(Untraceable) as raised:
        layout.traced()
    assert raised.value.stage == "when run"


@pytest.mark.parametrize("function", [tf.reduce_sum, lambda x: x[1:], lambda x: tf.boolean_mask(x, x > 0.5)])
def test_an_output_of_another_size(refused: Refused, function: Callable[..., Any]) -> None:
    layout = next(iter(candidates(*target(function, None), 64)))
    assert "not elementwise: its output has another shape" in refused("GC909", layout.traced)


def test_a_result_of_another_size_is_a_mismatch() -> None:
    layout = next(iter(candidates(*target(product, None), 64)))
    with pytest.raises(Mismatch):
        layout.flattened(tf.zeros([63]))
    assert layout.flattened(tf.zeros([64, 1])).shape == [64]


def test_a_tensor_target_is_told_from_one_that_raises() -> None:
    assert traces_as_matrix(*target(lambda x: tf.matmul(x, x), None))
    assert not traces_as_matrix(*target(lambda x: 1 / 0, None))


def test_a_target_is_called_as_training_calls_it() -> None:
    loaded, inputs = target(looped_product, None)
    layout = Layout(loaded, inputs, ((),), 1, "rows")
    call = tf.function(lambda x: as_written(layout)(x), autograph=False)
    assert call(tf.constant(3.0)).numpy() == 9.0


def test_keyword_only_parameters_are_passed_by_name() -> None:
    def function(x: float, *, y: float, z: float) -> tuple[float, float, float]:
        return x, y, z

    parameters = (Parameter("x"), Parameter("y", keyword_only=True), Parameter("z", keyword_only=True))
    assert positional(LoadedTarget("t", function, parameters))(1.0, 2.0, 3.0) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_moderate_values(dtype: str) -> None:
    values = smoke_values(64, TracedInput("x", FORMATS[dtype], ()))
    assert values.dtype.name == dtype
    assert values.shape == [64]
    found = values.numpy().astype(np.float64)
    assert (found.min(), found.max()) == (0.25, 0.75)
