"""The run, from the texts of targets to a report, on modules and models that the user wrote."""

import importlib
import math
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck import __version__, pipeline
from gradcheck.floats import FORMATS
from gradcheck.options import HoldOption, RangeOption, ScanOptions
from gradcheck.records import Class, Domain, Report, TargetReport

Write = Callable[[str, str], Path]

SOFTPLUS = """
    import tensorflow as tf

    # gradcheck: scan
    def my_softplus(z):
        return tf.math.log(tf.exp(z) + 1)

    @tf.custom_gradient
    def my_better_softplus(z):
        def gradient(upstream):
            return upstream / (1 + 1 / tf.exp(z))
        return tf.math.log(tf.exp(z) + 1), gradient

    # gradcheck: scan
    def where_softplus(z):
        return tf.where(z > 30, z, my_softplus(z))

    # gradcheck: scan
    def double_where_softplus(z):
        return tf.where(z > 30, z, my_softplus(tf.where(z > 30, tf.zeros_like(z), z)))
"""
FLOAT32 = FORMATS["float32"]
LARGEST = 3.4028235e38


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module into an importable working directory; it is forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def put(name: str, code: str) -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        importlib.invalidate_caches()
        return path

    yield put
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def scan(text: str, **options: Any) -> TargetReport:
    """The report of one target."""
    (report,) = pipeline.run((text,), ScanOptions(**options)).targets
    return report


def rows(report: TargetReport, sweep: int = 0) -> list[tuple[Any, ...]]:
    """Ends as decimals, the class of the output, and those of the gradients."""
    return [
        (r.fmt.text(r.lo), r.fmt.text(r.hi), r.forward, *r.gradients.values()) for r in report.sweeps[sweep].regions
    ]


def found(report: TargetReport) -> list[tuple[str, str, str]]:
    return [(f.code, f.severity, f.version) for f in report.findings]


FINITE, NAN, INF, VANISHED = Class.FINITE, Class.NAN, Class.INF, Class.VANISHED


BETTER = [("GC006", "warning", "custom"), ("GC001", "info", "autodiff"), ("GC003", "info", "autodiff")]
"""What is found of the softplus with a gradient of its own: training never runs the other one."""


