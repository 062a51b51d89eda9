"""The verdict on each of the 77 functions of `known_ranges.json`, and why it is right.

`verdicts.json` holds a row a function:

    truth     the function in real arithmetic: an expression in x for mpmath, written so that nothing cancels. Constants
              that the graph holds as float32 are `f32(...)`, those very numbers.
    outside   [first, last]: where the function is undefined.
    islands   whether the negative integers are "inside" or "outside", and what lies between them the opposite. Only what
              reaches above -10 is listed for such a row; below it no finding of severity error is expected.
    findings  all that is to be reported, with `reason`. Ends are those of a float32 with the digits that tell it from
              its neighbours. `about`: its ends lie in noise; what overlaps it and reaches at most by half beyond it is it.
              `optional`: may be told or not. `branch`: the branch that a tf.where takes at a jump.
    open      of a finding: what gradcheck says today instead (lo and hi; nothing at all if there are none), and `why`;
              of a row: the same in words. `test_open` fails as soon as such a thing is repaired: then delete the entry.
    cut       the value lies on a branch cut, where the sign of a zero decides on its own sign.
    note      what was decided where mathematics leaves a choice.

`test_verdicts` holds gradcheck against the table, `test_reasons_hold` the table against mpmath alone, `test_claims` the
table against TensorFlow and mpmath. A subnormal x counts as the 0 that TensorFlow flushes it to.
"""

import functools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.typing import NDArray

from gradcheck.records import Domain, TargetReport

Entry: TypeAlias = dict[str, Any]
Real: TypeAlias = Any
"""An mpmath number."""

Verdict: TypeAlias = tuple[str, str | None, str, str, str]
"""Code, kind, severity, and the two ends."""

HERE = Path(__file__).parent
ENTRIES: list[Entry] = json.loads((HERE / "verdicts.json").read_text("utf-8"))
MEASURED: dict[str, Entry] = {e["name"]: e for e in json.loads((HERE / "known_ranges.json").read_text("utf-8"))}

DIGITS = 220
"""Decimals of mpmath; differences of half as many."""

LAST = 0x7F7FFFFF
FIRST = -LAST - 1
BLOCK = 1 << 14
"""Floats of a call. Blocks of 2^15 floats and more are other graphs: constants are folded in another order."""

LARGEST = mpf(2) ** 128 - mpf(2) ** 104
UNIT = mpf(2) ** -24
SMALLEST = 2.0**-126
FLOOR = mpf(2) ** -102
TOLERANCE = mpf("1e-3")
ULPS = 128
ROUNDINGS = 512
"""The numbers in the formula of gradcheck/truth/judging.py, by which a gradient is right."""

LEAST = mpf(2) ** -15
"""Loss below which a lost gradient is not let pass as a rounding of the usual slope: a 64th of u S."""

QUICK = 48
"""Of so many cases one is run all the time."""

ISLANDS_FROM = -10.0
"""Below it, findings of functions with islands are not listed."""


def cases(entries: list[Entry]) -> list[Any]:
    """Cases of a test that scans; one in QUICK of them is for the quick run."""
    return [
        pytest.param(e, id=e["name"], marks=pytest.mark.slow if e.get("slow") or i % QUICK else ())
        for i, e in enumerate(entries)
    ]


def is_error(entry: Entry) -> bool:
    return any(f["severity"] == "error" for f in entry["findings"])


def is_wrong_today(finding: Entry) -> bool:
    return "open" in finding


