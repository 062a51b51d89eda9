"""Tensor targets in JSON: what was put in reads back, and what is not known is null."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.program import Array
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
from gradcheck.renderers.json_report import report_object
from gradcheck.renderers.tensor_json import (
    FIELDS,
    LISTED,
    listed,
    outputs,
    search_coverage,
    search_object,
    search_truth,
    tensor_inputs,
    tensor_object,
    tensor_witness_object,
)

FLOAT32 = FORMATS["float32"]
TENTH = float(np.float32(0.1))


def tensor(name: str, dtype: str = "float32", shape: tuple[int, ...] = (2,), domain: str = "any") -> TensorInput:
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


SEARCH = SearchReport(
    inputs=(tensor("x", domain="0:1"), tensor("labels", "int32", (), "integer:0:2")),
    wrt=("x", "w:0"),
    weights=(Weight("w:0", "float64", (2, 3)),),
    points={"structured": 40, "lines": 2},
    judged=7,
    approximate=(),
    guessed=True,
    cotangents=("ones", "random signs"),
)
WITNESS = TensorWitness(
    inputs={"x": np.array([TENTH, -0.0]), "labels": np.array(1), "keep": np.array([True])},
    dtypes={"x": "float32", "labels": "int32", "keep": "bool"},
    outputs={"": np.array([np.inf, 1.0])},
    gradient=np.array([np.nan, -np.inf]),
    bad=((0,),),
    bad_count=2,
    bad_outputs=("output(0)",),
)


def strict(value: Any) -> Any:
    """What JSON makes of it."""
    return json.loads(json.dumps(value, allow_nan=False))


def test_inputs_come_before_the_variables_that_were_differentiated_by() -> None:
    x, labels, weight = strict(tensor_inputs(SEARCH))
    assert (x["name"], x["dtype"], x["shape"], x["domain"]) == ("x", "float32", [2], "0:1")
    assert (x["ranges"], x["differentiated"]) == ([[0.0, 1.0]], True)
    assert (labels["shape"], labels["domain"], labels["ranges"]) == ([], "integer:0:2", [])
    assert labels["differentiated"] is False
    assert (weight["name"], weight["dtype"], weight["shape"]) == ("w:0", "float64", [2, 3])
    assert (weight["domain"], weight["differentiated"]) == ("variable", True)
    assert set(x) == set(labels) == set(weight)


def test_open_ends_of_ranges_are_null() -> None:
    (x,) = strict(tensor_inputs(replace(SEARCH, inputs=(tensor("x", domain=":1"),), weights=())))
    assert x["ranges"] == [[None, 1.0]]


def test_points_are_counted_and_the_line_is_not() -> None:
    assert search_coverage(SEARCH) == {"method": "sampled", "evaluated": 42, "domain": None}
    assert strict(search_object(SEARCH)) == {
        "points": {"structured": 40, "lines": 2},
        "wrt": ["x", "w:0"],
        "cotangents": ["ones", "random signs"],
        "order": 1,
        "shapes_guessed": True,
        "stopped_by_clock": False,
    }


@pytest.mark.parametrize(
    ("changes", "method"),
    [({}, "rigorous"), ({"approximate": ("Svd",)}, "approximate"), ({"judged": 0, "approximate": ("Svd",)}, "none")],
)
def test_what_the_truth_rests_on(changes: dict[str, Any], method: str) -> None:
    assert search_truth(replace(SEARCH, **changes))["method"] == method


def test_a_witness_reads_back() -> None:
    found = strict(tensor_witness_object(WITNESS, "float32"))
    assert found["inputs"] == {"x": [0.1, -0.0], "labels": 1, "keep": [True]}
    assert str(found["inputs"]["x"][1]) == "-0.0"
    assert found["output"] == ["inf", 1.0]
    assert found["gradient"] == ["nan", "-inf"]
    assert (found["true_output"], found["true_gradient"]) == (None, None)


def test_true_values_that_are_not_known_are_null_one_by_one() -> None:
    truth: Array = np.array([None, 0.5], dtype=object)
    found = strict(tensor_witness_object(replace(WITNESS, true_outputs={"": truth}, true_gradient=truth), "float32"))
    assert (found["true_output"], found["true_gradient"]) == ([None, 0.5], [None, 0.5])


def test_a_gradient_that_raised_is_null() -> None:
    assert tensor_witness_object(replace(WITNESS, gradient=None), "float32")["gradient"] is None


def test_several_outputs_stand_by_name_or_by_number() -> None:
    one, two = np.array(1.0), np.array([2.0])
    assert outputs({"loss": one}) == 1.0
    assert outputs({"loss": one, "": two}) == {"loss": 1.0, "1": [2.0]}


def test_large_tensors_are_their_shapes() -> None:
    assert listed(np.zeros(LISTED)) == [0.0] * LISTED
    large = np.arange(LISTED + 1.0).reshape(-1, 1)
    assert listed(large) == {"shape": [LISTED + 1, 1]}
    assert listed(np.where(large % 2, np.nan, large)) == {"shape": [LISTED + 1, 1], "not_finite": LISTED // 2}


def test_the_entry_that_all_of_a_large_tensor_are_is_told() -> None:
    assert listed(np.full(LISTED + 1, TENTH), "float32") == {"shape": [LISTED + 1], "all": 0.1}
    assert listed(np.full(LISTED + 1, np.nan)) == {"shape": [LISTED + 1], "all": "nan"}
    assert listed(np.full(LISTED + 1, None, object)) == {"shape": [LISTED + 1], "all": None}


def test_fields_of_tensors_are_there_and_null_without_one() -> None:
    assert tensor_object(None) == dict.fromkeys(FIELDS)
    found = strict(tensor_object(WITNESS))
    assert tuple(found) == FIELDS
    assert (found["indices"], found["bad_entries"], found["bad_outputs"]) == ([[0]], 2, ["output(0)"])
    assert (found["cotangent"], found["line_interval"], found["poisons_batch"], found["paste"]) == (
        *("ones", None, None, None),
    )


def test_random_signs_come_with_their_values() -> None:
    signs = (np.array([1.0, -1.0]), np.array(1.0))
    found = strict(tensor_object(replace(WITNESS, cotangent="random signs", weights=signs)))
    assert found["cotangent"] == {"name": "random signs", "values": [[1.0, -1.0], 1.0]}


def test_pasted_lines_are_one_text() -> None:
    assert tensor_object(replace(WITNESS, paste=("a", "b")))["paste"] == "a\nb"


def test_a_line_interval_has_its_ends_in_both_notations_and_counts_its_floats() -> None:
    line = LineInterval("x", (1, 0), -1 - int(FLOAT32.encode(TENTH)), int(FLOAT32.encode(TENTH)), FLOAT32)
    found = strict(tensor_object(replace(WITNESS, line=line)))["line_interval"]
    assert (found["input"], found["index"], found["lo"], found["hi"]) == ("x", [1, 0], -0.1, 0.1)
    assert (float.fromhex(found["lo_hex"]), float.fromhex(found["hi_hex"])) == (-TENTH, TENTH)
    assert found["floats"] == 2 * (int(FLOAT32.encode(TENTH)) + 1)


def test_the_report_of_a_tensor_target_is_strict_json(make_finding: Callable[..., Finding]) -> None:
    finding = make_finding(lo=None, hi=None, at=None, witness=None, tensor=WITNESS)
    target = TargetReport("t", versions=("autodiff",), modes=("graph",), findings=(finding,), search=SEARCH)
    from gradcheck.records import Environment

    (found,) = strict(report_object(Report("0", Environment("2", "3", "CPU"), (target,))))["targets"]
    assert found["inputs"] == strict(tensor_inputs(SEARCH))
    (shown,) = found["findings"]
    assert shown["witness"] == strict(tensor_witness_object(WITNESS, "float32"))
    assert all(shown[name] == strict(tensor_object(WITNESS))[name] for name in FIELDS)