@pytest.mark.slow
def test_my_softplus(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story.py:my_softplus")
    assert (report.status, report.versions, report.modes) == ("findings", ("autodiff",), ("graph",))
    assert rows(report) == [
        ("-3.4028235e+38", "87.33654", FINITE, FINITE),
        ("87.33655", "88.72283", FINITE, VANISHED),
        ("88.72284", "3.4028235e+38", INF, NAN),
    ]
    assert [r.floats for r in report.sweeps[0].regions][2] == 1_020_169_704
    assert {r.domain for r in report.sweeps[0].regions} == {Domain.INSIDE}
    assert found(report) == [
        ("GC001", "error", "autodiff"),
        ("GC003", "error", "autodiff"),
        ("GC006", "warning", "autodiff"),
    ]
    finding, vanished, overflow = report.findings
    assert (finding.wrt, finding.masked, finding.kind) == ("z", False, "numerical")
    assert (finding.fmt.text(finding.lo or 0), finding.fmt.text(finding.hi or 0)) == ("88.72284", "3.4028235e+38")
    assert finding.witness is not None
    assert dict(finding.witness.inputs) == {"z": 100.0}
    assert finding.witness.output == math.inf
    assert finding.witness.gradient is not None
    assert math.isnan(finding.witness.gradient)
    assert (finding.witness.true_output, finding.witness.true_gradient) == (100.0, 1.0)
    assert vanished.masked
    assert vanished.witness is not None
    assert (vanished.witness.gradient, vanished.witness.true_gradient) == (0.0, 1.0)
    assert (overflow.lo, overflow.hi) == (finding.lo, finding.hi)


@pytest.mark.slow
def test_the_causes_of_my_softplus_are_its_line_and_its_operations(write: Write) -> None:
    write("story.py", SOFTPLUS)
    finding, vanished, overflow = scan("story:my_softplus").findings
    for cause in (finding.cause, vanished.cause, overflow.cause):
        assert cause is not None
        assert (Path(cause.file or "").name, cause.line) == ("story.py", 6)
        assert cause.source == "return tf.math.log(tf.exp(z) + 1)"
    assert finding.cause is not None
    assert (finding.cause.op, finding.cause.forward_op) == ("Mul", "Exp")
    assert finding.cause.message == "exp(z) overflows to inf (story.py:6); its gradient is 0 * inf = NaN"
    assert vanished.cause is not None
    assert vanished.cause.forward_op == "Log"
    assert overflow.cause is not None
    assert overflow.cause.forward_op == "Exp"


@pytest.mark.slow
def test_my_better_softplus(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story:my_better_softplus")
    assert report.versions == ("autodiff", "custom")
    assert rows(report) == [
        ("-3.4028235e+38", "87.33654", FINITE, FINITE, FINITE),
        ("87.33655", "88.72283", FINITE, VANISHED, FINITE),
        ("88.72284", "3.4028235e+38", INF, NAN, FINITE),
    ]
    assert found(report) == BETTER


@pytest.mark.slow
def test_the_where_trap_and_its_cure(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story:where_softplus")
    assert rows(report)[-1] == ("88.72284", "3.4028235e+38", FINITE, NAN)
    assert found(report) == [("GC001", "error", "autodiff")], "where it has vanished, the other branch is taken"
    assert report.findings[0].masked
    assert report.findings[0].suggestion is not None
    assert "second tf.where" in report.findings[0].suggestion
    cured = scan("story:double_where_softplus")
    assert (cured.status, cured.findings, len(rows(cured))) == ("clean", (), 1)


@pytest.mark.slow
def test_one_beside_the_other(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story:my_softplus", against="story:my_better_softplus")
    assert report.versions == ("autodiff", "against")
    assert rows(report)[-1] == ("88.72284", "3.4028235e+38", INF, NAN, FINITE)
    assert [f[0] for f in found(report)] == ["GC001", "GC003", "GC006"]


@pytest.mark.slow
def test_two_runs_are_equal_and_the_seed_is_in_the_report(write: Write) -> None:
    write("story.py", "\n" + SOFTPLUS)  # AutoGraph remembers code by its lines, not by its file
    targets = ("story.py:my_softplus", "tensorflow.math:acos")
    first, second = (pipeline.run(targets, ScanOptions(seed=3)) for _ in range(2))
    assert repr(first) == repr(second)
    assert (first.seed, first.version) == (3, __version__)
    other = pipeline.run(targets, ScanOptions(seed=4))
    assert [rows(t) for t in other.targets] == [rows(t) for t in first.targets]
    evaluated = [[s.evaluated for t in report.targets for s in t.sweeps] for report in (first, other)]
    assert evaluated[0] != evaluated[1], "another seed draws other floats"


@pytest.mark.slow
def test_a_file_is_all_that_is_in_it(write: Write) -> None:
    write("story.py", SOFTPLUS)
    seen: list[str] = []
    report = pipeline.run(("story.py",), ScanOptions(dtype="float16"), seen.append)
    names = ["my_softplus", "my_better_softplus", "where_softplus", "double_where_softplus"]
    assert [t.target for t in report.targets] == [f"story.py:{name}" for name in names]
    assert seen == ["story.py", *(f"story.py:{name}" for name in names)]


@pytest.mark.slow
def test_a_function_of_tensorflow() -> None:
    report = scan("tensorflow.math:acos")
    assert rows(report) == [
        ("-3.4028235e+38", "-1.0000001", NAN, NAN),
        ("-1", "-1", FINITE, Class.NEGATIVE_INF),
        ("-0.99999994", "0.99999994", FINITE, FINITE),
        ("1", "1", FINITE, Class.NEGATIVE_INF),
        ("1.0000001", "3.4028235e+38", NAN, NAN),
    ]


@pytest.mark.slow
def test_what_goes_wrong_with_one_target_does_not_stop_the_others(write: Write) -> None:
    write("story.py", SOFTPLUS)
    write("broken.py", "raise SystemExit('no')")
    write("bad.py", "import sys\n\ndef raises(x):\n    raise ValueError('boom')\n\ndef leaves(x):\n    sys.exit(3)\n")
    texts = ("broken.py", "nowhere:f", "bad:raises", "story:my_softplus", "bad:leaves", "tensorflow.math:acosh")
    report = pipeline.run(texts, ScanOptions(dtype="float16"))
    assert [t.target for t in report.targets] == list(texts)
    codes = [t.error.code if t.error else t.status for t in report.targets]
    assert codes == ["GC901", "GC901", "GC903", "findings", "GC903", "findings"]


BAD = """
    import numpy as np
    import tensorflow as tf

    def raises(x):
        raise ValueError("boom")

    def text(x):
        return "text"

    def nothing(x):
        return None

    def ints(x):
        return tf.cast(x, tf.int32)

    def no_input():
        return tf.constant(1.0)

    def counted(x, n: int):
        return x * n

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def of_ints(n):
        return tf.cast(n, tf.float32)

    def total(x):
        return tf.reduce_sum(x)

    def running(x):
        return tf.cumsum(x)

    def softmax(x):
        return tf.nn.softmax(x)

    def centred(x):
        return x - tf.reduce_mean(x)

    def backwards(x):
        return tf.reverse(x, [0])

    def relative(x):
        return x / tf.reduce_max(x)

    def noisy(x):
        return x + tf.random.normal(tf.shape(x))

    def noisy_total(x):
        return tf.reduce_sum(x * tf.random.normal([3]))

    def refuses(x):
        return tf.debugging.check_numerics(tf.exp(x), "too large")

    class Loss:
        def __call__(self, x):
            return x

    def healthy(x):
        return x * 1.5
"""


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("nowhere:f", "GC901", "nowhere: no module named 'nowhere'"),
        ("nowhere.py:f", "GC901", "nowhere.py:f: no such file"),
        ("notes.txt", "GC901", "notes.txt: is neither a .py file nor a SavedModel directory"),
        ("raising.py", "GC901", "raising.py: importing it raised ValueError: boom (raising.py:1)"),
        ("exiting:f", "GC901", "exiting: importing it raised SystemExit: bye (exiting.py:2)"),
        ("syntax.py:f", "GC901", "syntax.py: not valid Python"),
        ("bad:raise", "GC902", "bad:raise: bad has no 'raise'; did you mean raises?"),
        ("bad:Loss", "GC902", "bad:Loss: Loss is a class"),
        ("bad:np", "GC902", "bad:np: np is a module, not a function"),
        ("bad.py", "GC902", "bad.py: nothing to scan in it"),
        ("bad:raises", "GC903", "bad:raises: while being traced it raised ValueError: boom (bad.py:6)"),
        ("bad:text", "GC903", "bad:text: it returns string"),
        ("bad:nothing", "GC903", "bad:nothing: it returns no tensor"),
        ("bad:ints", "GC903", "bad:ints: it returns int32"),
        ("bad:noisy", "GC903", "bad:noisy: two runs of one input differ"),
        ("bad:refuses", "GC903", "bad:refuses: it raised for some x in [-3"),
        ("empty", "GC906", "empty: the directory holds no saved_model.pb"),
        ("damaged", "GC906", "damaged: cannot be loaded as a SavedModel"),
        ("bad:no_input", "GC908", "bad:no_input: no input to sweep"),
        ("bad:counted", "GC903", "bad:counted: while being traced it raised TypeError"),
        ("bad:of_ints", "GC908", "bad:of_ints: no float input: n is int32"),
        ("model.keras", "GC901", "model.keras: no such file"),
    ],
)
def test_every_bad_target_has_a_code_and_a_line(
    write: Write, tmp_path: Path, target: str, code: str, words: str
) -> None:
    write("bad.py", BAD)
    write("notes.txt", "def f(x): return x")
    write("raising.py", "raise ValueError('boom')")
    write("exiting.py", "import sys\nsys.exit('bye')")
    write("syntax.py", "def f(:")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"\xff" * 50)
    report = scan(target)
    assert (report.status, report.target) == ("error", target)
    assert report.error is not None
    assert (report.error.code, report.error.message[: len(words)]) == (code, words)
    assert report.error.message.isprintable()
    assert (report.sweeps, report.findings) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("total", "clean"),
        ("running", "clean"),
        ("softmax", "clean"),
        ("centred", "findings"),
        ("backwards", "clean"),
        ("relative", "findings"),
    ],
)
def test_what_is_not_elementwise_is_searched(write: Write, name: str, status: str) -> None:
    write("bad.py", BAD)
    report = scan(f"bad:{name}")
    assert (report.error, report.status, report.sweeps) == (None, status, ())
    assert report.search is not None
    assert all(f.tensor is not None for f in report.findings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ranges": (RangeOption("y", "0", "1"),)}, "--range y=...: no input 'y'; it has: x"),
        ({"ranges": (RangeOption(None, "0", "1e40"),)}, "float32 cannot hold 1e40"),
        ({"holds": (HoldOption("y", "1"),)}, "--hold y=...: no input 'y'; it has: x"),
        ({"against": "tensorflow.math:xlogy"}, "--against tensorflow.math:xlogy: takes 2 inputs, and bad:healthy 1"),
    ],
)
def test_options_that_do_not_fit_the_target(write: Write, options: dict[str, Any], words: str) -> None:
    write("bad.py", BAD)
    report = scan("bad:healthy", **options)
    assert report.error is not None
    assert report.error.code == "GC907"
    assert words in report.error.message