STABLE = [e for e in ENTRIES if not is_error(e) and "islands" not in e]
OPEN = [(e, f) for e in ENTRIES for f in e["findings"] if is_wrong_today(f)]
ISLANDS = [e for e in ENTRIES if "islands" in e]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python file with the function of each row, as a user would write it."""
    functions = [f"def row_{i}(x):\n    return {MEASURED[e['name']]['expression']}\n" for i, e in enumerate(ENTRIES)]
    file = tmp_path_factory.mktemp("corpus") / "verdicts_functions.py"
    file.write_text("\n\n".join(["import math\n\nimport tensorflow as tf\n", *functions]), encoding="utf-8")
    return file


@functools.cache
def scanned(target: str) -> TargetReport:
    """One scan a function for all tests."""
    from gradcheck import pipeline
    from gradcheck.options import ScanOptions

    report = pipeline.scan(target, ScanOptions())
    assert report.error is None, report.error
    return report


def report_of(entry: Entry, source: Path) -> TargetReport:
    return scanned(f"{source}:row_{ENTRIES.index(entry)}")


def verdicts(report: TargetReport) -> list[Verdict]:
    """What was reported."""
    found = []
    for f in report.findings:
        assert f.lo is not None
        assert f.hi is not None
        found.append((f.code, f.kind, f.severity, text(f.fmt.value(f.lo)), text(f.fmt.value(f.hi))))
    return found


def expected(entry: Entry) -> list[tuple[Verdict, Entry]]:
    return [((f["code"], f["kind"], f["severity"], f["lo"], f["hi"]), f) for f in entry["findings"]]


# The tables.


def test_rows() -> None:
    assert [e["name"] for e in ENTRIES] == list(MEASURED)
    assert len(ENTRIES) == 77


def test_rows_are_well_formed() -> None:
    for entry in ENTRIES:
        for finding in entry["findings"]:
            assert finding["reason"]
            loose = finding.get("about", False)
            assert loose or [finding["lo"], finding["hi"]] == [text(float32(finding[e])) for e in ("lo", "hi")]
            assert ordinal(finding["lo"]) <= ordinal(finding["hi"])
            assert not loose or finding["code"] in ("GC003", "GC004"), "what is not finite has an exact end"
            assert (finding["kind"] is not None) == (finding["code"] in ("GC001", "GC002", "GC006"))
            assert (finding["severity"] == "error") == severe(finding["code"], finding["kind"])
        for lo, hi in entry.get("outside", []):
            assert [lo, hi] == [text(float32(e)) for e in (lo, hi)]


def severe(code: str, kind: str | None) -> bool:
    return code == "GC003" or (code in ("GC001", "GC002") and kind != "overflow")


def test_what_is_not_finite_is_what_was_measured() -> None:
    """The stretches of GC001 and GC002 are the measured ones, without those outside the domain."""
    for entry in ENTRIES:
        measured = MEASURED[entry["name"]]
        for kind, first, last in measured["corrected" if "corrected" in measured else "ranges"]:
            if kind in ("nan", "inf", "forward+nan", "forward+inf"):
                ends = [first, last, "-1.17549435e-38", "1.17549435e-38"]
                within = [e for e in ends if float(first) <= float(e) <= float(last)]
                inside = [e for e in within if value_at(entry, number(e)) is not None]
                assert all(covered(entry, ordinal(e)) for e in inside), (entry["name"], inside)


def around(finding: Entry) -> range:
    lo, hi = ordinal(finding["lo"]), ordinal(finding["hi"])
    return range(lo, hi + 1)


def covered(entry: Entry, o: int) -> bool:
    return any(o in around(f) for f in entry["findings"] if f["code"] in ("GC001", "GC002"))


# gradcheck against the table.


@pytest.mark.parametrize("entry", cases(ENTRIES))
def test_verdicts(entry: Entry, source: Path) -> None:
    """All that is expected is found, and nothing else; what is open may also be as it is today."""
    found = verdicts(report_of(entry, source))
    if "islands" in entry:
        found = [v for v in found if float(v[4]) > ISLANDS_FROM]
    missed = [
        verdict
        for verdict, finding in expected(entry)
        if not finding.get("optional")
        and not is_wrong_today(finding)
        and not any(is_it(entry, v, finding) for v in found)
    ]
    surplus = [v for v in found if not any(is_it(entry, v, f) or is_as_today(v, f) for f in entry["findings"])]
    assert (missed, surplus) == ([], [])


@pytest.mark.parametrize("entry", cases(ENTRIES))
def test_domains(entry: Entry, source: Path) -> None:
    """Where the function is undefined is said to be outside the domain, and no more."""
    (sweep,) = report_of(entry, source).sweeps
    parts = [(r.fmt.value(r.lo), r.fmt.value(r.hi)) for r in sweep.regions if r.domain is Domain.OUTSIDE]
    if "islands" in entry:
        parts = [p for p in parts if p[1] > ISLANDS_FROM]
    assert joined(parts) == joined(
        [(float32(lo), float32(hi)) for lo, hi in [*entry.get("outside", []), *islands(entry)]]
    )


@pytest.mark.parametrize("entry", cases(STABLE))
def test_stable(entry: Entry, source: Path) -> None:
    """A function without a defect has none at severity error."""
    assert not [v for v in verdicts(report_of(entry, source)) if v[2] == "error"]


def test_stable_ones() -> None:
    names = {e["name"] for e in STABLE}
    assert len(names) == 33
    assert names >= {
        *("tf.nn.softplus", "nn.elu", "nn.selu", "nn.swish/silu", "log_sigmoid", "softsign", "mish x*tanh(softplus)"),
        *("asinh(x)", "tanh(x)", "tan(x)", "atanh(x)", "xlogy(x,x)", "log(-expm1(x))", "log(clip(x,1e-10,1))", "ndtri"),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry", "finding"), [pytest.param(e, f, id=f"{e['name']} {f['code']} {f['lo']}") for e, f in OPEN]
)
@pytest.mark.xfail(reason="see `open` in verdicts.json", strict=True)
def test_open(entry: Entry, finding: Entry, source: Path) -> None:
    assert any(is_it(entry, v, finding) for v in verdicts(report_of(entry, source)))


@pytest.mark.slow
@pytest.mark.parametrize("entry", ISLANDS, ids=[e["name"] for e in ISLANDS])
def test_far_islands_are_no_findings(entry: Entry, source: Path) -> None:
    """Far from 0, where islands are not told apart, nothing is found but inaccurate gradients."""
    far = [v for v in verdicts(report_of(entry, source)) if float(v[4]) <= ISLANDS_FROM]
    assert not [v for v in far if v[0] != "GC004"]


def is_it(entry: Entry, found: Verdict, finding: Entry) -> bool:
    """Whether a reported finding is the expected one."""
    code, kind, severity, lo, hi = found
    if (code, kind, severity) != (finding["code"], finding["kind"], finding["severity"]):
        return False
    if not finding.get("about"):
        return all(is_end(entry, code, end, finding[e]) for end, e in ((lo, "lo"), (hi, "hi")))
    overlaps = float(lo) <= float(finding["hi"]) and float(finding["lo"]) <= float(hi)
    return overlaps and is_within_reach(finding, float(lo)) and is_within_reach(finding, float(hi))


def is_within_reach(finding: Entry, x: float) -> bool:
    """Whether a number lies in a finding, or by half of it beside."""
    lo, hi = float(finding["lo"]), float(finding["hi"])
    return lo * (1.5 if lo < 0 else 1 / 1.5) <= x <= hi * (1.5 if hi > 0 else 1 / 1.5)


def is_end(entry: Entry, code: str, found: str, end: str) -> bool:
    """Whether two ends are the same; where the true output is the largest float, within the roundings of an output."""
    if found == end or code != "GC006":
        return found == end
    values = [value_at(entry, number(e)) for e in (found, end)]
    return all(v is not None and abs(abs(v) / LARGEST - 1) < 2 * ULPS * UNIT for v in values)


def is_as_today(found: Verdict, finding: Entry) -> bool:
    """Whether a finding is what is known to be wrong."""
    today = {**finding, **finding.get("open", {})}
    return "lo" in finding.get("open", {}) and found == tuple(
        today[k] for k in ("code", "kind", "severity", "lo", "hi")
    )


def islands(entry: Entry) -> Iterator[tuple[str, str]]:
    """The undefined numbers and stretches between -10 and 0 of a function for which the negative integers differ."""
    which = entry.get("islands")
    for i in range(-10, 0):
        if which == "outside" and i > ISLANDS_FROM:
            yield str(i), str(i)
        elif which == "inside":
            yield (
                text(floats(ordinal(str(i)) + 1)),
                "-1.17549435e-38" if i == -1 else text(floats(ordinal(str(i + 1)) - 1)),
            )


def joined(parts: list[tuple[float, float]]) -> list[list[str]]:
    """Stretches in order, adjacent ones as one; -0 and 0 are one number."""
    found: list[list[int]] = []
    for lo, hi in sorted((ordinal(text(lo)), ordinal(text(hi))) for lo, hi in parts):
        if found and lo <= found[-1][1] + 1:
            found[-1][1] = hi
        else:
            found.append([lo, hi])
    return [[text(floats(lo)), text(floats(hi))] for lo, hi in found]


# The table against mathematics.


@pytest.mark.parametrize("entry", ENTRIES, ids=[e["name"] for e in ENTRIES])
def test_reasons_hold(entry: Entry) -> None:
    """Each finding is of its kind, and what is outside is undefined: by mpmath alone."""
    for finding in entry["findings"]:
        for o in places(finding):
            if value_at(entry, exact(o)) is None:
                assert is_hole(finding, o) or finding["code"] == "GC008", (finding, text(floats(o)))
                continue
            CHECKS[finding["code"]](Place(entry, finding, o))
        assert finding["code"] != "GC003" or not is_let_pass(entry, finding), finding
    for lo, hi in [*entry.get("outside", []), *islands(entry)]:
        first, last = ordinal(lo), ordinal(hi)
        assert all(value_at(entry, exact(o)) is None for o in (first, (first + last) // 2, last)), (lo, hi)
        beside = [o for o in (first - 1, last + 1) if FIRST <= o <= LAST]
        assert all(value_at(entry, exact(o)) is not None for o in beside) or "islands" in entry, (lo, hi)


@pytest.mark.parametrize("entry", ENTRIES, ids=[e["name"] for e in ENTRIES])
def test_truths(entry: Entry, source: Path) -> None:
    """The expression for mpmath is the function that TensorFlow computes."""
    import tensorflow as tf

    function = functions_of(source)[f"row_{ENTRIES.index(entry)}"]
    places = [(x, value_at(entry, number(x))) for x in ("-3.3", "-0.4", "0.3", "0.9", "1.7")]
    inside = [(float(x), float(true)) for x, true in places if true is not None]
    assert inside
    for x, true in inside:
        computed = float(function(tf.constant(x)))
        assert (abs(computed) if entry.get("cut") else computed) == pytest.approx(true, rel=1e-5, abs=1e-6)


@dataclass(frozen=True)
class Place:
    """A point of a finding."""

    entry: Entry
    finding: Entry
    ordinal: int

    @property
    def value(self) -> Real:
        return value_at(self.entry, exact(self.ordinal), self.finding.get("branch"))

    @property
    def slopes(self) -> tuple[Real, ...]:
        return slopes_at(self.entry, exact(self.ordinal), self.finding.get("branch"))


def not_finite(place: Place) -> None:
    """The kind of a gradient that is not finite."""
    sides, kind = place.slopes, place.finding["kind"]
    if kind == "singular":
        assert not sides or abs(sides[0] - sides[-1]) > max(map(abs, sides)) / 2, "infinite, or a kink or a jump"
        return
    assert sides
    assert all(same(s, sides[0]) for s in sides), "there is a derivative"
    if kind == "numerical":
        assert abs(sides[0]) < LARGEST * (1 + UNIT / 2), "and float32 can hold it"
    else:
        assert abs(sides[0]) > LARGEST * (1 - 1.001 * TOLERANCE), "and float32 cannot hold it"


def vanished(place: Place) -> None:
    """A gradient of 0 is wrong, and not by a rounding."""
    if not place.finding.get("about"):
        assert is_wrong(place.entry, 0.0, place.ordinal)
        assert abs(place.slopes[0]) > SMALLEST


def is_let_pass(entry: Entry, finding: Entry) -> bool:
    """Whether the largest error of a stretch of zeros is a rounding of the usual slope."""
    losses = [max(map(abs, slopes_at(entry, exact(o))), default=mpf(0)) / ROUNDINGS / UNIT for o in places(finding)]
    return is_rounding(entry, max(losses))


def is_rounding(entry: Entry, loss: Real) -> bool:
    """Whether an error, in units of 512 roundings, is one of the usual slope's, and not much smaller."""
    usual = usual_slope(entry["truth"])
    return bool(LEAST * usual <= loss < usual)


