"""Reports whose every text is hostile, and ordinary ones."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS
from gradcheck.records import (
    Cause,
    Class,
    Curve,
    Elsewhere,
    Environment,
    Finding,
    LineInterval,
    Report,
    SearchReport,
    Suppression,
    Sweep,
    TargetError,
    TargetReport,
    TensorInput,
    TensorWitness,
    Witness,
)

FLOAT32 = FORMATS["float32"]
ORDINALS = (0, 100, 499, 500, 750, 1000)
CURVE = Curve(
    FLOAT32,
    ORDINALS,
    (0.0, 1.0, 2.0, math.inf, math.inf, 1e38),
    {"autodiff": (1.0, 1.0, 1.0, math.nan, -math.inf, None)},
    (0.0, 1.0, 2.0, 3.0, None, 1e38),
    (1.0, 1.0, 1.0, 1.0, math.inf, None),
)

SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "]]>\u2028alert(1)\u2029",
    "</style></title></textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
    "\x1b[31m\x00\ud800",
)


@pytest.fixture(scope="session")
def swept(
    make_sweep: Callable[..., Sweep], make_target: Callable[..., TargetReport], make_finding: Callable[..., Finding]
) -> TargetReport:
    """A swept target with a curve and a finding, with cause, suggestion and code."""
    sweep = make_sweep((0, 499, Class.FINITE, Class.FINITE), (500, 1000, Class.INF, Class.NAN))
    witness = Witness({"z": 100.0}, math.inf, math.nan, 100.0, math.inf, ("import tensorflow as tf", "print(1)"))
    cause = Cause("Mul", "Exp", "samples/softplus.py", 21, "return tf.math.log(tf.exp(z) + 1)", "Exp", "exp overflows")
    finding = make_finding(lo=500, hi=1000, at=750, witness=witness, cause=cause, kind="numerical")
    return make_target(replace(sweep, curve=CURVE), findings=(finding,), notes=("a note",))


@pytest.fixture(scope="session")
def searched(make_finding: Callable[..., Finding]) -> TargetReport:
    """A tensor target with the line through a witness."""
    return searched_with(make_finding, "x")


def searched_with(make_finding: Callable[..., Finding], text: str) -> TargetReport:
    """The same, its texts as given."""
    tensor = TensorWitness(
        {text: np.array([0.0, 1.0])},
        {text: "float32"},
        {text: np.array(0.0)},
        np.array([math.nan, 1.0]),
        bad=((0,),),
        bad_count=1,
        line=LineInterval(text, (0,), 500, 749, FLOAT32),
        poisons=text,
        paste=(text,),
        curve=CURVE,
    )
    finding = make_finding(lo=None, hi=None, at=None, witness=None, wrt=text, tensor=tensor, message=text)
    inputs = (TensorInput(text, "float32", (2,), ValueDomain()),)
    search = SearchReport(inputs, (text,), (), {text: 9}, 1, (text,), False, ("ones",))
    return TargetReport(
        text, versions=("autodiff",), modes=("graph",), findings=(finding,), search=search, notes=(text,)
    )


@pytest.fixture(scope="session", params=HOSTILE)
def hostile(request: pytest.FixtureRequest, make_hostile: Callable[[str], Report]) -> tuple[str, Report]:
    """A text, and a report in which it stands wherever a text of the user's may."""
    return request.param, make_hostile(request.param)


@pytest.fixture(scope="session")
def make_hostile(
    make_sweep: Callable[..., Sweep], make_target: Callable[..., TargetReport], make_finding: Callable[..., Finding]
) -> Callable[[str], Report]:
    """A report in which one text stands wherever one of the user's may."""

    def build(text: str) -> Report:
        sweep = make_sweep(
            (0, 499, Class.FINITE, Class.FINITE), (500, 1000, Class.INF, Class.NAN), name=text, held=(0, 0)
        )
        other = make_sweep((0, 1000, Class.FINITE, Class.FINITE), name=text + "2", index=1, held=(0, 0))
        finding = make_finding(
            lo=500,
            hi=1000,
            at=750,
            name=text,
            kind=text,
            wrt=text,
            message=text,
            suggestion=text,
            witness=Witness({text: 1.0}, 1.0, None, None, None, (text, text)),
            cause=Cause(text, text, text, 1, text, text, text),
            elsewhere=(Elsewhere(1.0, "eager", 1, 0.0, None),),
            suppressed=Suppression("comment", text, text),
        )
        line = make_target(
            replace(sweep, curve=CURVE), replace(other, curve=CURVE), target=text, findings=(finding,), notes=(text,)
        )
        failed = TargetReport(text, error=TargetError("GC901", text))
        targets = (line, searched_with(make_finding, text), failed)
        return Report(text, Environment(text, text, text), targets)

    return build