def test_a_dtype_that_contradicts_the_declared_one(write: Write) -> None:
    write("declared.py", "import tensorflow as tf\nf = tf.function(tf.exp, input_signature=[tf.TensorSpec([None])])\n")
    report = scan("declared:f", dtype="float64")
    assert report.error is not None
    assert report.error.code == "GC907"


@pytest.mark.parametrize(
    ("against", "code"), [("nowhere:f", "GC901"), ("bad:nowhere", "GC902"), ("bad:raises", "GC903")]
)
def test_a_bad_target_to_set_it_against(write: Write, against: str, code: str) -> None:
    write("bad.py", BAD)
    report = scan("bad:healthy", against=against)
    assert report.error is not None
    assert report.error.code == code
    assert against.partition(":")[0] in report.error.message


@pytest.mark.parametrize(
    ("dtype", "floats", "last", "first"),
    [("float16", 63488, "11.086", "11.09"), ("bfloat16", 65280, "88.5", "89")],
)
def test_sixteen_bit_dtypes_are_run_exhaustively(dtype: str, floats: int, last: str, first: str) -> None:
    report = scan("tensorflow:exp", dtype=dtype)
    (sweep,) = report.sweeps
    assert sweep.exhaustive
    assert (sweep.evaluated, sweep.plan.floats) == (floats, floats)
    fmt = FORMATS[dtype]
    assert rows(report) == [
        (fmt.text(fmt.min_ordinal), last, FINITE, FINITE),
        (first, fmt.text(fmt.max_ordinal), INF, INF),
    ]


