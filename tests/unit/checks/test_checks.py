"""Every check has a planted fault that must fire, and a healthy twin that must stay silent."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gradcheck.checks import CHECKS, find
from gradcheck.checks.stretches import Subject, stretches
from gradcheck.floats import FORMATS
from gradcheck.records import Class, Domain, Finding, Kind, Stop, Sweep, Version

MakeSweep = Callable[..., Sweep]
MakeVersion = Callable[..., Version]

FLOAT32 = FORMATS["float32"]
FINITE, NAN, INF, NEGATIVE_INF = Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF
NONE, MIXED = Class.NONE, Class.MIXED
BOTH = ("autodiff", "custom")
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)


def planted(make_sweep: MakeSweep, forward: Class, *gradients: Class, versions: tuple[str, ...] = ()) -> Sweep:
    """A healthy line but for ordinals 100 to 200."""
    names = versions or BOTH[: len(gradients)]
    healthy = [FINITE] * (1 + len(gradients))
    fault = (100, 200, forward, *gradients)
    return make_sweep((WHOLE[0], 99, *healthy), fault, (201, WHOLE[1], *healthy), versions=names)


def found(sweep: Sweep, make_version: MakeVersion, *stops: Stop, **fields: object) -> tuple[Finding, ...]:
    """The findings on a sweep whose versions all are as `fields` say."""
    versions = tuple(make_version(name, **fields) for name in sweep.regions[0].gradients)
    return find("m:f", sweep, versions, stops)


@pytest.mark.parametrize("forward", [FINITE, NAN, INF, NEGATIVE_INF, MIXED])
def test_a_finite_gradient_is_healthy(make_sweep: MakeSweep, make_version: MakeVersion, forward: Class) -> None:
    assert found(planted(make_sweep, forward, FINITE), make_version) == ()
    assert found(planted(make_sweep, forward, FINITE, FINITE), make_version) == ()


@pytest.mark.parametrize(
    ("forward", "gradient", "code", "severity", "masked"),
    [
        (FINITE, NAN, "GC001", "error", True),
        (INF, NAN, "GC001", "error", False),
        (NEGATIVE_INF, NAN, "GC001", "error", False),
        (NAN, NAN, "GC001", "warning", False),
        (MIXED, NAN, "GC001", "warning", False),
        (FINITE, MIXED, "GC001", "error", True),
        (NAN, MIXED, "GC001", "warning", False),
        (MIXED, MIXED, "GC001", "warning", False),
        (FINITE, INF, "GC002", "error", True),
        (FINITE, NEGATIVE_INF, "GC002", "error", True),
        (INF, INF, "GC002", "warning", False),
        (NEGATIVE_INF, INF, "GC002", "warning", False),
        (INF, NEGATIVE_INF, "GC002", "warning", False),
        (NAN, INF, "GC002", "warning", False),
        (MIXED, INF, "GC002", "warning", False),
    ],
)
def test_a_gradient_that_is_not_finite_is_found(
    *,
    make_sweep: MakeSweep,
    make_version: MakeVersion,
    forward: Class,
    gradient: Class,
    code: str,
    severity: str,
    masked: bool,
) -> None:
    (finding,) = found(planted(make_sweep, forward, gradient), make_version)
    assert (finding.code, finding.severity, finding.masked) == (code, severity, masked)
    assert (finding.lo, finding.hi, finding.at, finding.fmt) == (100, 200, 100, FLOAT32)
    assert (finding.version, finding.wrt) == ("autodiff", "z")
    assert f"[{FLOAT32.text(100)}, {FLOAT32.text(200)}]" in finding.message
    assert "autodiff gradient" in finding.message


@pytest.mark.parametrize(
    ("forward", "gradient", "words"),
    [
        (FINITE, NAN, ["is NaN", "the output is finite"]),
        (NAN, NAN, ["is NaN", "the output is NaN too"]),
        (INF, NAN, ["is NaN", "the output is inf"]),
        (NEGATIVE_INF, NAN, ["is NaN", "the output is -inf"]),
        (MIXED, NAN, ["is NaN", "the output is now finite, now not"]),
        (FINITE, MIXED, ["is now finite, now not", "the output is finite"]),
        (FINITE, INF, ["is inf on", "the output is finite"]),
        (FINITE, NEGATIVE_INF, ["is -inf on", "the output is finite"]),
    ],
)
def test_the_message_says_what_came_out(
    make_sweep: MakeSweep, make_version: MakeVersion, forward: Class, gradient: Class, words: list[str]
) -> None:
    (finding,) = found(planted(make_sweep, forward, gradient), make_version)
    assert all(word in finding.message for word in words)


def test_one_bad_float_is_named_alone(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    one = int(FLOAT32.encode(1.0))
    sweep = make_sweep(
        (WHOLE[0], one - 1, FINITE, FINITE), (one, one, FINITE, INF), (one + 1, WHOLE[1], FINITE, FINITE)
    )
    (finding,) = found(sweep, make_version)
    assert (finding.lo, finding.hi, finding.at) == (one, one, one)
    assert " on 1; " in finding.message


@pytest.mark.parametrize("gradient", [NAN, INF, MIXED])
def test_what_training_does_not_run_is_for_information(
    make_sweep: MakeSweep, make_version: MakeVersion, gradient: Class
) -> None:
    (finding,) = found(planted(make_sweep, FINITE, gradient, FINITE), make_version)
    assert (finding.version, finding.severity) == ("autodiff", "info")
    (finding,) = found(planted(make_sweep, FINITE, FINITE, gradient), make_version)
    assert (finding.version, finding.severity) == ("custom", "error")
    (finding,) = found(planted(make_sweep, FINITE, FINITE, gradient, versions=("autodiff", "against")), make_version)
    assert (finding.version, finding.severity) == ("against", "info")
    (finding,) = found(planted(make_sweep, FINITE, gradient, FINITE, versions=("autodiff", "against")), make_version)
    assert (finding.version, finding.severity) == ("autodiff", "error")


# GC008: no gradient although the output depends on the input


def none_everywhere(make_sweep: MakeSweep, varies: bool = True, forward: Class = FINITE) -> Sweep:
    return make_sweep((WHOLE[0], -1, forward, NONE), (0, WHOLE[1], forward, NONE), varies=varies)


def test_a_disconnected_gradient_is_found(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    (finding,) = found(none_everywhere(make_sweep), make_version, connected=False)
    assert (finding.code, finding.name, finding.severity) == ("GC008", "disconnected-gradient", "warning")
    assert (finding.lo, finding.hi) == WHOLE
    assert finding.at is not None
    assert finding.masked
    assert "depends on z" in finding.message


def test_a_disconnected_gradient_is_fine_where_the_output_is_constant(
    make_sweep: MakeSweep, make_version: MakeVersion
) -> None:
    assert found(none_everywhere(make_sweep, varies=False), make_version, connected=False) == ()
    assert found(none_everywhere(make_sweep), make_version, connected=True) == ()


def test_a_gradient_that_the_user_stopped_is_said_and_not_held_against_anybody(
    make_sweep: MakeSweep, make_version: MakeVersion
) -> None:
    stops = (Stop("/home/me/models/loss.py", 12), Stop("/home/me/models/loss.py", 12), Stop(None, None))
    (finding,) = found(none_everywhere(make_sweep), make_version, *stops, connected=False)
    assert (finding.code, finding.severity) == ("GC008", "info")
    assert finding.message.endswith("tf.stop_gradient (loss.py:12, line not known)")


def test_stops_do_not_silence_other_checks(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    (finding,) = found(planted(make_sweep, FINITE, NAN), make_version, Stop("loss.py", 3))
    assert (finding.code, finding.severity) == ("GC001", "error")


# GC009: the gradient raises


def test_a_gradient_that_raises_is_found(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    sweep = make_sweep((WHOLE[0], -1, NAN, NONE), (0, WHOLE[1], FINITE, NONE))
    (finding,) = found(sweep, make_version, failure="LookupError: no gradient defined for Foo", connected=False)
    assert (finding.code, finding.name, finding.severity) == ("GC009", "gradient-raises", "error")
    assert (finding.lo, finding.hi) == WHOLE
    assert finding.message.endswith("raises LookupError: no gradient defined for Foo")


def test_a_custom_gradient_that_raises_leaves_autodiff_as_it_is(
    make_sweep: MakeSweep, make_version: MakeVersion
) -> None:
    sweep = make_sweep((*WHOLE, FINITE, FINITE, NONE), versions=BOTH)
    (finding,) = find("m:f", sweep, (make_version(), make_version("custom", failure="ValueError: no")), ())
    assert (finding.code, finding.version, finding.severity) == ("GC009", "custom", "error")
    (finding,) = find("m:f", sweep, (make_version(failure="ValueError: no"), make_version("custom")), ())
    assert (finding.code, finding.version, finding.severity) == ("GC009", "autodiff", "info")


# All of them


def test_codes_and_names_are_those_of_the_contract() -> None:
    rules = {check.RULE.code: check.RULE.name for check in CHECKS}
    assert rules == {
        "GC001": "nan-gradient",
        "GC002": "inf-gradient",
        "GC003": "vanished-gradient",
        "GC004": "inaccurate-gradient",
        "GC005": "wrong-custom-gradient",
        "GC006": "forward-overflow",
        "GC008": "disconnected-gradient",
        "GC009": "gradient-raises",
    }


def test_adjacent_regions_of_one_class_are_one_finding(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    """The regions end where the custom gradient changes; autodiff's stretch goes on."""
    rows = [(0, 9, FINITE, NAN, FINITE), (10, 19, FINITE, NAN, INF), (20, 29, FINITE, FINITE, INF)]
    findings = found(make_sweep(*rows, versions=BOTH), make_version)
    assert [(f.version, f.lo, f.hi) for f in findings] == [("custom", 10, 29), ("autodiff", 0, 19)]