def defined(place: Place) -> None:
    """There is a derivative."""
    assert place.slopes
    assert all(math.isfinite(float(s)) for s in place.slopes)


def representable(place: Place) -> None:
    """The output is a number that float32 can hold."""
    assert abs(place.value) < LARGEST * (1 + UNIT / 2)


def dependent(place: Place) -> None:
    """The output depends on the input."""
    assert value_at(place.entry, mpf(2)) != value_at(place.entry, mpf(3))


CHECKS: dict[str, Callable[[Place], None]] = {
    "GC001": not_finite,
    "GC002": not_finite,
    "GC003": vanished,
    "GC004": defined,
    "GC006": representable,
    "GC008": dependent,
}


def places(finding: Entry) -> list[int]:
    """The ends and the middle, by ordinals."""
    lo, hi = ordinal(finding["lo"]), ordinal(finding["hi"])
    return sorted({lo, lo + (hi - lo) // 4, (lo + hi) // 2, hi - (hi - lo) // 4, hi})


def is_hole(finding: Entry, o: int) -> bool:
    """Whether a point is 0, or flushed to it, in the middle of a finding."""
    return float(finding["lo"]) < 0 < float(finding["hi"]) and abs(floats(o)) < SMALLEST


# The table against TensorFlow.


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES, ids=[e["name"] for e in ENTRIES])
def test_claims(entry: Entry, source: Path) -> None:
    """TensorFlow's own values and gradients, judged with mpmath, are what the table says: at all ends, and anywhere."""
    if any(f["code"] == "GC008" for f in entry["findings"]):
        pytest.skip("no gradient")
    points = drawn(entry)
    outputs, gradients = run(functions_of(source)[f"row_{ENTRIES.index(entry)}"], points)
    wrong, lost = [], []
    for o, output, gradient in zip(points, outputs.tolist(), gradients.tolist(), strict=True):
        claimed, told = claims(entry, o, output, gradient), table_at(entry, o)
        odd = (claimed ^ told) - excused(entry, o)
        if odd:
            wrong.append(
                (text(floats(o)), output, gradient, sorted(claimed - told, key=str), sorted(told - claimed, key=str))
            )
        if odd and odd <= INACCURATE - told:
            lost.append(abs(mpf(gradient) - slopes_at(entry, exact(o))[0]) / ROUNDINGS / UNIT)
    if len(lost) == len(wrong) and lost and is_rounding(entry, max(lost)):
        return
    assert not wrong, f"{len(wrong)} of {len(points)}: (x, output, gradient, claimed, told) {wrong[:5]}"


def drawn(entry: Entry) -> list[int]:
    """Both sides of each end, and random floats; few where mpmath is slow."""
    rng = np.random.default_rng(0)
    count = 8 if "besselk" in entry["truth"] else 80
    ends = [ordinal(f[e]) + s for f in entry["findings"] for e in ("lo", "hi") for s in (-1, 0, 1)]
    ends += [ordinal(e) + s for part in entry.get("outside", []) for e in part for s in (-1, 0, 1)]
    even = rng.integers(FIRST, LAST + 1, count).tolist()
    reaches = (1, 10, 130, 3e4)
    near = [ordinal(str(x)) for reach in reaches for x in rng.uniform(-reach, reach, count).tolist()]
    lowest = ordinal(str(ISLANDS_FROM)) if "islands" in entry else FIRST
    return sorted({o for o in [*ends, *even, *near, -1, 0] if lowest < o <= LAST})


Claim: TypeAlias = tuple[str, str | None]
"""Code and kind."""


def claims(entry: Entry, o: int, output: float, gradient: float) -> set[Claim]:
    """What is wrong at one point, by mpmath and the formula of judging.py."""
    value = value_at(entry, exact(o))
    if value is None:
        return set()
    found: set[Claim] = set()
    if not math.isfinite(output) and abs(value) <= LARGEST:
        found.add(("GC006", "numerical"))
    if math.isfinite(gradient):
        if is_wrong(entry, gradient, o):
            found.add(("GC003" if gradient == 0 else "GC004", None))
        return found
    branch = next((f["branch"] for f in entry["findings"] if "branch" in f and o in around(f)), None)
    sides = slopes_at(entry, exact(o), branch)
    if not sides or not same(sides[0], sides[-1]):
        kind = "singular"
    else:
        kind = "numerical" if abs(sides[0]) < LARGEST * (1 + UNIT / 2 - TOLERANCE) else "overflow"
    found.add(("GC001" if math.isnan(gradient) else "GC002", kind))
    return found


def table_at(entry: Entry, o: int) -> set[Claim]:
    """What the table says at one point."""
    if value_at(entry, exact(o)) is None:
        return set()
    return {(f["code"], f["kind"]) for f in entry["findings"] if o in around(f)}


INACCURATE: set[Claim] = {("GC003", None), ("GC004", None)}


def excused(entry: Entry, o: int) -> set[Claim]:
    """What may be claimed or not: noise, and what lies within the roundings at the largest float."""
    value, sides = value_at(entry, exact(o)), slopes_at(entry, exact(o))
    found: set[Claim] = set()
    if value is not None and abs(abs(value) / LARGEST - 1) < 2 * ULPS * UNIT:
        found.add(("GC006", "numerical"))
    if sides and abs(abs(sides[0]) / LARGEST - 1) < 1.001 * TOLERANCE:
        found |= {(code, kind) for code in ("GC001", "GC002") for kind in ("numerical", "overflow")}
    if any(f.get("about") and is_within_reach(f, floats(o)) for f in entry["findings"]):
        found |= INACCURATE
    return found


def run(function: Callable[[Any], Any], ordinals: list[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A function and its gradient in blocks of a known size, under tf.function."""
    import tensorflow as tf

    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    assert len(ordinals) <= BLOCK
    padded = np.pad(np.array(ordinals), (0, BLOCK - len(ordinals)), mode="edge")
    bits = np.where(padded < 0, (-padded - 1) | 0x80000000, padded).astype(np.uint32).view(np.int32)
    concrete: Callable[..., Any] = tf.function(both).get_concrete_function(tf.TensorSpec([BLOCK], tf.float32))
    output, gradient = concrete(tf.bitcast(tf.constant(bits), tf.float32))
    return output.numpy()[: len(ordinals)], gradient.numpy()[: len(ordinals)]


@functools.cache
def functions_of(source: Path) -> dict[str, Callable[[Any], Any]]:
    """The functions of the rows."""
    found: dict[str, Callable[[Any], Any]] = {}
    exec(compile(source.read_text("utf-8"), str(source), "exec"), found)  # the file is written above
    return found


# Truth, by mpmath.

NAMES = """mpf sqrt exp log log1p expm1 sin cos tan asin acos atan atan2 asinh acosh atanh tanh re loggamma psi erf erfc
erfi erfinv besseli besselk polylog ei gammainc zeta pi nan"""
SPACE = {name: getattr(mpmath, name) for name in NAMES.split()}
SPACE["f32"] = lambda value: mpf(float(np.float32(value)))


def value_at(entry: Entry, x: Real, branch: str | None = None) -> Real | None:
    """The function, or None where it is undefined: an error, infinite, or complex."""
    return valued(branch or entry["truth"], x)


@functools.lru_cache(1 << 16)
def valued(truth: str, x: Real) -> Real | None:
    with mp.workdps(DIGITS):
        try:
            value = compiled(truth)(x)
        except (ValueError, ZeroDivisionError):
            return None
        return None if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value) else mpf(value)


@functools.cache
def compiled(truth: str) -> Callable[[Real], Real]:
    function: Callable[[Real], Real] = eval(f"lambda x: {truth}", dict(SPACE))  # an expression of verdicts.json
    return function


def slopes_at(entry: Entry, x: Real, branch: str | None = None) -> tuple[Real, ...]:
    """The derivatives to the right and to the left, as far as the function is defined there; () if one is infinite."""
    return slopes(branch or entry["truth"], x)


@functools.lru_cache(1 << 16)
def slopes(truth: str, x: Real) -> tuple[Real, ...]:
    """Difference quotients; one that a smaller step does not leave as it is has no limit."""
    with mp.workdps(DIGITS):
        here = valued(truth, x)
        step = (min(abs(x), 1) if x else mpf(10) ** -40) * mpf(10) ** (-DIGITS // 4)
        found = []
        for h in (step, -step):
            wide, narrow = (valued(truth, x + s) for s in (h, h * mpf(10) ** -10))
            if here is None or wide is None or narrow is None:
                continue
            quotients = (wide - here) / h, (narrow - here) / h * mpf(10) ** 10
            if not same(*quotients):
                return ()
            found.append(quotients[1])
        return tuple(found)


def same(a: Real, b: Real) -> bool:
    """Whether two slopes agree, or are both nothing."""
    return bool(abs(a - b) <= max(abs(a), abs(b)) * mpf(10) ** -6 + mpf(10) ** -60)


def is_wrong(entry: Entry, gradient: float, o: int) -> bool:
    """The formula of judging.py for one point; at an end of the domain, or where the slope is infinite, nothing is."""
    x = exact(o)
    value, sides = value_at(entry, x), slopes_at(entry, x)
    if value is None or len(sides) < 2:
        return False
    error = max(mpf(gradient) - max(sides), min(sides) - mpf(gradient))
    slack = TOLERANCE * max(map(abs, sides)) + FLOOR + ULPS * UNIT * abs(value) / max(1, abs(x))
    if error <= slack:
        return False
    for there in (max(o - ULPS, FIRST), min(o + ULPS, LAST)):
        near = slopes_at(entry, exact(there))
        if len(near) < 2 or not same(*near) or error <= slack + abs(near[0] - sides[0]):
            return False
    return True


@functools.cache
def usual_slope(truth: str) -> Real:
    """The median of the slopes at ordinary arguments."""
    sizes = [abs(s[0]) for s in (slopes(truth, mpf(x)) for x in (0, 0.5, -0.5, 1, -1, 2, -2)) if s]
    return sorted(sizes)[len(sizes) // 2] if sizes else mpf(0)


# Floats.


def float32(number: str) -> float:
    return float(np.float32(number))


def text(value: float) -> str:
    """As many digits as tell a float32 from its neighbours."""
    return f"{value:.9g}"


def ordinal(number: str) -> int:
    """Position of a float32 on the line of all: 0 is 0, -0 is -1, neighbours differ by 1."""
    bits = int(np.array(number, dtype=np.float32).view(np.int32))
    return -(bits & LAST_BITS) - 1 if bits < 0 else bits


LAST_BITS = 0x7FFFFFFF


def floats(o: int) -> float:
    """The float32 at an ordinal."""
    bits = np.array((-o - 1) | 0x80000000 if o < 0 else o, dtype=np.uint32)
    return float(bits.view(np.float32))


def exact(o: int) -> Real:
    """The number that TensorFlow takes the float at an ordinal for."""
    x = floats(o)
    return mpf(0) if abs(x) < SMALLEST else mpf(x)


def number(end: str) -> Real:
    """The number that TensorFlow takes a float32 for."""
    return exact(ordinal(end))
