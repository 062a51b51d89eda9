"""The points of a curve read back to the floats that were computed."""

from dataclasses import replace

from gradcheck.reading import read
from gradcheck.renderers import Style
from gradcheck.renderers.json_report import render_json
from tests.specimens import CURVE, LINE, SWEPT, TENTH, report


def test_computed_values_are_floats_of_their_dtype_again() -> None:
    computed = (TENTH, None, float("-inf"), -0.0, float("nan"))
    curve = replace(CURVE, output=computed, gradients={"autodiff": computed})
    written = report(replace(SWEPT, sweeps=(replace(LINE, curve=curve),)))
    (again,) = read(render_json(written, Style())).targets[0].sweeps
    assert repr(again.curve) == repr(curve)


def test_sums_that_are_no_floats_of_the_dtype_stay_as_they_are() -> None:
    curve = replace(CURVE, output=(1 + 2**-40, 1e300, 1 / 3, 0.0, None))
    written = report(replace(SWEPT, sweeps=(replace(LINE, curve=curve),)))
    (again,) = read(render_json(written, Style())).targets[0].sweeps
    assert again.curve is not None
    assert again.curve.output == curve.output
