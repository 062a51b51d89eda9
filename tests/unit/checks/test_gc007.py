"""GC007: what modes disagree on, and where."""

import pytest

from gradcheck.checks import gc007
from gradcheck.floats import FORMATS
from gradcheck.records import Class, Domain, ModeRegion, ModeResult

F32 = FORMATS["float32"]
FINITE, NAN, INF = Class.FINITE, Class.NAN, Class.INF


def region(lo: int, hi: int, domain: Domain | None = None, **modes: tuple[Class, ...]) -> ModeRegion:
    """A region of (output, autodiff gradient, perhaps custom gradient) by mode."""
    results = {
        mode: ModeResult(output, dict(zip(("autodiff", "custom"), gradients, strict=False)))
        for mode, (output, *gradients) in modes.items()
    }
    return ModeRegion(F32, lo, hi, lo, results, domain)


def test_equal_classes_are_no_finding() -> None:
    regions = (region(0, 9, graph=(INF, NAN), xla=(INF, NAN)), region(10, 20, graph=(FINITE, INF), xla=(FINITE, INF)))
    assert list(gc007.find(regions, ("autodiff",), "x")) == []


def test_neighbours_that_differ_in_the_same_way_are_one() -> None:
    regions = (
        region(0, 9, graph=(FINITE, FINITE, FINITE), xla=(FINITE, NAN, INF)),
        region(10, 20, graph=(FINITE, FINITE, FINITE), xla=(FINITE, NAN, FINITE)),
        region(22, 30, graph=(FINITE, FINITE, FINITE), xla=(FINITE, NAN, FINITE)),
        region(31, 40, graph=(FINITE, FINITE, FINITE), xla=(FINITE, INF, FINITE)),
    )
    found = list(gc007.find(regions, ("autodiff", "custom"), "x"))
    assert [(f.version, f.lo, f.hi, f.severity) for f in found] == [
        ("autodiff", 0, 20, "info"),
        ("autodiff", 22, 30, "info"),
        ("autodiff", 31, 40, "info"),
        ("custom", 0, 9, "warning"),
    ]


@pytest.mark.parametrize(
    ("graph", "xla", "says"),
    [
        (
            (FINITE, FINITE),
            (FINITE, NAN),
            "the autodiff gradient is finite in graph mode, NaN compiled by XLA on 3e-45",
        ),
        ((INF, FINITE), (FINITE, FINITE), "the output is inf in graph mode, finite compiled by XLA on 3e-45"),
        (
            (INF, NAN),
            (FINITE, INF),
            "the autodiff gradient is NaN in graph mode, inf compiled by XLA"
            " and the output is inf in graph mode, finite compiled by XLA on 3e-45",
        ),
    ],
)
def test_words(graph: tuple[Class, ...], xla: tuple[Class, ...], says: str) -> None:
    (finding,) = gc007.find((region(2, 2, graph=graph, xla=xla),), ("autodiff",), "x")
    assert finding.message == says
    assert finding.mode == "graph"
    assert finding.masked == (INF not in (graph[0], xla[0]))


def test_modes_that_agree_are_named_together() -> None:
    modes = {"graph": (FINITE, NAN), "eager": (FINITE, FINITE), "xla": (FINITE, FINITE)}
    (finding,) = gc007.find((region(2, 2, None, **modes),), ("autodiff",), "x")
    assert "NaN in graph mode, finite in eager mode and compiled by XLA on" in finding.message


def test_the_output_counts_once_and_not_outside_the_domain() -> None:
    differ = {"graph": (NAN, FINITE, FINITE), "xla": (FINITE, FINITE, FINITE)}
    found = list(gc007.find((region(1, 5, None, **differ),), ("autodiff", "custom"), "x"))
    assert [f.version for f in found] == ["custom"]
    assert list(gc007.find((region(1, 5, Domain.OUTSIDE, **differ),), ("autodiff", "custom"), "x")) == []
