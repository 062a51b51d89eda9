"""The table fits its terminal and says what was found, where, and what to do next."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import vocabulary
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
from gradcheck.renderers import FORMATS as RENDERERS
from gradcheck.renderers import render
from gradcheck.renderers.styles import Style
from gradcheck.renderers.table import MAX_ROWS, render_table, shown_regions

MakeFinding = Callable[..., Finding]
MakeSweep = Callable[..., Sweep]
MakeTarget = Callable[..., TargetReport]
MakeReport = Callable[..., Report]

FLOAT32, FLOAT64 = FORMATS["float32"], FORMATS["float64"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
END = int(FLOAT32.encode(88.72284))
FINITE, NAN, INF, NEGATIVE_INF = Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF
NONE, MIXED = Class.NONE, Class.MIXED
BROKEN = TargetReport("m:broken", error=TargetError("GC902", "m: has no broken"))
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def softplus(make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget) -> TargetReport:
    """The first sample: the gradient is NaN where the output is inf."""
    sweep = make_sweep((WHOLE[0], END - 1, FINITE, FINITE), (END, WHOLE[1], INF, NAN), evaluated=2_148_395)
    finding = make_finding(
        lo=END,
        hi=WHOLE[1],
        masked=False,
        message="the autodiff gradient is NaN on [88.72284, 3.4028235e+38]; the output is inf",
        suggestion="use the library's stable form, or keep the input out of there BEFORE the operation that fails",
        witness=Witness({"z": 100.0}, float("inf"), float("nan")),
    )
    return make_target(sweep, findings=(finding,))


@pytest.fixture
def full(
    *,
    softplus: TargetReport,
    clean_sweep: Sweep,
    make_finding: MakeFinding,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
) -> Report:
    """Several targets with something of everything."""
    versions = ("autodiff", "custom", "against")
    held = (int(FLOAT32.encode(0.5)),) * 2
    x = make_sweep(
        (int(FLOAT32.encode(-10.0)), -1, NAN, NAN, FINITE, NONE),
        (0, int(FLOAT32.encode(10.0)), FINITE, FINITE, FINITE, NONE),
        (int(FLOAT32.encode(20.0)), WHOLE[1], MIXED, MIXED, NEGATIVE_INF, NONE),
        name="x",
        versions=versions,
        held=held,
        evaluated=1_000_000,
    )
    y = make_sweep((*WHOLE, INF, FINITE, FINITE, FINITE), name="y", versions=versions, index=1, held=held)
    findings = [make_finding(code="GC002", name="inf-gradient", version="custom", lo=i, hi=i) for i in range(1, 6)]
    findings += [make_finding(severity="warning", suggestion="if inputs never come here: --range z=0:")]
    findings += [make_finding(severity="info", suggestion=None, witness=Witness({"x": -0.0, "y": 0.5}, 3.14, None))]
    found = make_target(
        x,
        y,
        target="samples.losses:focal_loss",
        findings=tuple(findings),
        notes=("a part of the gradient is stopped on purpose by tf.stop_gradient (blocking.py:25)" * 2,),
    )
    return make_report(softplus, make_target(clean_sweep), found, BROKEN)


def outside_the_region_table(text: str) -> list[str]:
    """All lines but those of the tables of regions."""
    lines, inside = [], False
    for line in text.splitlines():
        inside = (inside or bool(re.match(r" +\w+ from +to +floats +forward", line))) and line.strip() != ""
        if not inside:
            lines.append(line)
    return lines


def test_softplus(softplus: TargetReport, make_report: MakeReport) -> None:
    text = render_table(make_report(softplus), Style(unicode=False))
    assert text.splitlines() == [
        "samples.softplus:my_softplus  1 error",
        "",
        "  z: every finite float32",
        "  |--------------------------------------------------------##################|",
        "   -3.4e38    -1e10 -1 -1e-10           0          1e-10  1  1e10      3.4e38",
        "   # autodiff gradient not finite",
        "",
        "          z from             to    floats  forward    autodiff",
        "  --------------  -------------  --------  ---------  ----------",
        "  -3.4028235e+38       88.72283     76.2%  finite     finite",
        "        88.72284  3.4028235e+38     23.8%  inf        nan",
        "",
        "  GC001 error  the autodiff gradient is NaN on [88.72284, 3.4028235e+38]; the",
        "      output is inf",
        "      at z = 100: output inf, gradient nan",
        "      next: use the library's stable form, or keep the input out of there BEFORE",
        "          the operation that fails",
        "  sampled: 2,148,395 of 4,278,190,080 floats run, graph mode; truth from real",
        "      arithmetic at 1,000 of them",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("unicode", [False, True])
def test_nothing_but_the_region_table_is_wider_than_the_terminal(full: Report, width: int, unicode: bool) -> None:
    text = render_table(full, Style(width, unicode=unicode))
    assert text.count(" from ") >= 3
    assert [line for line in outside_the_region_table(text) if len(line) > width] == []


def test_without_unicode_it_is_ascii(full: Report) -> None:
    assert render_table(full, Style(unicode=False)).isascii()
    assert not render_table(full, Style(unicode=True)).isascii()


def test_colour_changes_nothing_but_colour(full: Report) -> None:
    plain, coloured = render_table(full, Style(colour=False)), render_table(full, Style(colour=True))
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert ANSI.sub("", coloured) == plain


def test_no_line_ends_in_white_space_and_the_text_in_one_newline(full: Report) -> None:
    text = render_table(full, Style())
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_same_report_is_the_same_text(full: Report) -> None:
    assert render_table(full, Style()) == render_table(full, Style()) == render(full, "table", Style())


def test_every_format_of_the_command_line_has_a_renderer() -> None:
    assert tuple(RENDERERS) == vocabulary.FORMATS
    assert set(vocabulary.SUFFIXES.values()) == set(RENDERERS) - {"github"}  # it is read from the log alone


# Clean targets


def test_a_clean_target_is_one_line_that_fits(
    clean_sweep: Sweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    text = render_table(make_report(make_target(clean_sweep)), Style())
    assert re.fullmatch(r"samples.softplus:my_softplus  clean  z: [^\n]+\n", text)
    assert "2,123,456 floats run" in text
    assert len(text) <= 81


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (None, "the truth is not known"),
        (Reference(0, ("Foo",)), "the truth is not known (no rule for: Foo)"),
        (Reference(900, ("Foo",)), "float64 stands in for the truth (no rule for: Foo)"),
    ],
)
def test_a_clean_target_says_so_where_the_truth_is_not_sure(
    *,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    truth: Reference | None,
    words: str,
) -> None:
    sweep = make_sweep((*WHOLE, FINITE, FINITE), truth=truth)
    text = render_table(make_report(make_target(sweep)), Style())
    assert "  clean  " in text.splitlines()[0]
    assert words in " ".join(text.split())


@pytest.mark.parametrize("truth", [None, Reference(900, ("Foo",))])
def test_a_clean_target_whose_truth_is_not_sure_fits_too(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport, truth: Reference | None
) -> None:
    sweep = make_sweep((*WHOLE, FINITE, FINITE), truth=truth, evaluated=2_123_456)
    text = render_table(make_report(make_target(sweep)), Style())
    assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    ("truth", "wanted"),
    [
        (Reference(1234), "truth from real arithmetic at 1,234 of them"),
        (Reference(900, ("Bar", "Foo")), "approximate: float64 stands in for the truth (no rule for: Bar, Foo)"),
        (Reference(0, ("Foo",)), "the truth is not known (no rule for: Foo)"),
        (None, "the truth is not known"),
    ],
)
def test_the_last_line_says_what_the_verdicts_rest_on(
    *,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    truth: Reference | None,
    wanted: str,
) -> None:
    text = render_table(make_report(make_target(make_sweep((*WHOLE, INF, NAN), truth=truth))), Style())
    assert " ".join(text.partition("graph mode; ")[2].split()) == wanted


def test_outside_the_domain_there_is_no_finding_but_it_is_shown(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((WHOLE[0], -1, NAN, NAN), (0, WHOLE[1], FINITE, FINITE))
    outside = replace(sweep, regions=(replace(sweep.regions[0], domain=Domain.OUTSIDE), sweep.regions[1]))
    first, *rest = render_table(make_report(make_target(outside)), Style()).splitlines()
    assert "clean; output not finite everywhere" in first
    assert any("undefined" in line for line in rest)


def test_the_forward_column_says_undefined_outside_the_domain(
    *, make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((WHOLE[0], -1, NAN, NAN), (0, 0, FINITE, INF), (1, WHOLE[1], FINITE, FINITE))
    domains = (Domain.OUTSIDE, Domain.INSIDE, Domain.INSIDE)
    regions = tuple(replace(r, domain=d) for r, d in zip(sweep.regions, domains, strict=True))
    target = make_target(replace(sweep, regions=regions), findings=(make_finding(),))
    assert [cells[3:] for cells in rows(render_table(make_report(target), Style()))] == [
        ["undefined", "nan"],
        ["finite", "inf"],
        ["finite", "finite"],
    ]


def test_regions_that_differ_only_in_what_has_no_column_are_one_row(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((WHOLE[0], -1, FINITE, FINITE), (0, 9_999, FINITE, NAN), (10_000, WHOLE[1], FINITE, NAN))
    kinds: tuple[dict[str, Kind], ...] = ({}, {"autodiff": Kind.NUMERICAL}, {"autodiff": Kind.OVERFLOW})
    regions = tuple(replace(r, kinds=k) for r, k in zip(sweep.regions, kinds, strict=True))
    text = render_table(make_report(make_target(replace(sweep, regions=regions))), Style())
    assert [(cells[0], cells[4]) for cells in rows(text)] == [("-3.4028235e+38", "finite"), ("0", "nan")]


def test_a_clean_target_of_two_inputs_is_one_line(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweeps = [make_sweep((0, 9, FINITE, FINITE), name=name, index=i, held=(0, 0)) for i, name in enumerate("xy")]
    (line,) = render_table(make_report(make_target(*sweeps)), Style()).splitlines()
    assert "clean" in line
    assert "x, y: all 20 floats run" in line


def test_a_note_on_a_clean_target_is_shown(
    clean_sweep: Sweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    text = render_table(make_report(make_target(clean_sweep, notes=("traced as a loop",))), Style())
    assert text.splitlines()[1] == "  note: traced as a loop"


@pytest.mark.parametrize(("forward", "gradient"), [(INF, FINITE), (NAN, FINITE), (MIXED, FINITE)])
def test_without_findings_an_output_that_is_not_finite_is_shown(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport, forward: Class, gradient: Class
) -> None:
    sweep = make_sweep((WHOLE[0], -1, FINITE, FINITE), (0, WHOLE[1], forward, gradient))
    text = render_table(make_report(make_target(sweep)), Style())
    assert "clean; output not finite everywhere" in text.splitlines()[0]
    assert f"  {forward.value} " in text


def test_a_constant_output_without_a_gradient_is_not_said_to_be_infinite(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((*WHOLE, FINITE, NONE), varies=False)
    assert "not finite" not in render_table(make_report(make_target(sweep)), Style())


# Several targets


def test_several_targets_are_summed_up(full: Report) -> None:
    lines = render_table(full, Style()).splitlines()
    assert lines[-1] == "4 targets: 1 clean, 2 with findings, 1 not checked"
    assert not any("broken" in line for line in lines), "that is a message on standard error"


def test_one_target_is_not_summed_up(softplus: TargetReport, make_report: MakeReport) -> None:
    assert " targets:" not in render_table(make_report(softplus), Style())


def test_nothing_checked_is_nothing_to_show(make_report: MakeReport) -> None:
    assert render_table(make_report(BROKEN), Style()) == ""
    assert render_table(make_report(), Style()) == ""


# Regions


def rows(text: str) -> list[list[str]]:
    """The cells of the first table of regions."""
    lines = text.splitlines()
    start = 1 + next(i for i, line in enumerate(lines) if set(line.strip()) == {"-", " "})
    table = itertools.takewhile(lambda line: re.match(r" +-?\d\S* +-?\d\S* ", line), lines[start:])
    return [line.split() for line in table]


def test_versions_stand_side_by_side(full: Report) -> None:
    text = render_table(full, Style()).partition("samples.losses:focal_loss")[2]
    assert "x from             to    floats  forward    autodiff    custom    against" in text
    assert rows(text) == [
        ["-10", "-0", "33.9%", "nan", "nan", "finite", "none"],
        ["0", "10", "33.9%", "finite", "finite", "finite", "none"],
        ["20", "3.4028235e+38", "32.2%", "mixed", "mixed", "-inf", "none"],
    ]


def test_a_few_floats_are_counted(make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport) -> None:
    regions = [(WHOLE[0], -1, FINITE, FINITE), (0, 1233, FINITE, NAN), (1234, WHOLE[1], FINITE, FINITE)]
    text = render_table(make_report(make_target(make_sweep(*regions))), Style())
    assert [cells[2] for cells in rows(text)] == ["50.0%", "1,234", "50.0%"]


def test_astronomical_counts_are_rounded(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    whole = (FLOAT64.min_ordinal, FLOAT64.max_ordinal, INF, FINITE)
    text = render_table(make_report(make_target(make_sweep(whole, fmt=FLOAT64, evaluated=2_097_155))), Style())
    assert "sampled: 2,097,155 of 1.84e+19 floats run, graph mode" in text


def test_an_exhaustive_sweep_says_so(make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport) -> None:
    text = render_table(make_report(make_target(make_sweep((0, 9_999, INF, FINITE)))), Style())
    assert "exhaustive: all 10,000 floats run, graph mode" in text


@pytest.mark.parametrize(
    ("screen", "said"),
    [
        (Screen(()), "every finite gradient is that of the graph in float64, within the tolerance; truth from"),
        (
            Screen(((1, 2),)),
            "every finite gradient elsewhere is that of the graph in float64, within the tolerance; truth",
        ),
        (
            Screen(((1, 2), (5, 9)), unlisted=((5, 5), (7, 9))),
            "within the tolerance, but on [1e-44, 1.3e-44] and 1 more, where real arithmetic was asked at points; truth",
        ),
        (
            Screen(((5, 5),), unlisted=((5, 5),)),
            "gradient is that of the graph in float64, within the tolerance, but on 7e-45,",
        ),
        (None, "graph mode; truth from"),
    ],
)
def test_what_is_known_of_every_gradient_is_said(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport, screen: Screen | None, said: str
) -> None:
    text = render_table(make_report(make_target(make_sweep((0, 9_999, INF, FINITE), screen=screen))), Style())
    assert said in " ".join(text.split())


def test_a_clean_target_says_what_is_known_of_every_gradient(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep((0, 9_999, FINITE, FINITE), screen=Screen(()))
    first, second = render_table(make_report(make_target(sweep)), Style()).splitlines()
    assert first.endswith("all 10,000 floats run")
    assert second == "  every finite gradient is that of the graph in float64, within the tolerance"


def test_ranges_and_held_values_are_named(full: Report) -> None:
    text = render_table(full, Style())
    assert "  x: float32 [-10, 10] and [20, 3.4028235e+38] (y = 0.5)\n" in text
    assert "  y: every finite float32 (x = 0.5)\n" in text


@given(floats=st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_of_many_regions_the_widest_are_shown_in_order(make_sweep: MakeSweep, floats: list[int]) -> None:
    starts = [sum(floats[:i]) for i in range(len(floats))]
    classes = [(FINITE, FINITE), (FINITE, NAN)]
    sweep = make_sweep(*((a, a + n - 1, *classes[i % 2]) for i, (a, n) in enumerate(zip(starts, floats, strict=True))))
    shown, hidden = shown_regions(sweep.regions)
    assert len(shown) == min(len(floats), MAX_ROWS)
    assert len(shown) + hidden == len(floats)
    assert [r.lo for r in shown] == sorted(r.lo for r in shown)
    assert max(sweep.regions, key=lambda r: r.floats).floats in [r.floats for r in shown]
    assert sweep.regions[0] in shown, "the one nearest to 0"


def test_regions_that_are_left_out_are_counted(
    make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    sweep = make_sweep(*((i * 10, i * 10 + 9, FINITE, NAN if i % 2 else FINITE) for i in range(MAX_ROWS + 5)))
    text = render_table(make_report(make_target(sweep)), Style())
    assert "  ... and 5 more regions (--format json lists them all)" in text.splitlines()
    sweep = make_sweep(*((i * 10, i * 10 + 9, FINITE, NAN if i % 2 else FINITE) for i in range(MAX_ROWS)))
    text = render_table(make_report(make_target(sweep)), Style())
    assert len(rows(text)) == MAX_ROWS
    assert "more regions" not in text


# Findings


@pytest.mark.parametrize(
    ("severities", "wanted"),
    [
        (["error"], "1 error"),
        (["error", "error"], "2 errors"),
        (["error", "warning", "warning", "info", "info"], "1 error, 2 warnings, 2 info"),
        (["info"], "1 info"),
    ],
)
def test_the_heading_counts_findings(
    *,
    make_finding: MakeFinding,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    severities: list[str],
    wanted: str,
) -> None:
    findings = tuple(make_finding(severity=severity) for severity in severities)
    target = make_target(make_sweep((*WHOLE, FINITE, NAN)), findings=findings)
    assert render_table(make_report(target), Style()).splitlines()[0] == f"samples.softplus:my_softplus  {wanted}"


def test_findings_of_one_kind_are_counted_beyond_the_third_and_have_one_next_step(full: Report) -> None:
    text = render_table(full, Style(width=120)).partition("samples.losses:focal_loss")[2]
    assert text.count("GC002 error") == 3
    assert "    ... and 2 more GC002 (inf-gradient) like these\n" in text
    before = text.partition("... and 2 more GC002")[0]
    assert before.count("next: ") == 1
    assert before.rstrip().endswith("next: use the library's stable form")


def test_a_finding_has_its_witness_with_the_truth_its_cause_and_its_next_step(
    *, make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    cause = Cause(
        "Mul",
        "Exp",
        "softplus.py",
        12,
        "...",
        "Exp",
        "exp(z) overflows to inf (softplus.py:12); its gradient is 0 * inf = NaN",
    )
    nan, inf = float("nan"), float("inf")
    findings = (
        make_finding(cause=cause, witness=Witness({"z": 100.0}, inf, nan, 100.0, 1.0), suggestion="do this"),
        make_finding(cause=None, witness=Witness({"z": 0.0}, 0.0, inf, 0.0, inf), suggestion="do that", code="GC002"),
    )
    target = make_target(make_sweep((*WHOLE, FINITE, NAN)), findings=findings)
    lines = [line.strip() for line in render_table(make_report(target), Style(width=120)).splitlines()]
    start = lines.index("at z = 100: output inf (true 100), gradient nan (true 1)")
    assert lines[start + 1 : start + 3] == [
        "cause: exp(z) overflows to inf (softplus.py:12); its gradient is 0 * inf = NaN",
        "next: do this",
    ]
    start = lines.index("at z = 0: output 0 (true 0), gradient inf (true infinite)")
    assert lines[start + 1] == "next: do that"


def test_code_that_is_suggested_keeps_its_lines(
    *, make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> None:
    code = (
        "    safe = tf.where(z > 30, tf.zeros_like(z), z)  # as long as it is, and it is a little longer than the table"
    )
    words = "scanned over the same range, it fixes GC001 on [88.72284, 3.4028235e+38], and nothing else is found there"
    suggestion = "\n".join(["instead of where(z > 30, z, log(exp(z) + 1)) write", code, words])
    target = make_target(make_sweep((*WHOLE, FINITE, NAN)), findings=(make_finding(suggestion=suggestion),))
    lines = render_table(make_report(target), Style()).splitlines()
    assert " " * 10 + code in lines
    assert [line.strip() for line in lines if len(line) > 80] == [code.strip()]


def test_every_severity_has_its_lines(full: Report) -> None:
    text = render_table(full, Style(width=120)).partition("samples.losses:focal_loss")[2]
    assert "GC001 warning  " in text
    assert "next: if inputs never come here: --range z=0:\n" in text
    assert "GC001 info  " in text
    assert "at x = -0, y = 0.5: output 3.14, gradient None\n" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0000000000000002, "1.0000000000000002"),
        (709.782712893384, "709.782712893384"),
        (0.10000000149011612, "0.10000000149011612"),
        (100.0, "100"),
        (-0.0, "-0"),
        (1e-320, "1e-320"),
    ],
)
def test_a_printed_witness_is_the_witness(
    *,
    make_finding: MakeFinding,
    make_sweep: MakeSweep,
    make_target: MakeTarget,
    make_report: MakeReport,
    value: float,
    text: str,
) -> None:
    place = int(FLOAT64.encode(value))
    finding = make_finding(fmt=FLOAT64, lo=place, hi=place, at=place, witness=Witness({"z": value}, 1.0, 2.0))
    target = make_target(make_sweep((place, place, FINITE, NAN), fmt=FLOAT64), findings=(finding,))
    assert f"at z = {text}: output 1, gradient 2" in render_table(make_report(target), Style())


def test_of_several_modes_the_first_is_shown_and_named(softplus: TargetReport, make_report: MakeReport) -> None:
    several = replace(softplus, modes=("xla", "graph"))
    assert "z: every finite float32, compiled by XLA\n" in render_table(make_report(several), Style())
    assert "compiled" not in render_table(make_report(softplus), Style())
