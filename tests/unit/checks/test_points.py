"""Checks of a point: which codes, how severe, and in which words."""

from dataclasses import replace
from typing import Any

import pytest

from gradcheck.checks import find_at
from gradcheck.checks.points import PointSubject
from gradcheck.floats import FORMATS
from gradcheck.records import Class, Domain, Kind, Stop

FINE = PointSubject("autodiff", True, "x", FORMATS["float32"], Class.FINITE, Class.FINITE)
"""Nothing is wrong."""


def found(**changes: Any) -> list[tuple[str, str]]:
    """Code and severity of what is found."""
    return [(f.code, f.severity) for f in find_at(replace(FINE, **changes))]


def message(**changes: Any) -> str:
    """Words of the only finding."""
    (finding,) = find_at(replace(FINE, **changes))
    return finding.message


def test_where_nothing_is_wrong_nothing_is_found() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("gradient", "code"),
    [
        *[(Class.NAN, "GC001"), (Class.INF, "GC002"), (Class.NEGATIVE_INF, "GC002"), (Class.VANISHED, "GC003")],
        *[(Class.INACCURATE, "GC004"), (Class.WRONG, "GC005")],
    ],
)
def test_each_bad_gradient_has_a_code(gradient: Class, code: str) -> None:
    (finding,) = find_at(replace(FINE, gradient=gradient))
    assert finding.code == code
    assert finding.severity == ("warning" if code == "GC004" else "error")
    assert (finding.version, finding.wrt, finding.fmt, finding.masked) == ("autodiff", "x", FINE.fmt, True)
    assert (finding.lo, finding.hi, finding.at) == (None, None, None)
    assert finding.message.isprintable()
    assert " x is " in finding.message


BAD = [Class.NAN, Class.INF]


@pytest.mark.parametrize("gradient", BAD)
@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, "error"),
        ({"forward": Class.NAN}, "warning"),
        ({"forward": Class.INF}, "warning"),
        ({"kind": Kind.SINGULAR, "domain": Domain.INSIDE}, "error"),
        ({"kind": Kind.NUMERICAL, "domain": Domain.INSIDE, "forward": Class.NAN}, "error"),
        ({"kind": Kind.UNDECIDED, "domain": Domain.INSIDE, "forward": Class.NAN}, "warning"),
        ({"kind": Kind.NUMERICAL, "domain": None, "forward": Class.NAN}, "warning"),
        ({"kind": Kind.OVERFLOW, "domain": Domain.INSIDE}, "warning"),
        ({"kind": Kind.SINGULAR, "domain": Domain.INSIDE, "far": True}, "warning"),
        ({"kind": Kind.SINGULAR, "domain": Domain.OUTSIDE, "hole": True, "forward": Class.NAN}, "error"),
        ({"kind": Kind.SINGULAR, "domain": Domain.OUTSIDE, "hole": True, "far": True}, "warning"),
    ],
)
def test_how_bad_a_gradient_is_that_is_not_finite(gradient: Class, changes: dict[str, Any], severity: str) -> None:
    assert [s for _, s in found(gradient=gradient, **changes)] == [severity]


@pytest.mark.parametrize("gradient", BAD)
def test_outside_of_a_domain_nothing_is_found(gradient: Class) -> None:
    assert found(gradient=gradient, domain=Domain.OUTSIDE) == []


@pytest.mark.parametrize("gradient", [*BAD, Class.VANISHED, Class.INACCURATE])
def test_what_training_does_not_run_is_for_information(gradient: Class) -> None:
    assert [s for _, s in found(gradient=gradient, effective=False)] == ["info"]


def test_a_gradient_of_ones_own_is_wrong_in_these_words() -> None:
    assert message(gradient=Class.WRONG, version="custom") == (
        "the custom gradient by x is not the derivative: its formula is wrong"
    )


def test_vanished_gradients_of_huge_inputs_are_warnings() -> None:
    assert found(gradient=Class.VANISHED, far=True) == [("GC003", "warning")]


def test_outputs_that_overflow_are_told_once_and_of_the_version_that_runs() -> None:
    assert found(forward=Class.INF, defect=True) == [("GC006", "warning")]
    assert found(forward=Class.INF, defect=True, effective=False) == []
    assert found(forward=Class.INF) == []
    assert message(forward=Class.NAN, defect=True) == "the output is NaN, where the true output is an ordinary number"
    assert message(forward=Class.INF, defect=True).startswith("the output is infinite")


def test_a_gradient_that_is_none_is_a_warning_where_the_output_varies() -> None:
    assert found(gradient=Class.NONE) == []
    assert found(gradient=Class.NONE, varies=True) == [("GC008", "warning")]
    assert "no operation on the way has a gradient" in message(gradient=Class.NONE, varies=True)


def test_a_gradient_that_is_stopped_on_purpose_is_for_information_with_the_places() -> None:
    stops = (Stop("/home/me/user.py", 3), Stop("/home/me/user.py", 3), Stop(None, None))
    assert found(gradient=Class.NONE, varies=True, stops=stops) == [("GC008", "info")]
    assert message(gradient=Class.NONE, varies=True, stops=stops).endswith(
        "stopped on purpose by tf.stop_gradient (user.py:3, line not known)"
    )


def test_a_gradient_that_raises_is_an_error_with_what_was_said() -> None:
    assert found(gradient=Class.NONE, said="ValueError: no") == [("GC009", "error")]
    assert message(gradient=Class.NONE, said="ValueError: no") == (
        "computing the autodiff gradient by x raises ValueError: no"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "the output is finite, so no check of it sees this"),
        ({"forward": Class.NAN}, "the output is NaN too"),
        ({"forward": Class.INF}, "the output is infinite"),
        ({"forward": Class.NEGATIVE_INF}, "the output is infinite"),
        ({"kind": Kind.SINGULAR}, "the derivative is infinite or does not exist there"),
        ({"kind": Kind.OVERFLOW}, "the true gradient exceeds float32 too"),
        ({"kind": Kind.UNDECIDED}, "the true gradient could not be decided"),
        ({"kind": Kind.NUMERICAL}, "the output is finite, so no check of it sees this"),
        ({"far": True}, "inputs as large as this are rare"),
        ({"hole": True, "domain": Domain.OUTSIDE}, "undefined there and bounded where it is defined around it"),
    ],
)
@pytest.mark.parametrize("gradient", BAD)
def test_words_beside_a_gradient_that_is_not_finite(gradient: Class, changes: dict[str, Any], words: str) -> None:
    assert message(gradient=gradient, **changes).endswith(words)


def test_masked_is_what_no_check_of_the_output_sees() -> None:
    assert [f.masked for f in find_at(replace(FINE, gradient=Class.NAN))] == [True]
    assert [f.masked for f in find_at(replace(FINE, gradient=Class.NAN, forward=Class.NAN))] == [False]
