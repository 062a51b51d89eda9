"""Reports made by hand, one of every kind, for whatever reads or renders them; none needs TensorFlow."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.records import (
    BadGradient,
    Cause,
    Class,
    Curve,
    Domain,
    Elsewhere,
    Environment,
    Finding,
    Ignore,
    InputPlan,
    Kind,
    LineInterval,
    Norms,
    Place,
    Plane,
    PlaneClass,
    PlaneMap,
    Rectangle,
    Reference,
    Region,
    Report,
    Screen,
    SearchReport,
    Suppression,
    Sweep,
    TargetError,
    TargetReport,
    TensorInput,
    TensorWitness,
    TracedInput,
    TrainingReport,
    TrainingWitness,
    WatchedOptimizer,
    Weight,
    Witness,
)

F16, F32, F64 = FORMATS["float16"], FORMATS["float32"], FORMATS["float64"]
BF16 = FORMATS["bfloat16"]
NAN, INF = float("nan"), float("inf")
TENTH = float(np.float32(0.1))
ENVIRONMENT = Environment("2.21.0", "3.11.7", "CPU")


def region(fmt: FloatFormat, lo: int, hi: int, forward: Class, name: str = "z", **gradients: Class) -> Region:
    return Region(name, fmt, lo, hi, forward, gradients, min(max(lo, 0), hi))


def sweep(name: str, fmt: FloatFormat, regions: tuple[Region, ...], **changes: Any) -> Sweep:
    plan = InputPlan(0, ((regions[0].lo, regions[-1].hi),), (0,))
    found = Sweep(plan, TracedInput(name, fmt, ()), regions, 1_234_567, False, True, Reference(1000))
    return replace(found, **changes)


def target(name: str, *sweeps: Sweep, **changes: Any) -> TargetReport:
    versions = tuple(sweeps[0].regions[0].gradients) if sweeps else ()
    inputs = tuple(s.input for s in sweeps)
    return replace(TargetReport(name, inputs=inputs, versions=versions, modes=("graph",), sweeps=sweeps), **changes)


def report(*targets: TargetReport) -> Report:
    return Report("0.3.1", ENVIRONMENT, targets, 7)


AT = int(F32.encode(88.72284))
CAUSE = Cause(
    "Mul", "Exp", "samples/softplus.py", 12, "return tf.math.log(tf.exp(z) + 1)", "Exp", "in Exp at softplus.py:12: NaN"
)
NAN_FINDING = Finding(
    "GC001", "nan-gradient", "error", "autodiff", "z", F32, True, AT, F32.max_ordinal, AT + 5,
    "the autodiff gradient is NaN on [88.72284, 3.4028235e+38]; the output is finite, so no check of it sees this",
    "use tf.math.softplus, for example:\n    def f(z):\n        return tf.math.softplus(z)", "numerical",
    Witness({"z": 100.0}, INF, NAN, 100.0, 1.0, ("import tensorflow as tf", "print(1)")), CAUSE,
)  # fmt: skip
WRONG = replace(
    NAN_FINDING, code="GC003", name="vanished-gradient", lo=AT - 9, hi=AT - 1, at=AT - 1, masked=False, kind=None,
    witness=Witness({"z": 88.0}, 88.0, -0.0, 88.0, 1.0), suggestion=None,
    cause=replace(CAUSE, forward_op=None, file=None, line=None, source=None, node=""),
    message="the autodiff gradient is exactly 0 on [88.722, 88.723], where the true one is not",
)  # fmt: skip
LINE = sweep(
    "z",
    F32,
    (
        replace(region(F32, F32.min_ordinal, -1, Class.NAN, autodiff=Class.NAN), domain=Domain.OUTSIDE),
        region(F32, 0, AT - 10, Class.FINITE, autodiff=Class.FINITE),
        region(F32, AT - 9, AT - 1, Class.FINITE, autodiff=Class.VANISHED),
        replace(
            region(F32, AT, AT + 20, Class.INF, autodiff=Class.NAN), kinds={"autodiff": Kind.NUMERICAL}, defect=True
        ),
        replace(region(F32, AT + 21, F32.max_ordinal, Class.INF, autodiff=Class.NAN), border=True),
    ),
)
CURVE = Curve(
    F32,
    (F32.min_ordinal, -3, 0, AT - 1, AT),
    (NAN, None, 0.6931472, 88.0, INF),
    {"autodiff": (NAN, None, 0.5, 0.0, NAN)},
    (None, None, 0.6931471805599453, 88.0, 88.72284),
    (None, INF, 0.5, 1.0, 1.0),
)
LINE = replace(LINE, curve=CURVE)
PLACE = Place("samples/softplus.py", 10)
SWEPT = target(
    "samples.softplus:my_softplus", LINE, findings=(NAN_FINDING, WRONG), notes=("traced as a loop",), place=PLACE
)

VERSIONS = {"autodiff": Class.NAN, "custom": Class.FINITE, "against": Class.INACCURATE}
FINE = {"autodiff": Class.FINITE, "custom": Class.FINITE, "against": Class.NONE}
X = sweep(
    "x", F16, (region(F16, -5, -1, Class.MIXED, "x", **VERSIONS), region(F16, 3, 9, Class.NEGATIVE_INF, "x", **FINE)),
    plan=InputPlan(0, ((-5, -1), (3, 9)), (5, 77)), evaluated=12, exhaustive=True, truth=Reference(12, ("Erfinv", "Betainc")),
)  # fmt: skip
Y = sweep(
    "y", BF16, (region(BF16, -99, 99, Class.FINITE, "y", **FINE),), plan=InputPlan(1, ((-99, 99),), (5, 77)),
    evaluated=199, exhaustive=True, varies=False, truth=Reference(0),
)  # fmt: skip
SEVERAL = target(
    "m:several", X, Y, modes=("graph", "eager", "xla"),
    findings=(
        replace(
            NAN_FINDING, wrt="x", fmt=F16, lo=-5, hi=-1, at=-3, version="custom", severity="warning", mode="xla",
            witness=Witness({"x": -1e-7, "y": 0.5}, 1.5, None), cause=None, suggestion=None, kind="undecided",
            elsewhere=(Elsewhere(-1e-7, "eager", 1, NAN, 2.0), Elsewhere(-1e-7, "xla", 16, -INF, None)),
        ),
        replace(
            WRONG, code="GC008", name="disconnected-gradient", severity="info", wrt="y", fmt=BF16, lo=None, hi=None,
            at=None, witness=None, cause=None, suppressed=Suppression("comment", "a straight-through estimator", "m.py:3"),
        ),
    ),
    ignores=(Ignore(("GC008",), "a straight-through estimator", "comment", "m.py:3"),),
)  # fmt: skip
CLEAN = target(
    "m:clean", sweep("z", F64, (region(F64, F64.min_ordinal, F64.max_ordinal, Class.FINITE, autodiff=Class.FINITE),))
)
UNKNOWN = target("m:unknown", replace(CLEAN.sweeps[0], truth=None), notes=("no rule for Foo",))
SCREENED = target(
    "m:screened",
    sweep(
        "z", F32, (region(F32, -9, 9, Class.FINITE, autodiff=Class.FINITE), region(F32, 10, 19, Class.FINITE, autodiff=Class.INACCURATE)),
        evaluated=29, exhaustive=True, screen=Screen(((3, 4), (10, 19)), True, ((3, 4),)),
    ),
    findings=(replace(WRONG, code="GC004", name="inaccurate-gradient", severity="warning", lo=10, hi=19, at=10),),
)  # fmt: skip
SCREENED_CLEAN = target(
    "m:screened_clean",
    sweep("z", F16, (region(F16, -9, 9, Class.FINITE, autodiff=Class.FINITE),), evaluated=19, exhaustive=True, screen=Screen(((3, 4),), False, ((3, 4),))),
)  # fmt: skip
MANY = target(
    "m:many",
    sweep("z", F16, tuple(region(F16, i * 7, i * 7 + 6, Class.FINITE, autodiff=(Class.FINITE, Class.NAN)[i % 2]) for i in range(60))),
    findings=tuple(replace(NAN_FINDING, fmt=F16, lo=i, hi=i, at=i) for i in range(7, 300, 14)),
)  # fmt: skip

ALL16 = (F16.min_ordinal, F16.max_ordinal)
SIDE = 63_488
PLANE = Plane(
    (TracedInput("x", F16, ()), TracedInput("y", F16, ())),
    ((ALL16,), (ALL16,)),
    (
        PlaneMap(
            "autodiff", "x",
            (
                PlaneClass(Class.FINITE, Class.NAN, SIDE * SIDE // 2, (Rectangle(*ALL16, ALL16[0], -1),)),
                PlaneClass(Class.INF, Class.NONE, SIDE * SIDE // 2, (Rectangle(*ALL16, 0, 99),)),
            ),
            ("N" * 63 + " ",) * 8 + ("+-o." * 16,) * 8,
        ),
        PlaneMap("autodiff", "y", (PlaneClass(Class.FINITE, Class.FINITE, SIDE * SIDE, (Rectangle(*ALL16, *ALL16),)),), ("." * 64,) * 16),
    ),
)  # fmt: skip
PLANED = target(
    "m:plane",
    *(
        sweep(name, F16, (region(F16, *ALL16, Class.FINITE, name, autodiff=Class.FINITE),), plan=InputPlan(i, (ALL16,), (0, 9)), evaluated=2 * SIDE, exhaustive=True)
        for i, name in enumerate("xy")
    ),
    plane=PLANE,
)  # fmt: skip

SEARCH = SearchReport(
    inputs=(
        TensorInput("x", "float32", (2, 3), ValueDomain()),
        TensorInput("p", "bfloat16", (4,), ValueDomain("range", -0.5, None)),
        TensorInput("labels", "int32", (), ValueDomain("integer", 0.0, 2.0)),
        TensorInput("keep['a']", "bool", (2,), ValueDomain("mask")),
    ),
    wrt=("x", "p", "w:0"),
    weights=(Weight("w:0", "float64", (2, 3)),),
    points={"structured": 4000, "lines": 2},
    judged=7,
    approximate=("Betainc",),
    guessed=True,
    cotangents=("ones", "random signs"),
    order=2,
    cut=True,
)
TENSOR = TensorWitness(
    inputs={
        "x": np.array([[TENTH, -0.0, 1e38], [1.0, 2.0, 3.0]]),
        "p": BF16.decode(np.array([1, 2, 3, 40])),
        "labels": np.array(1),
        "keep['a']": np.array([True, False]),
    },
    dtypes={"x": "float32", "p": "bfloat16", "labels": "int32", "keep['a']": "bool"},
    outputs={"loss": np.array([INF, 1.0 + 2**-30]), "": np.array(TENTH)},
    gradient=np.array([[NAN, -INF, TENTH], [0.0, -0.0, 1.0]]),
    true_outputs={"loss": np.array([None, 1.25], object), "": np.array([None], object)},
    true_gradient=np.array([[None, 0.1, INF], [1.0, NAN, 2.0]], object),
    bad=((0, 0), (0, 1)),
    bad_count=9,
    bad_outputs=("loss[0]",),
    cotangent="random signs",
    weights=(np.array([1.0, -1.0]), np.array(-1.0)),
    line=LineInterval("p", (2,), -7, 40, BF16),
    curve=Curve(BF16, (-8, -7, 41), (1.0, 0.1, None), {"custom": (1.0, NAN, None)}, (None,) * 3, (1.0, None, 2.0)),
    poisons="one bad row makes the gradient of all rows NaN",
    paste=("import tensorflow as tf", "print(f(x))"),
)
BIG = 5000
LARGE = TensorWitness(
    inputs={"x": np.full((BIG, 1), TENTH), "n": np.arange(BIG), "b": np.ones((BIG,), bool), "u": np.full((BIG,), NAN)},
    dtypes={"x": "float32", "n": "int64", "b": "bool", "u": "float32"},
    outputs={"named": np.where(np.arange(BIG) % 3, 1.0, INF)},
    gradient=np.where(np.arange(BIG) % 2, NAN, 0.1),
    true_outputs={"named": np.full((BIG,), None, object)},
    true_gradient=np.array([INF if i % 2 else NAN for i in range(BIG)], object),
    bad=((1,),), bad_count=2500, weights=None,
)  # fmt: skip
TENSOR_FINDING = replace(
    NAN_FINDING, wrt="x", lo=None, hi=None, at=None, witness=None, tensor=TENSOR, message="the autodiff gradient by x is NaN",
    suggestion="divide by the norm safely",
)  # fmt: skip
SEARCHED = TargetReport(
    "m:attention", versions=("autodiff", "custom"), modes=("graph",), search=SEARCH, notes=("shapes guessed",),
    findings=(
        TENSOR_FINDING,
        replace(TENSOR_FINDING, wrt="w:0", fmt=F64, tensor=replace(TENSOR, gradient=None, true_gradient=None, true_outputs=None, weights=None, cotangent="ones", line=None, curve=None, poisons=None, paste=())),
        replace(TENSOR_FINDING, wrt="p", fmt=BF16, cause=None, tensor=replace(TENSOR, outputs={"": np.array(2.0)}, true_outputs={"": np.array(None)}, true_gradient=np.array(None), gradient=np.array(0.1))),
        replace(TENSOR_FINDING, cause=None, message="the output is infinite", tensor=LARGE),
        replace(TENSOR_FINDING, cause=None, message="again", tensor=replace(LARGE, outputs={"": np.zeros((0, 3))}, true_outputs=None, gradient=np.full((BIG,), -0.0), true_gradient=np.array([None, *([1.0] * BIG)], object), weights=(np.ones(BIG),))),
    ),
)  # fmt: skip
SEARCHED_CLEAN = TargetReport(
    "m:searched", versions=("autodiff",), modes=("graph",),
    search=replace(SEARCH, judged=0, approximate=(), guessed=False, cut=False, order=1, weights=(), wrt=("x",), cotangents=("ones",)),
)  # fmt: skip
WIDE, DEEP = WatchedOptimizer("ftrl", 1, 120, 12), WatchedOptimizer("adam", 2, 120, 8)
STEP = TrainingWitness(
    119, "adam", 2, 0.52,
    (
        BadGradient("functional_3/a_block_with_a_long_name/dense_1/kernel", "float32", (512, 10), 5120, 5120, 0),
        BadGradient("dense/bias", "float32", (10,), 10, 3, 2), BadGradient("scale", "float16", (), 1, 0, 1),
        *(BadGradient(f"layer_{i}/kernel", "float32", (1000, 1000), 1_000_000, 1, 0) for i in range(9)),
    ),
    14,
    (
        Norms("ftrl", 1, tuple(range(100, 120)), tuple(0.5 + i / 64 for i in range(20))),
        Norms("adam", 2, tuple(range(100, 120)), (*(4.0**i for i in range(16)), 0.0, 3e38, INF, NAN)),
        Norms("late", 3, (0,), (1.5,)), Norms("never", 4, (), ()),
    ),
    "the step was run again from the same variables, and gave the same NaN", "repro/step-119",
)  # fmt: skip
TRAINED = TargetReport(
    "train.py", versions=("training",), modes=("graph",), notes=("a note",),
    findings=(
        Finding(
            "GC001", "nan-gradient", "error", "training", "dense/bias", F32, True, None, None, None,
            "NaN reached adam at step 119", "use tf.math.softplus, for example:\n    tf.math.softplus(z)", "numerical",
            cause=Cause("Mul", "Exp", "train.py", 12, "    loss = tf.math.log(tf.exp(z) + 1)", "Exp", "0 * inf (train.py:12)"),
            training=STEP,
        ),
        Finding(
            "GC002", "inf-gradient", "error", "training", "w", F32, True, None, None, None, "inf reached w", mode="eager",
            training=TrainingWitness(3, None, None, NAN, (BadGradient("w", "float32", (2,), 2, 0, 2),), 1, rerun="no"),
        ),
        Finding(
            "GC008", "disconnected-gradient", "warning", "training", "v", F32, True, None, None, None, "v has no gradient",
            training=TrainingWitness(119, "ftrl", 1, None, (BadGradient("v", "float32", (2, 3), 0, 0, 0),), 12, rerun="no"),
        ),
        Finding(
            "GC010", "exploding-gradient", "warning", "training", "v", F32, True, None, None, None, "200 times the median",
            mode="xla", suppressed=Suppression("configuration", "known", "pyproject.toml"),
            training=TrainingWitness(50, "ftrl", 1, -INF, (), 12, rerun="no"),
        ),
    ),
    training=TrainingReport(120, (WIDE, DEEP), 20, "stopped"),
)  # fmt: skip
TRAINED_CLEAN = TargetReport(
    "package.train",
    versions=("training",),
    modes=("graph",),
    training=TrainingReport(120, (WIDE, DEEP), 20, "finished"),
)
TRAINED_RAISED = replace(
    TRAINED_CLEAN,
    training=TrainingReport(1200, (replace(WIDE, steps=1200), replace(DEEP, steps=1, variables=1)), 13, "raised", 1),
)
UNTRAINED = replace(TRAINED_CLEAN, training=TrainingReport(0, (), 0, "exited", 3))
BROKEN = TargetReport("m:broken", error=TargetError("GC902", "m: has no broken; it has: working"))

REPORTS: Mapping[str, Report] = {
    "empty": report(),
    "swept": report(SWEPT),
    "several inputs and modes": report(SEVERAL),
    "clean": report(CLEAN),
    "truth not known": report(UNKNOWN),
    "screened": report(SCREENED, SCREENED_CLEAN),
    "many": report(MANY),
    "plane": report(PLANED),
    "tensors": report(SEARCHED, SEARCHED_CLEAN),
    "training": report(TRAINED, TRAINED_CLEAN, TRAINED_RAISED, UNTRAINED),
    "error": report(BROKEN),
    "all": report(SWEPT, SEVERAL, CLEAN, UNKNOWN, SCREENED, MANY, PLANED, SEARCHED, SEARCHED_CLEAN, TRAINED, BROKEN),
}

HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m\x9b31m",
    "\u202egnp.exe\u2066\u2069",
    "a\r\n::error file=x::gotcha\n::endgroup::",
    "a | b | c",
    "`code` ``` ~~~ ```\n# heading",
    "]]>&amp;<![CDATA[",
    "[link](javascript:alert(1)) ![i](http://x/y.png) @user #1 http://example.com",
    "\x00\x08\ufffe\U0001ffff",
    "\ud800 lone",
    "%0A%25 a:b,c",
    "",
)
"""Texts that mean something somewhere."""


def with_text(record: Any, text: str, kept: tuple[str, ...] = ()) -> Any:
    """The record with `text` behind every text that comes from a user's code; words of the tool's own stay."""
    if isinstance(record, str):
        return record + text
    if isinstance(record, tuple):
        return tuple(with_text(item, text) for item in record)
    if isinstance(record, Mapping):
        return {with_text(key, text): with_text(value, text) for key, value in record.items()}
    if not is_dataclass(record) or isinstance(record, (FloatFormat, ValueDomain, type)):
        return record
    own = OWN.get(type(record), ())
    changes = {f.name: with_text(getattr(record, f.name), text) for f in fields(record) if f.init and f.name not in own}
    return replace(record, **changes)


OWN: Mapping[type, tuple[str, ...]] = {
    Finding: ("code", "name", "severity", "version", "mode", "kind"),
    TargetError: ("code",),
    TargetReport: ("versions", "modes"),
    Region: ("gradients", "kinds", "losses"),
    PlaneMap: ("version", "cells"),
    Elsewhere: ("mode",),
    TensorInput: ("dtype",),
    Weight: ("dtype",),
    TensorWitness: ("dtypes",),
    TrainingReport: ("ended",),
}
"""Fields of words that are the tool's own."""


def hostile(text: str) -> Report:
    """Everything, with a text in every place that a user's code can write to."""
    report: Report = with_text(REPORTS["all"], text)
    return replace(report, targets=tuple(with_dtypes(t, text) for t in report.targets))


def with_dtypes(target: TargetReport, text: str) -> TargetReport:
    """The target, the dtypes of whose witnesses go by the names that the inputs have now."""

    def named(finding: Finding) -> Finding:
        if finding.tensor is None:
            return finding
        dtypes = {name + text: dtype for name, dtype in finding.tensor.dtypes.items()}
        return replace(finding, tensor=replace(finding.tensor, dtypes=dtypes))

    return replace(target, findings=tuple(map(named, target.findings)))