@pytest.mark.slow
def test_exhaustive_regions_are_those_of_every_single_float(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story:my_softplus", dtype="float16")
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    x = tf.constant(every[np.isfinite(every)])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.log(tf.exp(x) + 1)
    bad = np.isnan(tape.gradient(y, x).numpy())
    nans = [r for r in report.sweeps[0].regions if r.gradients["autodiff"] is NAN]
    assert sum(r.floats for r in nans) == bad.sum() > 0
    assert float(nans[0].fmt.decode(np.array([nans[0].lo]))[0]) == float(x.numpy()[bad].min())


@pytest.mark.slow
def test_float64() -> None:
    report = scan("tensorflow:exp", dtype="float64")
    assert rows(report) == [
        ("-1.7976931348623157e+308", "709.782712893384", FINITE, FINITE),
        ("709.7827128933841", "1.7976931348623157e+308", INF, INF),
    ]
    assert not report.sweeps[0].exhaustive


@pytest.mark.slow
def test_a_range_restricts_the_sweep(write: Write) -> None:
    write("story.py", SOFTPLUS)
    report = scan("story:my_softplus", ranges=(RangeOption(None, "-1", "88"),))
    assert rows(report) == [("-1", "87.33654", FINITE, FINITE), ("87.33655", "88", FINITE, VANISHED)]
    assert scan("story:my_softplus", ranges=(RangeOption(None, "-1", "87"),)).status == "clean"
    report = scan("story:my_softplus", ranges=(RangeOption("z", "88", "89"), RangeOption("z", "0", "1")))
    assert [row[:2] for row in rows(report)] == [("0", "1"), ("88", "88.72283"), ("88.72284", "89")]
    assert [row[3] for row in rows(report)] == [FINITE, VANISHED, NAN]
    (sweep,) = report.sweeps
    assert sweep.plan.floats == sum(r.floats for r in sweep.regions)


@pytest.mark.slow
def test_what_raises_outside_of_the_range_can_be_scanned(write: Write) -> None:
    write("bad.py", BAD)
    assert scan("bad:refuses", ranges=(RangeOption(None, "-10", "10"),)).status == "clean"


@pytest.mark.slow
def test_several_inputs_are_swept_in_turn_and_the_others_held(write: Write) -> None:
    write("several.py", "def ratio(x, y):\n    return x / (y - 3.0)\n")
    report = scan("several:ratio", ranges=(RangeOption(None, "-8", "8"),))
    assert [s.input.name for s in report.sweeps] == ["x", "y"]
    assert rows(report, 0) == [("-8", "8", FINITE, FINITE)]
    at_three = [r for r in rows(report, 1) if r[0] == r[1] == "3"]
    assert at_three == [("3", "3", INF, Class.NEGATIVE_INF)]
    held = scan("several:ratio", ranges=(RangeOption(None, "-8", "8"),), holds=(HoldOption("y", "3"),))
    assert {row[3] for row in rows(held, 0)} == {INF}
    assert {r.domain for r in held.sweeps[0].regions} == {Domain.OUTSIDE}, "x / 0 is not defined, so it is no finding"
    assert [f.wrt for f in held.findings] == []


@pytest.mark.slow
def test_a_witness_tells_where_the_other_input_was_held(write: Write) -> None:
    write("several.py", "import tensorflow as tf\n\ndef soft(x, y):\n    return tf.math.log(tf.exp(x) + y)\n")
    report = scan("several:soft", ranges=(RangeOption("x", "80", "100"),), holds=(HoldOption("y", "3"),))
    finding = next(f for f in report.findings if f.wrt == "x")
    assert finding.witness is not None
    assert dict(finding.witness.inputs) == {"x": 100.0, "y": 3.0}
    assert finding.witness.true_gradient == pytest.approx(1.0)


@pytest.mark.slow
def test_control_flow_that_depends_on_the_value(write: Write) -> None:
    code = """
        import tensorflow as tf

        def f(x):
            if x > 50.0:
                return tf.exp(x)
            return x
    """
    write("branching.py", code)
    report = scan("branching:f", ranges=(RangeOption(None, "-100", "100"),))
    assert rows(report) == [("-100", "88.72283", FINITE, FINITE), ("88.72284", "100", INF, INF)]


def save(directory: Path, custom_gradients: bool) -> None:
    module = tf.Module()

    @tf.custom_gradient
    def better(z: Any) -> Any:
        return tf.math.log(tf.exp(z) + 1), lambda dy: dy / (1 + 1 / tf.exp(z))

    module.softplus = tf.function(better, input_signature=[tf.TensorSpec([None], tf.float32, name="z")])
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=custom_gradients)
    tf.saved_model.save(module, str(directory), signatures={"softplus": module.softplus}, options=options)


