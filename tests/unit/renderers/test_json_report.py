"""The JSON report is strict, exact, and the same bytes for the same report."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS
from gradcheck.records import (
    Cause,
    Class,
    Domain,
    Finding,
    Kind,
    Reference,
    Report,
    Screen,
    Sweep,
    TargetError,
    TargetReport,
    Witness,
)
from gradcheck.renderers import render
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.numbers import number
from gradcheck.renderers.styles import Style
from gradcheck.renderers.tensor_json import FIELDS

MakeFinding = Callable[..., Finding]
MakeSweep = Callable[..., Sweep]
MakeTarget = Callable[..., TargetReport]
MakeReport = Callable[..., Report]

FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
FINITE, NAN, INF, NEGATIVE_INF = Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF
NONE, MIXED = Class.NONE, Class.MIXED
BROKEN = TargetReport("m:broken", error=TargetError("GC902", "m: has no broken; it has: working"))
SCHEMA = json.loads((resources.files("gradcheck.renderers") / "report.schema.json").read_text(encoding="utf-8"))


def strictly(text: str) -> Any:
    """Read JSON that has no NaN or Infinity token; checked against the schema."""

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    report = json.loads(text, parse_constant=refuse)
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


@pytest.fixture
def full(make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport) -> Report:
    """A report with something of everything."""
    versions = ("autodiff", "custom", "against")
    z = make_sweep(
        (WHOLE[0], -1, FINITE, NAN, FINITE, NONE),
        (0, 99, NEGATIVE_INF, MIXED, INF, FINITE),
        (200, WHOLE[1], MIXED, NEGATIVE_INF, NAN, FINITE),
        versions=versions,
        held=(5, int(FLOAT32.encode(0.5))),
        evaluated=1000,
    )
    y = make_sweep((-1, 0, FINITE, FINITE, FINITE, FINITE), name="y", versions=versions, index=1, held=z.plan.held)
    findings = (
        make_finding(witness=Witness({"z": -0.0, "y": 0.5}, float("-inf"), float("nan"))),
        make_finding(witness=Witness({"z": 1e-45, "y": 0.5}, float("inf"), None), version="custom"),
        make_finding(lo=None, hi=None, at=None, witness=None, suggestion=None, severity="info", kind="numerical"),
        make_finding(
            cause=Cause("Mul", "Exp", "softplus.py", 12, "return tf.math.log(tf.exp(z) + 1)", "Exp", "0 * inf = NaN"),
            kind="undecided",
        ),
        make_finding(cause=Cause("Mul", None, None, None, None), code="GC009", name="gradient-raises"),
        make_finding(
            code="GC003", name="vanished-gradient", witness=Witness({"z": 88.0}, 88.0, 0.0, 88.0, 1.0), kind=None
        ),
    )
    found = make_target(z, y, findings=findings, notes=("traced as a loop — slow",))
    return make_report(found, make_target(y, target="m:clean"), BROKEN)


def test_the_full_report_is_strict_and_keeps_to_the_schema(full: Report) -> None:
    report = strictly(render_json(full, Style()))
    assert report["schema_version"] == 1
    assert report["tool"] == {"name": "gradcheck", "version": "0.0.1"}
    assert report["environment"] == {"tensorflow": "2.21.0", "python": "3.11.7", "device": "CPU"}
    assert report["summary"] == {"targets": 3, "clean": 1, "findings": 1, "errors": 1, "suppressed": 0}
    assert [target["status"] for target in report["targets"]] == ["findings", "clean", "error"]


def test_an_empty_report(make_report: MakeReport) -> None:
    report = strictly(render_json(make_report(), Style()))
    assert report["targets"] == []
    assert report["summary"] == {"targets": 0, "clean": 0, "findings": 0, "errors": 0, "suppressed": 0}


def test_a_target_that_could_not_be_checked_is_its_error(make_report: MakeReport) -> None:
    (target,) = strictly(render_json(make_report(BROKEN), Style()))["targets"]
    assert target["error"] == {"code": "GC902", "message": "m: has no broken; it has: working"}
    assert target["status"] == "error"
    assert target["elementwise"] is target["coverage"] is target["truth"] is target["search"] is None
    assert target["inputs"] == target["regions"] == target["findings"] == target["versions"] == []


def test_fields_of_tensor_targets_are_null_of_swept_ones(full: Report) -> None:
    target = strictly(render_json(full, Style()))["targets"][0]
    assert (target["elementwise"], target["search"]) == (True, None)
    for finding in target["findings"]:
        assert [finding[name] for name in FIELDS] == [None] * len(FIELDS)


def test_inputs_tell_what_was_swept_and_where_the_others_were_held(full: Report) -> None:
    z, y = strictly(render_json(full, Style()))["targets"][0]["inputs"]
    assert (z["name"], z["dtype"], z["shape"]) == ("z", "float32", [])
    assert z["ranges"] == [[-3.4028235e38, FLOAT32.shortest(99)], [FLOAT32.shortest(200), 3.4028235e38]]
    assert z["held"] == FLOAT32.shortest(5)
    assert (y["name"], y["held"]) == ("y", 0.5)
    assert str(y["ranges"]) == "[[-0.0, 0.0]]"


def test_a_single_input_is_held_nowhere(full: Report) -> None:
    (y,) = strictly(render_json(full, Style()))["targets"][1]["inputs"]
    assert y["held"] is None


def test_coverage_counts_all_inputs(full: Report) -> None:
    first, second, _ = strictly(render_json(full, Style()))["targets"]
    domain = 2**32 - 2**24 - 100 + 2
    assert first["coverage"] == {
        "method": "sampled",
        "evaluated": 1002,
        "domain": domain,
        "pairs": None,
        "screen": None,
    }
    assert second["coverage"] == {"method": "exhaustive", "evaluated": 2, "domain": 2, "pairs": None, "screen": None}


def test_stretches_that_differ_from_float64_are_in_the_coverage(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((0, 9, FINITE, FINITE), screen=Screen(((3, 6),), True, ((5, 6),)))
    (target,) = strictly(render_json(make_report(make_target(sweep)), Style()))["targets"]
    screen = target["coverage"]["screen"]
    assert (screen["reference"], screen["joined"]) == ("float64", True)
    assert [(s["input"], s["floats"]) for s in (*screen["stretches"], *screen["unlisted"])] == [("z", 4), ("z", 2)]


def test_regions_have_a_column_for_every_version_whether_it_is_there_or_not(
    full: Report, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    regions = strictly(render_json(full, Style()))["targets"][0]["regions"]
    columns = [[r["input"], r["forward"], r["autodiff"], r["custom"], r["against"]] for r in regions]
    assert columns == [
        ["z", "finite", "nan", "finite", "none"],
        ["z", "-inf", "mixed", "inf", "finite"],
        ["z", "mixed", "-inf", "nan", "finite"],
        ["y", "finite", "finite", "finite", "finite"],
    ]
    alone = make_report(make_target(make_sweep((*WHOLE, FINITE, FINITE))))
    (region,) = strictly(render_json(alone, Style()))["targets"][0]["regions"]
    assert (region["autodiff"], region["custom"], region["against"]) == ("finite", None, None)


def test_findings_are_told_in_full(full: Report) -> None:
    first, second, third, fourth, _, sixth = strictly(render_json(full, Style()))["targets"][0]["findings"]
    assert (first["code"], first["name"], first["severity"]) == ("GC001", "nan-gradient", "error")
    assert (first["version"], first["mode"], first["wrt"], first["masked"]) == ("autodiff", "graph", "z", True)
    assert (first["lo"], first["hi"], first["floats"]) == (FLOAT32.shortest(1), FLOAT32.shortest(10), 10)
    assert str(first["witness"]["inputs"]) == "{'z': -0.0, 'y': 0.5}"
    assert (first["witness"]["output"], first["witness"]["gradient"]) == ("-inf", "nan")
    assert (second["witness"]["output"], second["witness"]["gradient"]) == ("inf", None)
    assert third["lo"] is third["hi"] is third["lo_hex"] is third["floats"] is third["witness"] is None
    assert third["kind"] == "numerical"
    assert fourth["cause"] == {
        "op": "Mul",
        "forward_op": "Exp",
        "file": "softplus.py",
        "line": 12,
        "source": "return tf.math.log(tf.exp(z) + 1)",
        "node": "Exp",
        "message": "0 * inf = NaN",
    }
    assert fourth["kind"] == "undecided"
    assert (sixth["witness"]["gradient"], sixth["witness"]["true_gradient"]) == (0.0, 1.0)
    assert first["witness"]["true_gradient"] is None
    assert first["cause"] is None


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
def test_ends_read_back_to_the_same_floats(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport, name: str, data: st.DataObject
) -> None:
    fmt = FORMATS[name]
    place = st.integers(fmt.min_ordinal, fmt.max_ordinal) | st.integers(-2, 2)
    lo, hi = sorted((data.draw(place), data.draw(place)))
    report = make_report(make_target(make_sweep((lo, hi, FINITE, FINITE), fmt=fmt)))
    (target,) = strictly(render_json(report, Style()))["targets"]
    (region,) = target["regions"]
    assert fmt.encode(np.array([region["lo"], region["hi"]], dtype=np.float64)).tolist() == [lo, hi]
    assert fmt.encode(np.array(target["inputs"][0]["ranges"][0], dtype=np.float64)).tolist() == [lo, hi]
    exact = [float.fromhex(region["lo_hex"]).hex(), float.fromhex(region["hi_hex"]).hex()]
    assert exact == [float(value).hex() for value in fmt.decode(np.array([lo, hi]))]
    assert region["floats"] == hi - lo + 1
    assert repr(region["lo"]) == repr(fmt.shortest(lo))


def test_decimals_are_the_shortest_of_their_dtype(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    for name, fmt in FORMATS.items():
        tenth = int(fmt.encode(0.1))
        text = render_json(make_report(make_target(make_sweep((tenth, tenth, FINITE, FINITE), fmt=fmt))), Style())
        assert '"lo": 0.1,' in text, name


@pytest.mark.parametrize(
    ("truths", "wanted"),
    [
        ([Reference(700)], {"method": "rigorous", "points": 700, "approximate": []}),
        ([Reference(700), Reference(20)], {"method": "rigorous", "points": 720, "approximate": []}),
        ([Reference(700, ("Foo",))], {"method": "approximate", "points": 700, "approximate": ["Foo"]}),
        (
            [Reference(700, ("Foo",)), Reference(20, ("Bar", "Foo"))],
            {"method": "approximate", "points": 720, "approximate": ["Bar", "Foo"]},
        ),
        ([Reference(0, ("Foo",))], {"method": "none", "points": 0, "approximate": ["Foo"]}),
        ([Reference(700), None], {"method": "none", "points": 700, "approximate": []}),
        ([None], {"method": "none", "points": 0, "approximate": []}),
    ],
)
def test_it_is_said_what_the_verdicts_rest_on(
    *,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    truths: list[Reference | None],
    wanted: dict[str, object],
) -> None:
    held = (0,) * len(truths)
    sweeps = [
        make_sweep((*WHOLE, FINITE, FINITE), name=f"x{i}", index=i, held=held, truth=truth)
        for i, truth in enumerate(truths)
    ]
    (target,) = strictly(render_json(make_report(make_target(*sweeps)), Style()))["targets"]
    assert target["truth"] == wanted


@pytest.mark.parametrize("observed", [c for c in Class if c is not Class.ZERO])
@pytest.mark.parametrize("domain", [None, *Domain])
def test_every_class_and_every_domain_can_be_written(
    *,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    observed: Class,
    domain: Domain | None,
) -> None:
    sweep = make_sweep((0, 9, FINITE, observed))
    sweep = replace(sweep, regions=(replace(sweep.regions[0], domain=domain),))
    (target,) = strictly(render_json(make_report(make_target(sweep)), Style()))["targets"]
    (region,) = target["regions"]
    assert region["autodiff"] == observed.value
    assert region["domain"] == (domain.value if domain else None)


def test_regions_that_differ_only_in_what_has_no_column_are_one(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((0, 9, FINITE, NAN), (10, 19, FINITE, NAN), (20, 29, FINITE, NAN))
    first, second, third = sweep.regions
    regions = (
        replace(first, kinds={"autodiff": Kind.NUMERICAL}),
        replace(second, kinds={"autodiff": Kind.OVERFLOW}),
        replace(third, domain=Domain.OUTSIDE),
    )
    (target,) = strictly(render_json(make_report(make_target(replace(sweep, regions=regions))), Style()))["targets"]
    assert [region["floats"] for region in target["regions"]] == [20, 10]


def test_negative_zero_is_kept(make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport) -> None:
    text = render_json(make_report(make_target(make_sweep((-1, 0, FINITE, FINITE)))), Style())
    assert '"lo": -0.0,' in text
    assert '"hi": 0.0,' in text
    assert '"lo_hex": "-0x0.000000p+0"' in text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.5, 1.5),
        (-0.0, -0.0),
        (5e-324, 5e-324),
        (float("nan"), "nan"),
        (float("-nan"), "nan"),
        (float("inf"), "inf"),
        (-float("inf"), "-inf"),
    ],
)
def test_numbers_that_json_does_not_have_are_named(value: float, wanted: float | str) -> None:
    assert repr(number(value)) == repr(wanted)


def test_the_same_report_is_the_same_bytes_wherever_it_goes(full: Report) -> None:
    texts = {render_json(full, style) for style in (Style(), Style(), Style(120, True, False))}
    assert len(texts) == 1
    (text,) = texts
    assert text.isascii()
    assert text.endswith("}\n")
    assert render(full, "json", Style()) == text