def test_a_gap_between_ranges_parts_findings(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    findings = found(make_sweep((0, 9, FINITE, NAN), (20, 29, FINITE, NAN)), make_version)
    assert [(f.lo, f.hi) for f in findings] == [(0, 9), (20, 29)]


def test_another_class_of_output_parts_findings(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    findings = found(make_sweep((0, 9, FINITE, NAN), (10, 19, NAN, NAN)), make_version)
    assert [(f.lo, f.hi, f.severity) for f in findings] == [(0, 9, "error"), (10, 19, "warning")]


def test_the_most_severe_come_first_then_code_version_and_place(
    make_sweep: MakeSweep, make_version: MakeVersion
) -> None:
    rows = [
        (-30, -21, NAN, FINITE, NAN),
        (-20, -11, FINITE, INF, INF),
        (-10, -1, FINITE, NAN, NAN),
        (0, 9, FINITE, FINITE, FINITE),
        (10, 19, FINITE, NAN, NAN),
    ]
    findings = found(make_sweep(*rows, versions=BOTH), make_version)
    assert [(f.severity, f.code, f.version, f.lo) for f in findings] == [
        ("error", "GC001", "custom", -10),
        ("error", "GC001", "custom", 10),
        ("error", "GC002", "custom", -20),
        ("warning", "GC001", "custom", -30),
        ("info", "GC001", "autodiff", -10),
        ("info", "GC001", "autodiff", 10),
        ("info", "GC002", "autodiff", -20),
    ]


def test_the_witness_of_a_stretch_is_its_simplest(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    ordinals = [int(FLOAT32.encode(value)) for value in (1.25, 3.0, 3.5, 7.0)]
    rows = [(a, b - 1, FINITE, NAN, c) for a, b, c in zip(ordinals, ordinals[1:], (INF, FINITE, INF), strict=False)]
    sweep = make_sweep(*rows, versions=BOTH)
    assert [region.witness for region in sweep.regions] == ordinals[:3]
    (stretch,) = stretches(Subject("m:f", sweep, make_version(), True, ()))
    assert (stretch.lo, stretch.hi, stretch.at) == (ordinals[0], ordinals[3] - 1, ordinals[1])
    mirrored = make_sweep((-20, -11, FINITE, NAN, INF), (-10, -10, FINITE, NAN, FINITE), versions=BOTH)
    (stretch,) = stretches(Subject("m:f", mirrored, make_version(), True, ()))
    assert stretch.at == -10, "of texts as long as each other, the one nearest to 0"


# What real arithmetic adds: domains, kinds, and gradients that are finite and wrong


def judged(sweep: Sweep, domains: dict[int, Domain], kinds: dict[int, dict[str, Kind]] | None = None) -> Sweep:
    """A sweep whose regions have a domain, and kinds, by position; the others are inside."""
    regions = tuple(
        replace(r, domain=domains.get(i, Domain.INSIDE), kinds=(kinds or {}).get(i, {}))
        for i, r in enumerate(sweep.regions)
    )
    return replace(sweep, regions=regions)


@pytest.mark.parametrize(
    ("gradient", "code", "name", "severity", "words"),
    [
        (Class.VANISHED, "GC003", "vanished-gradient", "error", "is exactly 0 on"),
        (Class.INACCURATE, "GC004", "inaccurate-gradient", "warning", "is inaccurate on"),
        (Class.WRONG, "GC005", "wrong-custom-gradient", "error", "is not the derivative on"),
    ],
)
def test_a_finite_gradient_that_is_not_the_true_one_is_found(
    *,
    make_sweep: MakeSweep,
    make_version: MakeVersion,
    gradient: Class,
    code: str,
    name: str,
    severity: str,
    words: str,
) -> None:
    (finding,) = found(planted(make_sweep, FINITE, FINITE, gradient), make_version)
    assert (finding.code, finding.name, finding.severity, finding.version) == (code, name, severity, "custom")
    assert (finding.lo, finding.hi, finding.masked, finding.kind) == (100, 200, True, None)
    assert words in finding.message
    assert f"[{FLOAT32.text(100)}, {FLOAT32.text(200)}]" in finding.message
    (finding,) = found(planted(make_sweep, FINITE, gradient, FINITE), make_version)
    assert (finding.code, finding.severity, finding.version) == (code, "info", "autodiff")


def test_an_output_that_should_be_finite_is_found_once(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    healthy = planted(make_sweep, INF, FINITE, FINITE)
    assert found(healthy, make_version) == (), "where the true output is infinite too, so it is nobody's fault"
    at_fault = (healthy.regions[0], replace(healthy.regions[1], defect=True), healthy.regions[2])
    (finding,) = found(replace(healthy, regions=at_fault), make_version)
    assert (finding.code, finding.name, finding.severity) == ("GC006", "forward-overflow", "warning")
    assert (finding.version, finding.kind, finding.masked) == ("custom", "numerical", False)
    assert (finding.lo, finding.hi) == (100, 200)
    assert "the output is inf on" in finding.message


@pytest.mark.parametrize("forward", [FINITE, NAN, INF])
@pytest.mark.parametrize("gradient", [NAN, INF, NEGATIVE_INF])
def test_outside_the_domain_a_gradient_that_is_not_finite_is_no_finding(
    make_sweep: MakeSweep, make_version: MakeVersion, forward: Class, gradient: Class
) -> None:
    sweep = planted(make_sweep, forward, gradient)
    assert found(judged(sweep, {1: Domain.OUTSIDE}), make_version) == ()
    assert len(found(judged(sweep, {1: Domain.UNDECIDED}), make_version)) == 1
    assert len(found(judged(sweep, {}), make_version)) == 1


@pytest.mark.parametrize(
    ("forward", "kind", "severity", "words"),
    [
        (FINITE, Kind.NUMERICAL, "error", "no check of it sees this"),
        (NAN, Kind.NUMERICAL, "error", "the output is NaN too"),
        (INF, Kind.NUMERICAL, "error", "the output is inf"),
        (FINITE, Kind.SINGULAR, "error", "infinite or does not exist"),
        (INF, Kind.SINGULAR, "error", "infinite or does not exist"),
        (FINITE, Kind.OVERFLOW, "warning", "the true gradient exceeds float32 too"),
        (INF, Kind.OVERFLOW, "warning", "the true gradient exceeds float32 too"),
        (FINITE, Kind.UNDECIDED, "error", "could not be decided"),
        (NAN, Kind.UNDECIDED, "warning", "could not be decided"),
    ],
)
@pytest.mark.parametrize("gradient", [NAN, INF])
def test_the_kind_decides_the_severity_where_the_truth_is_known(
    *,
    make_sweep: MakeSweep,
    make_version: MakeVersion,
    forward: Class,
    gradient: Class,
    kind: Kind,
    severity: str,
    words: str,
) -> None:
    sweep = judged(planted(make_sweep, forward, gradient), {}, {1: {"autodiff": kind}})
    (finding,) = found(sweep, make_version)
    assert (finding.severity, finding.kind) == (severity, kind.value)
    assert words in finding.message


def test_another_kind_parts_findings(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    sweep = make_sweep((0, 9, FINITE, NAN), (10, 19, FINITE, NAN))
    kinds = {0: {"autodiff": Kind.NUMERICAL}, 1: {"autodiff": Kind.OVERFLOW}}
    findings = found(judged(sweep, {}, kinds), make_version)
    assert [(f.lo, f.severity, f.kind) for f in findings] == [(0, "error", "numerical"), (10, "warning", "overflow")]


def test_a_hole_in_the_domain_does_not_part_what_is_alike_on_both_sides(
    make_sweep: MakeSweep, make_version: MakeVersion
) -> None:
    """x / x is NaN over an interval; at 0 it is not defined."""
    tiny = int(FLOAT32.encode(FLOAT32.smallest_normal)) - 1
    kind = {"autodiff": Kind.NUMERICAL}
    rows = [(-tiny - 101, -tiny - 2, NAN, NAN), (-tiny - 1, tiny, NAN, NAN), (tiny + 1, tiny + 100, NAN, NAN)]
    (finding,) = found(judged(make_sweep(*rows), {1: Domain.OUTSIDE}, {0: kind, 2: kind}), make_version)
    assert (finding.lo, finding.hi, finding.kind) == (-tiny - 101, tiny + 100, "numerical")
    assert finding.at not in range(-tiny - 1, tiny + 1), "the witness is inside the domain"
    wide = [(0, 9, NAN, NAN), (10, 19, NAN, NAN), (20, 29, NAN, NAN)]
    shifted = [(lo + tiny, hi + tiny, *classes) for lo, hi, *classes in wide]
    findings = found(judged(make_sweep(*shifted), {1: Domain.OUTSIDE}, {0: kind, 2: kind}), make_version)
    assert [(f.lo, f.hi) for f in findings] == [(tiny, tiny + 9), (tiny + 20, tiny + 29)], "a gap is no hole"


def test_a_hole_at_the_end_of_a_range_is_not_in_the_finding(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    sweep = make_sweep((5, 9, NAN, NAN), (10, 10, NAN, NAN))
    (finding,) = found(judged(sweep, {1: Domain.OUTSIDE}, {0: {"autodiff": Kind.NUMERICAL}}), make_version)
    assert (finding.lo, finding.hi) == (5, 9)


def kinds(sweep: Sweep, *found: Kind | None) -> Sweep:
    """A sweep whose regions have these kinds of autodiff gradient."""
    pairs = zip(sweep.regions, found, strict=True)
    return replace(
        sweep,
        regions=tuple(
            replace(
                r,
                kinds={} if k is None else {"autodiff": k},
                domain=Domain.UNDECIDED if k is Kind.UNDECIDED else Domain.INSIDE,
            )
            for r, k in pairs
        ),
    )


@pytest.mark.parametrize("known", [Kind.NUMERICAL, Kind.OVERFLOW, Kind.SINGULAR])
def test_what_is_not_decided_belongs_to_a_neighbour_that_is_alike(
    make_sweep: MakeSweep, make_version: MakeVersion, known: Kind
) -> None:
    healthy, near, far = (WHOLE[0], 99, FINITE, FINITE), (100, 200, INF, NAN), (201, WHOLE[1], INF, NAN)
    (finding,) = found(kinds(make_sweep(healthy, near, far), None, known, Kind.UNDECIDED), make_version)
    assert (finding.lo, finding.hi, finding.kind) == (100, WHOLE[1], known.value)
    assert finding.at == 100, "the witness is where the truth is known"


@pytest.mark.parametrize("other", [(NAN, NAN), (INF, INF)])
def test_what_is_not_decided_stays_alone_beside_what_is_not_alike(
    make_sweep: MakeSweep, make_version: MakeVersion, other: tuple[Class, Class]
) -> None:
    healthy, near, far = (WHOLE[0], 99, FINITE, FINITE), (100, 200, *other), (201, WHOLE[1], INF, NAN)
    findings = found(kinds(make_sweep(healthy, near, far), None, Kind.NUMERICAL, Kind.UNDECIDED), make_version)
    assert {(f.lo, f.hi, f.kind) for f in findings} == {(100, 200, "numerical"), (201, WHOLE[1], "undecided")}


def test_two_decided_kinds_beside_each_other_are_two_findings(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    healthy, near, far = (WHOLE[0], 99, FINITE, FINITE), (100, 200, INF, NAN), (201, WHOLE[1], INF, NAN)
    findings = found(kinds(make_sweep(healthy, near, far), None, Kind.NUMERICAL, Kind.OVERFLOW), make_version)
    assert {(f.lo, f.hi, f.kind, f.severity) for f in findings} == {
        (100, 200, "numerical", "error"),
        (201, WHOLE[1], "overflow", "warning"),
    }


def test_a_hole_in_the_domain_does_not_divide_a_finding(make_sweep: MakeSweep, make_version: MakeVersion) -> None:
    tiny = int(FLOAT32.encode(FLOAT32.smallest_normal)) - 1
    rows = [(WHOLE[0], -tiny - 2, NAN, NAN), (-tiny - 1, tiny, NAN, NAN), (tiny + 1, WHOLE[1], NAN, NAN)]
    sweep = kinds(make_sweep(*rows), Kind.NUMERICAL, None, Kind.NUMERICAL)
    hole = replace(sweep.regions[1], domain=Domain.OUTSIDE)
    whole = replace(sweep, regions=(sweep.regions[0], hole, sweep.regions[2]))
    (finding,) = found(whole, make_version)
    assert (finding.lo, finding.hi) == WHOLE
    assert finding.at != hole.witness, "the witness is where the function is defined"
    wide = replace(hole, lo=-tiny - 2)
    moved = replace(sweep.regions[0], hi=-tiny - 3)
    assert len(found(replace(sweep, regions=(moved, wide, sweep.regions[2])), make_version)) == 2
