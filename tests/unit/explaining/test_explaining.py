"""Findings get what came out at their witness, and a next step that works."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.explaining import MAX_CAUSES, NOWHERE, Knowledge, Result, explain, suggest
from gradcheck.floats import FORMATS
from gradcheck.parsing import ordinal, parse_range
from gradcheck.program import Program
from gradcheck.records import Finding, Witness

MakeFinding = Callable[..., Finding]
FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)


class Run:
    """Runs points: the output is the ordinal, the gradients are twice and three times that; remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def __call__(self, ordinals: list[int]) -> Sequence[Result]:
        self.calls.append(ordinals)
        return [({"z": float(o), "y": 0.5}, float(o), {"autodiff": 2.0 * o, "custom": None}) for o in ordinals]


def knowledge(run: Run, **fields: Any) -> Knowledge:
    """The true output is five times the ordinal, the true gradient seven times; no programs."""
    given = {"true_values": lambda o: (5.0 * o, 7.0 * o), "studies": {}, "local_errors": lambda program, point: {}}
    return Knowledge(values_at=run, **{**given, **fields})


def test_every_finding_gets_the_values_at_its_own_witness(make_finding: MakeFinding) -> None:
    run = Run()
    places = (30, -7, 12, 30)
    explained = explain(tuple(make_finding(at=place, witness=None) for place in places), knowledge(run))
    assert [f.witness for f in explained] == [Witness({"z": p, "y": 0.5}, p, 2.0 * p, 5.0 * p, 7.0 * p) for p in places]
    assert run.calls == [[-7, 12, 30]], "one call, every point once"


def test_the_gradient_is_that_of_the_findings_own_version(make_finding: MakeFinding) -> None:
    autodiff, custom = explain(
        (make_finding(at=5, version="autodiff", witness=None), make_finding(at=5, version="custom", witness=None)),
        knowledge(Run()),
    )
    assert autodiff.witness is not None
    assert autodiff.witness.gradient == 10.0
    assert custom.witness is not None
    assert custom.witness.gradient is None


def test_a_finding_without_a_place_runs_nothing(make_finding: MakeFinding) -> None:
    run = Run()
    (explained,) = explain((make_finding(at=None, witness=None),), knowledge(run))
    assert explained.witness is None
    assert run.calls == []
    assert explain((), knowledge(run)) == ()


def test_the_rest_of_a_finding_stays(make_finding: MakeFinding) -> None:
    before = make_finding(at=5, witness=None, suggestion=None)
    (after,) = explain((before,), knowledge(Run()))
    assert (after.code, after.lo, after.hi, after.message) == (before.code, before.lo, before.hi, before.message)
    assert after.suggestion == suggest(before)


@pytest.mark.parametrize("code", ["GC001", "GC002", "GC008", "GC009"])
def test_what_is_for_information_needs_no_next_step(make_finding: MakeFinding, code: str) -> None:
    assert suggest(make_finding(code=code, severity="info")) is None


@pytest.mark.parametrize(
    ("code", "severity", "names"),
    [
        ("GC001", "error", ["stable form", "tf.custom_gradient"]),
        ("GC002", "error", ["stable form", "tf.custom_gradient"]),
        ("GC008", "warning", ["tf.custom_gradient", "tf.stop_gradient"]),
        ("GC009", "error", ["replace the operation", "tf.custom_gradient"]),
        ("GC001", "warning", ["--range"]),
        ("GC002", "warning", ["--range"]),
    ],
)
def test_the_next_step_fits_the_finding(make_finding: MakeFinding, code: str, severity: str, names: list[str]) -> None:
    said = suggest(make_finding(code=code, severity=severity))
    assert said is not None
    assert all(name in said for name in names)
    assert "\n" not in said


def suggested_range(finding: Finding) -> tuple[int, int]:
    """Both ends of the range that is suggested, read as the command line reads it."""
    said = suggest(finding)
    assert said is not None
    match = re.search(r"--range (\S+)$", said)
    assert match is not None
    option = parse_range(match[1])
    assert option.name == finding.wrt
    lo = ordinal("--range", option.lo, finding.fmt) if option.lo else finding.fmt.min_ordinal
    hi = ordinal("--range", option.hi, finding.fmt) if option.hi else finding.fmt.max_ordinal
    return lo, hi


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
def test_the_suggested_range_ends_at_the_neighbour_of_the_finding(
    make_finding: MakeFinding, name: str, data: st.DataObject
) -> None:
    fmt = FORMATS[name]
    place = data.draw(st.integers(fmt.min_ordinal + 1, fmt.max_ordinal - 1) | st.integers(-3, 3))
    below = make_finding(severity="warning", fmt=fmt, lo=fmt.min_ordinal, hi=place)
    assert suggested_range(below) == (place + 1, fmt.max_ordinal)
    above = make_finding(severity="warning", fmt=fmt, lo=place, hi=fmt.max_ordinal)
    assert suggested_range(above) == (fmt.min_ordinal, place - 1)


def test_a_finding_in_the_middle_names_no_range_that_would_throw_away_a_good_side(make_finding: MakeFinding) -> None:
    assert suggest(make_finding(severity="warning", lo=-5, hi=5)) == NOWHERE