@pytest.mark.slow
def test_a_saved_model_shows_the_same_columns(write: Write, tmp_path: Path) -> None:
    save(tmp_path / "model", custom_gradients=True)
    for text in ("model", "model:softplus"):
        report = scan(text)
        assert (report.target, report.versions, report.notes) == (text, ("autodiff", "custom"), ())
        assert rows(report)[-1] == ("88.72284", "3.4028235e+38", INF, NAN, FINITE)
        assert found(report) == BETTER


@pytest.mark.slow
def test_a_saved_model_without_its_custom_gradient(write: Write, tmp_path: Path) -> None:
    save(tmp_path / "model", custom_gradients=False)
    report = scan("model")
    assert report.versions == ("autodiff",)
    assert rows(report)[-1] == ("88.72284", "3.4028235e+38", INF, NAN)
    assert found(report) == [
        ("GC001", "error", "autodiff"),
        ("GC003", "error", "autodiff"),
        ("GC006", "warning", "autodiff"),
    ]
    assert any("was not saved with it" in note for note in report.notes)


def test_a_saved_model_with_a_stop_in_it(write: Write, tmp_path: Path) -> None:
    module = tf.Module()
    module.stopped = tf.function(lambda x: tf.stop_gradient(x), input_signature=[tf.TensorSpec([None], tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"stopped": module.stopped})
    report = scan("model")
    assert report.error is None
    assert [f[0] for f in found(report)] == ["GC008"]


DISCONNECTED = """
    import tensorflow as tf

    def rounded(x):
        return tf.round(x)

    def constant(x):
        return tf.zeros_like(x)

    def undefined(x):
        return tf.round(x) * float("nan")

    def frozen(x):
        return tf.stop_gradient(tf.exp(x))

    def without_gradient(x):
        return tf.raw_ops.PreventGradient(input=x * 2.0, message="no way")

    def stable(x):
        return tf.reduce_logsumexp(tf.stack([x, -x]), axis=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("rounded", [("GC008", "warning", "autodiff")], "no operation on the way has a gradient"),
        ("constant", [], ""),
        ("undefined", [], ""),
        ("frozen", [("GC008", "info", "autodiff")], "stopped on purpose by tf.stop_gradient (disconnected.py:14)"),
        ("without_gradient", [("GC009", "error", "autodiff")], "raises LookupError"),
        ("stable", [], ""),
    ],
)
def test_gradients_that_are_not_there(
    write: Write, name: str, expected: list[tuple[str, str, str]], words: str
) -> None:
    write("disconnected.py", DISCONNECTED)
    report = scan(f"disconnected:{name}", ranges=(RangeOption(None, "-80", "80"),))
    assert report.error is None
    assert found(report) == expected
    assert all(words in finding.message for finding in report.findings)


def test_the_environment_and_an_empty_run() -> None:
    report = pipeline.run((), ScanOptions())
    assert isinstance(report, Report)
    assert report.targets == ()
    assert report.environment.tensorflow == tf.__version__
    assert report.environment.python == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.slow
def test_tensorflow_is_not_imported_for_a_target_that_cannot_be(write: Write, tmp_path: Path) -> None:
    write("broken.py", "raise ValueError('boom')")
    code = """
import sys
from gradcheck import pipeline
from gradcheck.options import ScanOptions
report = pipeline.run(("broken.py", "nowhere:f", "nowhere.py:f", "no/model"), ScanOptions())
assert [t.error.code for t in report.targets] == ["GC901"] * 4
assert report.environment.tensorflow[0].isdigit()
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
