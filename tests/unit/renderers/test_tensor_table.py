"""Tensor targets in the table: inputs, witness, interval, batch and code."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import (
    Cause,
    Finding,
    LineInterval,
    SearchReport,
    TargetReport,
    TensorInput,
    TensorWitness,
    Weight,
)
from gradcheck.renderers.styles import Style
from gradcheck.renderers.table import target_block
from gradcheck.renderers.tensor_table import search_lines, tensor_findings
from gradcheck.renderers.tensor_words import WRITTEN, clean_text, line_text, search_coverage_text, tensor_text

FLOAT32 = FORMATS["float32"]
STYLE = Style(100)
PASTE = ("import tensorflow as tf", "print(gradient(x))")
WITNESS = TensorWitness(
    inputs={"x": np.array([0.0, float(np.float32(0.1))])},
    dtypes={"x": "float32"},
    outputs={"": np.array(0.0)},
    gradient=np.array([np.nan, 1.0]),
    bad=((0,),),
    bad_count=1,
    paste=PASTE,
)
CAUSE = Cause("Sqrt", "Sqrt", "/a/b.py", 3, "tf.sqrt(x)", message="sqrt(x) is 0 (b.py:3)")
SEARCH = SearchReport(
    inputs=(TensorInput("x", "float32", (2,), parse_domain("x", "any")),),
    wrt=("x",),
    weights=(),
    points={"structured": 1000, "lines": 234},
    judged=0,
    approximate=(),
    guessed=False,
    cotangents=("ones",),
)


@pytest.fixture
def finding(make_finding: Callable[..., Finding]) -> Finding:
    """A finding of a tensor target."""
    message = "the autodiff gradient by x is NaN"
    return make_finding(wrt="x", message=message, suggestion=None, witness=None, tensor=WITNESS, cause=CAUSE)


def text(*findings: Finding) -> str:
    return "\n".join(tensor_findings(findings, STYLE))


def inputs(**changes: Any) -> list[str]:
    """The lines on the inputs."""
    search = replace(SEARCH, **changes)
    return search_lines(TargetReport("t", search=search), search, STYLE)


def test_inputs_are_told_one_a_line() -> None:
    labels = TensorInput("labels", "int32", (), parse_domain("labels", "integer:0:2"))
    assert inputs(inputs=(*SEARCH.inputs, labels)) == [
        "  x: float32[2]",
        "  labels: int32[], integer:0:2, not differentiated by",
    ]


def test_variables_are_counted_and_guessed_shapes_are_said_to_be() -> None:
    found = inputs(weights=(Weight("w", "float32", (200, 10)), Weight("b", "float32", (10,))), guessed=True)
    assert found[1:] == [
        "  2 variables (2,010 weights), differentiated by",
        "  (shapes found by trying; --shape NAME=4,3 sets them)",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "by x[2]: 1,234 points run"),
        ({"guessed": True}, "by x[2], shapes guessed: 1,234 points run"),
        ({"wrt": ("w",), "weights": (Weight("w", "float32", (2,)),)}, "by 1 variable at x[2]: 1,234 points run"),
    ],
)
def test_a_clean_target_says_by_what_it_was_differentiated(changes: dict[str, Any], words: str) -> None:
    assert clean_text(replace(SEARCH, **changes)) == words


def test_a_finding_is_told_with_its_witness_cause_and_code(finding: Finding) -> None:
    assert text(finding).splitlines() == [
        "  GC001 error  the autodiff gradient by x is NaN",
        "      at x = [0, 0.1]",
        "      output 0",
        "      gradient by x [nan, 1], bad at [0]",
        "      cause: sqrt(x) is 0 (b.py:3)",
        "      to see it:",
        *(f"        {line}" for line in PASTE),
    ]


def test_findings_with_one_cause_are_told_together(finding: Finding) -> None:
    found = text(finding, replace(finding, wrt="y", message="the autodiff gradient by y is NaN"))
    assert found.count("GC001") == 1
    assert "      the same by y" in found.splitlines()


def test_findings_with_other_causes_are_told_apart(finding: Finding) -> None:
    other = replace(finding, cause=replace(CAUSE, message="log(x) is -inf (b.py:4)"))
    assert text(finding, other).count("GC001 error") == 2


def test_what_is_for_information_is_not_pasted(finding: Finding) -> None:
    assert "to see it" not in text(replace(finding, severity="info"))


def test_code_is_pasted_as_it_is_however_long(finding: Finding) -> None:
    long = "x = tf.constant([" + ", ".join(["0.123456789"] * 40) + "])"
    assert f"        {long}" in text(replace(finding, tensor=replace(WITNESS, paste=(long,)))).splitlines()


def test_a_finding_without_a_witness_is_a_sentence(finding: Finding) -> None:
    assert text(replace(finding, tensor=None, cause=None)) == "  GC001 error  the autodiff gradient by x is NaN"


def test_what_next_is_said_once(finding: Finding) -> None:
    assert text(replace(finding, suggestion="add an epsilon")).count("next: add an epsilon") == 1


def changed(finding: Finding, **changes: Any) -> str:
    """A finding with another witness."""
    return text(replace(finding, tensor=replace(WITNESS, **changes)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"true_gradient": np.array([None, 1.0], dtype=object)}, "gradient by x [nan, 1] (true [?, 1]), bad at [0]"),
        ({"true_outputs": {"": np.array(0.5, dtype=object)}}, "output 0 (true 0.5)"),
        ({"outputs": {"a": np.array(1.0), "b": np.array([np.inf])}}, "a 1, b [inf]"),
        ({"bad": ((0, 1),), "bad_count": 1}, "bad at [0, 1]"),
        ({"bad": tuple((i,) for i in range(6)), "bad_count": 7, "gradient": np.zeros(8)}, "[3] and 3 more"),
        ({"weights": (np.array([1.0, -1.0]),)}, "outputs weighed with [1, -1]"),
        ({"poisons": "one bad row poisons the batch"}, "      one bad row poisons the batch"),
        ({"line": LineInterval("x", (0,), 0, 1, FLOAT32)}, "along x[0]: from 0 to 1e-45"),
    ],
)
def test_what_is_known_of_a_witness_is_told(finding: Finding, changes: dict[str, Any], words: str) -> None:
    assert words in changed(finding, **changes)


@pytest.mark.parametrize(
    ("name", "shown"), [("", "output 0"), ("1", "output[1] 0"), ("loss", "loss 0"), ("first gradient by x",) * 2]
)
def test_outputs_have_names(finding: Finding, name: str, shown: str) -> None:
    witness = replace(WITNESS, outputs={name: np.array(0.0)})
    assert f"\n      {shown}" in text(replace(finding, tensor=witness))


def test_where_all_is_bad_no_place_is_named(finding: Finding) -> None:
    assert "bad at" not in changed(finding, bad=((0,), (1,)), bad_count=2)


def test_a_gradient_that_raised_is_not_told(finding: Finding) -> None:
    assert "gradient by x [" not in changed(finding, gradient=None)


@pytest.mark.parametrize(
    ("index", "lo", "hi", "shown"),
    [
        ((), 0.0, 1.0, "x: from 0 to 1"),
        ((1, 2), -1.0, 88.72284, "x[1, 2]: from -1 to 88.72284"),
        ((0,), 0.5, 0.5, "x[0]: only at 0.5"),
    ],
)
def test_intervals_are_read_as_floats(index: tuple[int, ...], lo: float, hi: float, shown: str) -> None:
    assert line_text(LineInterval("x", index, int(FLOAT32.encode(lo)), int(FLOAT32.encode(hi)), FLOAT32)) == shown


@pytest.mark.parametrize(
    ("array", "dtype", "shown"),
    [
        (np.array(0.5), None, "0.5"),
        (np.array(float(np.float32(0.1))), "float32", "0.1"),
        (np.array([[1, 2], [3, 4]]), "int32", "[[1, 2], [3, 4]]"),
        (np.array([True, False]), "bool", "[True, False]"),
        (np.array([np.nan, -np.inf, -0.0]), "float32", "[nan, -inf, -0]"),
        (np.zeros(WRITTEN), None, "[" + ", ".join("0" * WRITTEN) + "]"),
        (np.zeros((WRITTEN + 1, 1)), None, "[13, 1] all 0"),
        (np.full(WRITTEN + 1, np.nan), None, "[13] all nan"),
        (np.array([np.nan] + [1.0] * WRITTEN), None, "[13] with 1 not finite"),
        (np.arange(WRITTEN + 1.0), None, "[13]"),
        (np.full(WRITTEN + 1, None), None, "[13] all ?"),
    ],
)
def test_tensors_are_written_out_or_told_by_their_shape(array: Array, dtype: str | None, shown: str) -> None:
    assert tensor_text(array, dtype) == shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "searched: 1,234 points (1,000 structured, 234 lines), graph mode; the truth is not known"),
        ({"judged": 1500}, "; 1,500 results held against real arithmetic"),
        ({"judged": 1, "approximate": ("Svd",)}, "approximate: float64 stands in for the truth (Svd)"),
        ({"cotangents": ("ones", "random signs")}, "; outputs weighed with ones and random signs"),
        ({"order": 2}, "; second derivative"),
        ({"cut": True}, "; stopped by the clock, so that another run may find more (--budget)"),
    ],
)
def test_how_it_was_searched_is_told(changes: dict[str, Any], words: str) -> None:
    assert words in search_coverage_text(replace(SEARCH, **changes), ("graph",))


@pytest.mark.parametrize(("names", "lines"), [(("x",), 1), (tuple(f"a_long_name_{k}" for k in range(7)), 4)])
def test_a_clean_target_fits_however_many_inputs_it_has(names: tuple[str, ...], lines: int) -> None:
    given = tuple(TensorInput(name, "float32", (2, 3), parse_domain(name, "any")) for name in names)
    target = TargetReport("m:f", search=replace(SEARCH, inputs=given, wrt=names, judged=1))
    printed = target_block(target, Style(80)).splitlines()
    assert printed[0].startswith("m:f  clean")
    assert len(printed) == lines
    assert max(map(len, printed)) <= 80