@pytest.mark.parametrize(
    ("lo", "hi", "wanted"),
    [
        (int(FLOAT32.encode(88.72284)), WHOLE[1], "--range z=:88.72283"),
        (WHOLE[0], -2, "--range z=-0:"),
        (WHOLE[0], -1, "--range z=0:"),
        (1, WHOLE[1], "--range z=:0"),
    ],
)
def test_the_suggested_range_as_it_is_written(make_finding: MakeFinding, lo: int, hi: int, wanted: str) -> None:
    said = suggest(make_finding(severity="warning", lo=lo, hi=hi))
    assert said is not None
    assert said.endswith(wanted)


@pytest.mark.parametrize("lo", [0, -1, int(FLOAT32.encode(-1.0)), WHOLE[0] + 1])
def test_a_finding_up_to_the_largest_float_leaves_what_is_below_it(make_finding: MakeFinding, lo: int) -> None:
    assert suggested_range(make_finding(severity="warning", lo=lo, hi=WHOLE[1])) == (WHOLE[0], lo - 1)


def test_a_finding_on_the_whole_line_leaves_no_range_to_name(make_finding: MakeFinding) -> None:
    said = suggest(make_finding(severity="warning", lo=WHOLE[0], hi=WHOLE[1]))
    assert said is not None
    assert said == "scan it where your inputs are, with --range"


# Causes


def known_of(scene: Callable[..., Any], name: str, x: float, version: str = "autodiff") -> Knowledge:
    """What a sweep knows of a function whose witness is at ordinal 7, whatever its ordinal."""
    at = scene(name, x, version=version)
    return Knowledge(
        values_at=lambda ordinals: [({"z": x}, 0.0, {version: 0.0}) for _ in ordinals],
        true_values=lambda ordinal: (None, None),
        studies={version: at.study},
        local_errors=lambda program, point: at.errors,
    )


@pytest.mark.parametrize(
    ("code", "name", "x", "version", "op", "forward"),
    [
        ("GC001", "softplus", 100.0, "autodiff", "Mul", "Exp"),
        ("GC002", "norm", 0.0, "autodiff", "SqrtGrad", "Sqrt"),
        ("GC003", "softplus", 88.0, "autodiff", "Reciprocal", "Log"),
        ("GC004", "one_minus_cosine", 1e-3, "autodiff", "Sub", "Sub"),
        ("GC005", "wrong_square", 3.0, "custom", "Mul", None),
        ("GC006", "softplus", 100.0, "autodiff", "Exp", "Exp"),
    ],
)
def test_every_code_has_its_own_way_to_a_cause(
    *,
    scene: Callable[..., Any],
    make_finding: MakeFinding,
    code: str,
    name: str,
    x: float,
    version: str,
    op: str,
    forward: str | None,
) -> None:
    finding = make_finding(code=code, at=7, version=version, masked=False)
    (explained,) = explain((finding,), known_of(scene, name, x, version))
    assert explained.cause is not None
    assert (explained.cause.op, explained.cause.forward_op) == (op, forward)


@pytest.mark.parametrize(
    ("name", "severity", "masked", "is_trap"),
    [
        ("where_softplus", "error", True, True),
        ("where_softplus", "info", True, False),
        ("softplus", "error", True, False),
    ],
)
def test_the_where_trap_has_a_next_step_of_its_own(
    *,
    scene: Callable[..., Any],
    make_finding: MakeFinding,
    name: str,
    severity: str,
    masked: bool,
    is_trap: bool,
) -> None:
    finding = make_finding(at=7, severity=severity, masked=masked, suggestion=None)
    (explained,) = explain((finding,), known_of(scene, name, 100.0))
    assert explained.suggestion == suggest(finding) or is_trap
    assert ("second tf.where" in (explained.suggestion or "")) == is_trap


def test_local_errors_are_asked_for_only_where_they_are_needed(
    scene: Callable[..., Any], make_finding: MakeFinding
) -> None:
    asked: list[str] = []

    def errors_for(code: str) -> Callable[[Program, tuple[float, ...]], dict[int, float]]:
        def errors(program: Program, point: tuple[float, ...]) -> dict[int, float]:
            asked.append(code)
            return {}

        return errors

    for code in ("GC001", "GC003", "GC004", "GC005", "GC006"):
        known = replace(known_of(scene, "softplus", 88.0), local_errors=errors_for(code))
        explain((make_finding(code=code, at=7, masked=False),), known)
    assert asked == ["GC003", "GC004"]


def test_without_a_program_there_is_a_witness_and_no_cause(make_finding: MakeFinding) -> None:
    for studies in ({}, {"autodiff": None}):
        (explained,) = explain((make_finding(at=7, witness=None),), knowledge(Run(), studies=studies))
        assert explained.witness is not None
        assert explained.cause is None


def test_of_very_many_findings_of_one_code_the_first_get_causes(
    scene: Callable[..., Any], make_finding: MakeFinding
) -> None:
    findings = tuple(make_finding(at=7, masked=False) for _ in range(MAX_CAUSES + 3))
    another = make_finding(code="GC006", at=7, masked=False)
    *explained, last = explain((*findings, another), known_of(scene, "softplus", 100.0))
    assert [f.cause is not None for f in explained] == [True] * MAX_CAUSES + [False] * 3
    assert all(f.witness is not None for f in explained)
    assert last.cause is not None


def test_a_wrong_formula_is_corrected_or_said_to_be_meant(make_finding: MakeFinding) -> None:
    said = suggest(make_finding(code="GC005"))
    assert said is not None
    assert "correct the formula" in said
