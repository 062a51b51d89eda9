"""Curves in JSON: strict numbers in columns, which read back to the same floats."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import gradcheck.renderers
from gradcheck.floats import FORMATS
from gradcheck.records import Curve, Report, Sweep, TargetReport
from gradcheck.renderers.curve_json import curve_object
from gradcheck.renderers.json_report import in_rows, render_json
from gradcheck.renderers.styles import Style

FLOAT32 = FORMATS["float32"]
NAN, INF = math.nan, math.inf
TENTH = float(np.float32(0.1))
CURVE = Curve(
    FLOAT32,
    tuple(FLOAT32.encode(np.array([-1.0, 0.1, 100.0])).tolist()),
    (0.0, TENTH, INF),
    {"autodiff": (0.5, NAN, None), "custom": (0.1, -INF, 1.0)},
    (1e300, 0.1, None),
    (None, None, None),
)


def test_columns() -> None:
    assert curve_object(CURVE) == {
        "x": [-1.0, 0.1, 100.0],
        "output": [0.0, 0.1, "inf"],
        "autodiff": [0.5, "nan", None],
        "custom": [0.1, "-inf", 1.0],  # no float32, so as it is
        "against": None,
        "true_output": [1e300, 0.1, None],
        "true_gradient": None,
    }


def test_no_curve() -> None:
    assert curve_object(None) is None


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_floats_read_back(name: str) -> None:
    fmt = FORMATS[name]
    ordinals = np.linspace(-0.9, 0.9, 50) * fmt.max_ordinal
    values = tuple(fmt.decode(ordinals.astype(np.int64)).tolist())
    curve = Curve(fmt, tuple(ordinals.astype(np.int64).tolist()), values, {}, values, values)
    found: Any = curve_object(curve)
    assert fmt.encode(np.array(found["x"])).tolist() == list(curve.ordinals)
    assert fmt.decode(fmt.encode(np.array(found["output"]))).tolist() == list(values)


@pytest.fixture
def report(clean_sweep: Sweep, make_target: Callable[..., TargetReport], make_report: Callable[..., Report]) -> Report:
    return make_report(make_target(replace(clean_sweep, curve=CURVE)))


def test_it_follows_the_schema(report: Report) -> None:
    text = render_json(report, Style())
    schema = json.loads((Path(gradcheck.renderers.__file__).parent / "report.schema.json").read_text())
    jsonschema.validate(json.loads(text), schema)
    assert json.loads(text)["targets"][0]["inputs"][0]["curve"] == curve_object(CURVE)


def test_a_column_is_one_line(report: Report) -> None:
    assert '"autodiff": [0.5, "nan", null],\n' in render_json(report, Style())


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, -3e-9, None, "nan", "inf", "-inf"], "b": [[1], [2]]},
        {"a": [], "b": [True, False], "c": ["x", 1]},
        {"a": "[\n   1,\n   2\n ]", "b": ["[\n 1\n ]"]},
    ],
)
def test_rows_say_the_same(value: Any) -> None:
    assert json.loads(in_rows(json.dumps(value, indent=2))) == value
