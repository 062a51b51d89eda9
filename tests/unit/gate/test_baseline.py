"""What is known, new, grown and fixed beside a baseline."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS
from gradcheck.gate.baseline import code_of, compared, entries_of, is_covered, portable
from gradcheck.gate.baseline_file import Entry
from gradcheck.options import MOVED_ULPS, SOFT_ENDS, GateOptions
from gradcheck.records import Cause, Class, Finding, Report, SearchReport, Suppression, Sweep, TargetError, TargetReport

MakeFinding = Callable[..., Finding]
MakeSweep = Callable[..., Sweep]
MakeTarget = Callable[..., TargetReport]
MakeReport = Callable[..., Report]

FLOAT32 = FORMATS["float32"]
ULPS = MOVED_ULPS["float32"]
LO, HI = 10**6, 2 * 10**6
OPTIONS = GateOptions(baseline=Path("b.json"))
KNOWN = Suppression("baseline", "", "b.json")


@pytest.fixture
def report_of(
    make_finding: MakeFinding, make_sweep: MakeSweep, make_target: MakeTarget, make_report: MakeReport
) -> Callable[..., Report]:
    """A report of one swept target with findings on the given intervals, or other findings."""
    whole = make_sweep((FLOAT32.min_ordinal, FLOAT32.max_ordinal, Class.FINITE, Class.FINITE), evaluated=99)

    def build(*found: tuple[int, int] | Finding, sweep: Sweep = whole, **fields: object) -> Report:
        findings = tuple(f if isinstance(f, Finding) else make_finding(lo=f[0], hi=f[1], **fields) for f in found)
        return make_report(make_target(sweep, target="m:f", findings=findings))

    return build


def beside(before: Report, now: Report, options: GateOptions = OPTIONS) -> tuple[list[str | None], tuple[str, ...]]:
    """For each finding what is said of it: `known`, or the end of its message; and the lines on what is fixed."""
    report, fixed = compared(now, tuple(entries_of(before)), options)
    findings = [f for t in report.targets for f in t.findings]
    assert all(f.suppressed in (None, KNOWN) for f in findings)
    return ["known" if f.suppressed else f.message.partition("; ")[2].partition("; ")[2] for f in findings], fixed


def test_what_is_the_same_is_known(report_of: Callable[..., Report]) -> None:
    assert beside(report_of((LO, HI)), report_of((LO, HI))) == (["known"], ())
    assert beside(report_of(), report_of((LO, HI))) == ([""], ())


@pytest.mark.parametrize(
    ("lo", "hi", "known"),
    [
        (LO - ULPS, HI + ULPS, True),
        (LO - ULPS - 1, HI, False),
        (LO, HI + ULPS + 1, False),
        (LO + 1000, HI - 1000, True),
        (LO, LO, True),
        (HI + ULPS, HI + ULPS, True),
    ],
)
def test_a_few_ulps_are_no_news_and_more_of_them_are(
    report_of: Callable[..., Report], lo: int, hi: int, known: bool
) -> None:
    said, fixed = beside(report_of((LO, HI)), report_of((lo, hi)))
    was, now = (f"[{FLOAT32.text(a)}, {FLOAT32.text(b)}]" for a, b in ((LO, HI), (lo, hi)))
    assert said == ["known" if known else f"grown: was {was}, now {now}"]
    assert not fixed


def test_ends_that_an_error_makes_are_softer(report_of: Callable[..., Report]) -> None:
    before, now = (report_of((LO, HI + more), code="GC004") for more in (0, SOFT_ENDS * ULPS))
    assert beside(before, now) == (["known"], ())
    (said,), _ = beside(before, report_of((LO, HI + SOFT_ENDS * ULPS + 1), code="GC004"))
    assert said is not None
    assert said.startswith("grown: was")


def test_islands_are_matched_by_what_they_overlap(report_of: Callable[..., Report]) -> None:
    islands = [(LO, LO + 1000), (LO + 5000, LO + 6000), (HI, HI + 1000)]
    said, fixed = beside(
        report_of(*islands), report_of((LO, LO + 1000), (LO + 5000, LO + 6001), (HI + 10**5, HI + 10**6))
    )
    assert said == ["known", "known", ""]
    assert len(fixed) == 2  # the entry, and what to do
    assert f"GC001 autodiff by z on [{FLOAT32.text(HI)}, " in fixed[0]
    assert fixed[1] == "b.json: write it anew with --write-baseline"
    (said_of_one,), _ = beside(report_of(*islands[:2]), report_of((LO, LO + 6000)))
    assert said_of_one is not None
    assert said_of_one.count("[") == 3
    assert " and " in said_of_one
    assert beside(report_of((LO, HI)), report_of(*islands[:2])) == (["known", "known"], ())


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "GC002"},
        {"version": "custom"},
        {"wrt": "y"},
        {"mode": "xla"},
        {"kind": "singular"},
        {"fmt": FORMATS["float64"]},
    ],
)
def test_something_else_on_the_same_floats_is_new(report_of: Callable[..., Report], fields: dict[str, object]) -> None:
    assert beside(report_of((LO, HI)), report_of((LO, HI), **fields))[0] == [""]


def test_what_has_become_worse_is_told_and_what_is_milder_is_known(report_of: Callable[..., Report]) -> None:
    mild, bad = report_of((LO, HI), severity="info"), report_of((LO, HI))
    assert beside(mild, bad) == (["worse since the baseline: was of severity info, now error"], ())
    assert beside(bad, mild) == (["known"], ())


def test_what_is_fixed_is_a_note_of_its_target_too(report_of: Callable[..., Report]) -> None:
    report, fixed = compared(report_of(), tuple(entries_of(report_of((LO, HI)))), OPTIONS)
    interval = f"[{FLOAT32.text(LO)}, {FLOAT32.text(HI)}]"
    assert report.targets[0].notes == (f"fixed since the baseline: GC001 autodiff by z on {interval}",)
    assert fixed[0] == f"b.json: fixed, and can go: m:f: GC001 autodiff by z on {interval}"


def test_what_was_not_looked_at_is_not_fixed(
    report_of: Callable[..., Report], make_sweep: MakeSweep, make_report: MakeReport
) -> None:
    before = report_of((LO, HI))
    part = make_sweep((LO, HI - 1, Class.FINITE, Class.FINITE))
    other = make_sweep((0, 100, Class.FINITE, Class.FINITE), fmt=FORMATS["float16"])
    for now in (
        report_of(sweep=part),
        report_of(sweep=other),
        make_report(),
        make_report(TargetReport("m:f", error=TargetError("GC904", "slow"))),
    ):
        assert beside(before, now) == ([], ())
    assert beside(before, report_of(), replace(OPTIONS, select=("GC002",))) == ([], ())
    assert beside(report_of((LO, HI), mode="xla"), report_of()) == ([], ())
    assert beside(report_of((LO, HI), version="against"), report_of()) == ([], ())
    assert beside(before, report_of(sweep=make_sweep((LO, HI, Class.FINITE, Class.FINITE))))[1]


def test_a_tensor_target_is_known_by_the_text_of_the_line_and_not_by_its_number(
    make_finding: MakeFinding, make_report: MakeReport
) -> None:
    search = SearchReport((), ("x",), (), {"even": 1}, 0, (), False, ("ones",))
    cause = Cause("Rsqrt", "Sqrt", str(Path.cwd() / "losses.py"), 12, "return tf.sqrt(x)", "Sqrt")

    def report(*causes: Cause | None, **fields: object) -> Report:
        findings = tuple(make_finding(lo=None, hi=None, wrt="x", cause=c) for c in causes)
        return make_report(TargetReport("m:f", findings=findings, modes=("graph",), search=replace(search, **fields)))  # type: ignore[arg-type]

    before = report(cause)
    assert beside(before, report(replace(cause, line=99, op="Other"))) == (["known"], ())
    said, fixed = beside(before, report(replace(cause, source="return tf.sqrt(y)")))
    assert said == [""]
    assert "GC001 autodiff by x at 'return tf.sqrt(x)'" in fixed[0]
    assert beside(before, report(replace(cause, file="/other.py")))[0] == [""]
    saved = replace(cause, file=None, line=None, source=None)
    assert beside(report(saved), report(saved, replace(saved, node="Sqrt_1"))) == (["known", ""], ())
    assert beside(report(None), report(None)) == (["known"], ())
    assert beside(before, report(cut=True)) == ([], ())
    assert beside(before, report(wrt=("y",))) == ([], ())
    assert len(beside(before, report())[1]) == 2


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (str(Path.cwd() / "kit" / "losses.py"), "kit/losses.py"),
        ("losses.py", "losses.py"),
        (str(Path.cwd().parent / "common" / "losses.py"), "../common/losses.py"),
        ("/home/someone/.venv/lib/python3.11/site-packages/kit/losses.py", "kit/losses.py"),
        ("/usr/lib/python3/dist-packages/kit/losses.py", "kit/losses.py"),
    ],
)
def test_files_are_named_as_on_every_machine(file: str, named: str) -> None:
    assert portable(file) == named


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("return tf.sqrt(x)  # gradcheck: ignore -- x", "return tf.sqrt(x)"),
        ("return tf.sqrt(  # why", "return tf.sqrt("),
        (") + f['# no comment']", ") + f['# no comment']"),
        ("x = 'not closed", "x = 'not closed"),
        ("", ""),
    ],
)
def test_a_comment_is_no_part_of_the_line(line: str, code: str) -> None:
    assert code_of(line) == code


def test_a_baseline_of_other_names_says_so(report_of: Callable[..., Report]) -> None:
    now = report_of((LO, HI))
    other = replace(now, targets=(replace(now.targets[0], target="m.py:f"),))
    assert beside(other, now)[1] == (
        "b.json: no target of this run is in it: it knows m.py:f, for example, and not m:f;"
        " names are taken as they are written",
    )
    assert beside(other, report_of())[1] == ()


def test_judged_again_nothing_is_told_twice(report_of: Callable[..., Report]) -> None:
    entries = tuple(entries_of(report_of((LO, HI), (-HI, -LO))))
    once, fixed = compared(report_of((LO, 2 * HI)), entries, OPTIONS)
    assert compared(once, entries, OPTIONS) == (once, fixed)


interval = st.tuples(st.integers(-500, 500), st.integers(0, 300)).map(lambda p: (p[0], p[0] + p[1]))


@given(one=interval, others=st.lists(interval, max_size=5))
def test_covered_is_what_is_within_a_few_ulps_of_an_entry(one: tuple[int, int], others: list[tuple[int, int]]) -> None:
    entry = Entry("m:f", "GC001", "error", None, "autodiff", "z", "graph", "float32")
    near = {n for lo, hi in others for n in range(lo - ULPS, hi + ULPS + 1)}
    known = [replace(entry, lo=lo, hi=hi) for lo, hi in others]
    assert is_covered(replace(entry, lo=one[0], hi=one[1]), known) == (set(range(one[0], one[1] + 1)) <= near)
