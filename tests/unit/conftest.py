"""Builders of small records, for the stages that only read them; and one hypothesis profile for all unit tests."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.records import (
    Class,
    Environment,
    Finding,
    InputPlan,
    Reference,
    Region,
    Report,
    Screen,
    Sweep,
    TargetReport,
    TracedInput,
    Version,
    Witness,
)

if TYPE_CHECKING:
    from gradcheck.records import Study

settings.register_profile("gradcheck", deadline=None, max_examples=30, derandomize=True, database=None)
settings.load_profile("gradcheck")

FLOAT32 = FORMATS["float32"]
FINDING = Finding(
    code="GC001",
    name="nan-gradient",
    severity="error",
    version="autodiff",
    wrt="z",
    fmt=FLOAT32,
    masked=True,
    lo=1,
    hi=10,
    at=1,
    message="the autodiff gradient is NaN on [1e-45, 1.4e-44]; the output is finite, so no check of it sees this",
    suggestion="use the library's stable form",
    witness=Witness({"z": 1e-45}, 0.5, float("nan")),
)


@pytest.fixture(scope="session")
def make_finding() -> Callable[..., Finding]:
    """A GC001 error on float32 with the given fields changed."""
    return lambda **changes: replace(FINDING, **changes)


@pytest.fixture(scope="session")
def make_sweep() -> Callable[..., Sweep]:
    """A sweep of rows (first ordinal, last ordinal, class of the output, class of each version's gradient)."""

    def build(
        *rows: tuple[Any, ...],
        fmt: FloatFormat = FLOAT32,
        name: str = "z",
        versions: tuple[str, ...] = ("autodiff",),
        index: int = 0,
        held: tuple[int, ...] = (0,),
        evaluated: int | None = None,
        varies: bool = True,
        truth: Reference | None = Reference(1000),  # noqa: B008 - frozen
        screen: Screen | None = None,
    ) -> Sweep:
        regions = tuple(
            Region(name, fmt, lo, hi, forward, dict(zip(versions, gradients, strict=True)), 0 if lo <= 0 <= hi else lo)
            for lo, hi, forward, *gradients in rows
        )
        segments: list[tuple[int, int]] = []
        for lo, hi, *_ in rows:
            joins = bool(segments) and segments[-1][1] + 1 == lo
            segments = [*segments[:-1], (segments[-1][0], hi)] if joins else [*segments, (lo, hi)]
        plan = InputPlan(index, tuple(segments), held)
        run = plan.floats if evaluated is None else evaluated
        return Sweep(plan, TracedInput(name, fmt, ()), regions, run, run == plan.floats, varies, truth, (), screen)

    return build


@pytest.fixture(scope="session")
def make_version() -> Callable[..., Version]:
    """A version that is never run."""

    def never(*tensors: object) -> tuple[None, None]:
        raise AssertionError(f"this stage runs nothing, got {tensors}")

    return lambda name="autodiff", **fields: Version(name, never, **fields)


@pytest.fixture(scope="session")
def clean_sweep(make_sweep: Callable[..., Sweep]) -> Sweep:
    """All of float32, every value finite, sampled."""
    whole = (FLOAT32.min_ordinal, FLOAT32.max_ordinal, Class.FINITE, Class.FINITE)
    return make_sweep(whole, evaluated=2_123_456)


@pytest.fixture(scope="session")
def make_target() -> Callable[..., TargetReport]:
    """A target's report, from its sweeps."""

    def build(*sweeps: Sweep, target: str = "samples.softplus:my_softplus", **fields: Any) -> TargetReport:
        versions = tuple(sweeps[0].regions[0].gradients) if sweeps else ()
        traced = tuple(sweep.input for sweep in sweeps)
        return TargetReport(target, inputs=traced, versions=versions, modes=("graph",), sweeps=sweeps, **fields)

    return build


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """A report of targets."""
    return lambda *targets: Report("0.0.1", Environment("2.21.0", "3.11.7", "CPU"), targets)


@pytest.fixture(scope="session")
def study_of() -> Callable[..., "Study"]:
    """One version of a function at a single point."""

    def build(
        function: Callable[..., Any], version: str = "autodiff", dtype: str | None = None, wrt: int = 0
    ) -> "Study":
        from gradcheck.loading.signatures import parameters_of
        from gradcheck.records import LoadedTarget
        from gradcheck.tracing import trace

        target = trace(LoadedTarget("t", function, parameters_of("t", function)), dtype)
        (found,) = (v for v in target.versions[wrt] if v.name == version)
        study = found.study()
        assert study is not None
        return study

    return build
