"""The JSON report of tensor targets keeps to the schema: of made-up witnesses, and of real scans."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from gradcheck import pipeline
from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.records import (
    Finding,
    LineInterval,
    Report,
    SearchReport,
    TargetReport,
    TensorInput,
    TensorWitness,
    Weight,
)
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.styles import Style

FLOAT32 = FORMATS["float32"]
SCHEMA = json.loads((resources.files("gradcheck.renderers") / "report.schema.json").read_text(encoding="utf-8"))
INPUTS = (
    TensorInput("x", "float32", (2,), ValueDomain()),
    TensorInput("labels", "int32", (2,), parse_domain("", "integer:0:9")),
    TensorInput("mask", "bool", (), ValueDomain("mask")),
    TensorInput("rate", "float16", (), parse_domain("", ":1")),
)
SEARCH = SearchReport(
    INPUTS, ("x", "w"), (Weight("w", "float32", (2, 1)),), {"structured": 12, "lines": 30}, 9, ("Foo",), True, ("ones",)
)


def strictly(report: Report) -> Any:
    """The target, checked against the schema."""
    found = json.loads(render_json(report, Style()))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found["targets"][0]


def witness(**fields: Any) -> TensorWitness:
    """A point of two numbers, one of which is bad."""
    given = {
        "inputs": {"x": np.array([0.1, -0.0]), "labels": np.array([3, 4]), "mask": np.array(True)},
        "dtypes": {"x": "float32", "labels": "int32", "mask": "bool"},
        "outputs": {"": np.array(np.inf)},
        "gradient": np.array([np.nan, 1.0]),
    }
    return TensorWitness(**{**given, **fields})


@pytest.fixture
def target_of(make_finding: Callable[..., Finding], make_report: Callable[..., Report]) -> Callable[..., Any]:
    """The JSON of a target with one finding."""

    def build(tensor: TensorWitness) -> Any:
        finding = make_finding(lo=None, hi=None, at=None, witness=None, tensor=tensor)
        return strictly(
            make_report(
                TargetReport("m:f", versions=("autodiff",), modes=("graph",), findings=(finding,), search=SEARCH)
            )
        )

    return build


def test_inputs_and_variables(target_of: Callable[..., Any]) -> None:
    target = target_of(witness())
    assert target["elementwise"] is False
    assert [(i["name"], i["dtype"], i["shape"], i["domain"], i["differentiated"]) for i in target["inputs"]] == [
        ("x", "float32", [2], "any", True),
        ("labels", "int32", [2], "integer:0:9", False),
        ("mask", "bool", [], "mask", False),
        ("rate", "float16", [], ":1", False),
        ("w", "float32", [2, 1], "variable", True),
    ]
    assert [i["ranges"] for i in target["inputs"]] == [[], [], [], [[None, 1.0]], []]


def test_how_it_was_searched(target_of: Callable[..., Any]) -> None:
    target = target_of(witness())
    assert target["coverage"] == {"method": "sampled", "evaluated": 42, "domain": None}
    assert target["truth"] == {"method": "approximate", "points": 9, "approximate": ["Foo"]}
    assert target["search"] == {
        "points": {"structured": 12, "lines": 30},
        "wrt": ["x", "w"],
        "cotangents": ["ones"],
        "order": 1,
        "shapes_guessed": True,
        "stopped_by_clock": False,
    }


def test_a_witness_is_nested_lists_of_the_shortest_decimals(target_of: Callable[..., Any]) -> None:
    (finding,) = target_of(witness(true_gradient=np.array([None, 1.0], dtype=object), bad=((0,),), bad_count=1))[
        "findings"
    ]
    shown = finding["witness"]
    assert str(shown["inputs"]) == "{'x': [0.1, -0.0], 'labels': [3, 4], 'mask': True}"
    assert (shown["output"], shown["gradient"], shown["true_gradient"]) == ("inf", ["nan", 1.0], [None, 1.0])
    assert (shown["true_output"], finding["lo"], finding["floats"]) == (None, None, None)
    assert (finding["indices"], finding["bad_entries"]) == ([[0]], 1)
    assert (finding["cotangent"], finding["line_interval"], finding["poisons_batch"]) == ("ones", None, None)
    assert finding["paste"] is None


def test_all_that_a_witness_may_have(target_of: Callable[..., Any]) -> None:
    line = LineInterval("x", (1,), int(FLOAT32.encode(-1.0)), int(FLOAT32.encode(2.0)), FLOAT32)
    full = witness(
        outputs={"a": np.array([1.0, np.inf]), "b": np.zeros((70, 70))},
        gradient=None,
        bad_outputs=("a(1)",),
        cotangent="random signs",
        weights=(np.array([1.0, -1.0]), np.ones(2)),
        line=line,
        poisons="one bad row poisons the batch",
        paste=("import tensorflow as tf", "print(1)"),
    )
    (finding,) = target_of(full)["findings"]
    assert finding["witness"]["output"] == {"a": [1.0, "inf"], "b": {"shape": [70, 70]}}
    assert finding["witness"]["gradient"] is None
    assert finding["cotangent"] == {"name": "random signs", "values": [[1.0, -1.0], [1.0, 1.0]]}
    interval = finding["line_interval"]
    assert (interval["input"], interval["index"], interval["lo"], interval["hi"]) == ("x", [1], -1.0, 2.0)
    assert (interval["lo_hex"], interval["floats"]) == ("-0x1.000000p+0", line.hi - line.lo + 1)
    assert (finding["bad_outputs"], finding["poisons_batch"]) == (["a(1)"], "one bad row poisons the batch")
    assert finding["paste"] == "import tensorflow as tf\nprint(1)"


CODE = """
import tensorflow as tf

weight = tf.Variable([2.0, 3.0])

def rmse(x, labels):
    return tf.sqrt(tf.reduce_mean(tf.square(x - labels)))

def two(x, mask: bool):
    return {"a": tf.sqrt(x), "b": tf.where(mask, tf.reduce_sum(x), 0.0)}

def weighed(x):
    return tf.sqrt(tf.reduce_sum((x - weight) ** 2))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rmse", {"shapes": {"x": (4,)}}),
        ("rmse", {"order": 2}),
        ("two", {"domains": {"x": parse_domain("", "0:")}}),
        ("weighed", {"wrt": ("variables",)}),
    ],
)
def test_a_real_scan_keeps_to_the_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any]
) -> None:
    (tmp_path / "losses.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    target = strictly(pipeline.run((f"losses.py:{name}",), ScanOptions(budget=1.0, **options)))
    assert (target["error"], target["status"], target["elementwise"]) == (None, "findings", False)
    first = target["findings"][0]
    assert first["bad_entries"] > 0
    assert len(first["indices"]) == min(first["bad_entries"], 16)
    assert f"import {name} as f" in first["paste"]
