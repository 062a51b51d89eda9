"""The real command on the samples and on bad input: what it prints where, and its exit status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "gradcheck" / "renderers" / "report.schema.json").read_text(encoding="utf-8"))


def gradcheck(
    *arguments: str, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    uncached = ["--no-cache"] if arguments[:1] == ("scan",) and len(arguments) > 1 else []
    return subprocess.run(
        [sys.executable, "-m", "gradcheck", *arguments, *uncached],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def one_line_error(run: subprocess.CompletedProcess[str], code: str) -> str:
    """The run ended with status 2, printed nothing but one line with `code`, and no traceback."""
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""
    assert re.fullmatch(rf"gradcheck: {code} [^\n]+\n", run.stderr), run.stderr
    return run.stderr


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One scan of all samples, as JSON and as a table."""
    directory = tmp_path_factory.mktemp("reports")
    files = [f"samples/{name}.py" for name in ("softplus", "blocking", "losses")]
    outputs = [str(directory / "report.json"), str(directory / "report.txt")]
    run = gradcheck("scan", *files, "--output", outputs[0], "--output", outputs[1], "--format", "json")
    return run, json.loads(Path(outputs[0]).read_text()), Path(outputs[1]).read_text(encoding="utf-8")


def target(report: Any, name: str) -> Any:
    (found,) = (t for t in report["targets"] if t["target"].endswith(":" + name))
    return found


@pytest.mark.slow
def test_json_goes_to_standard_output_and_nothing_to_standard_error(everything: Any) -> None:
    run, report, _ = everything
    assert run.returncode == 1
    assert json.loads(run.stdout) == report
    assert run.stderr == ""


@pytest.mark.slow
def test_the_report_fits_the_shipped_schema(everything: Any) -> None:
    _, report, _ = everything
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)


@pytest.mark.slow
def test_all_samples_are_discovered(everything: Any) -> None:
    _, report, _ = everything
    assert [t["target"].split(":")[1] for t in report["targets"]] == [
        *("my_softplus", "my_better_softplus", "where_softplus", "double_where_softplus", "library_softplus"),
        *("frozen", "straight_through"),
        *("cross_entropy", "cross_entropy_cured", "focal", "focal_cured", "distance", "distance_cured"),
        *("log_cosh", "log_cosh_cured", "angle", "angle_cured"),
    ]


@pytest.mark.slow
def test_my_softplus_is_nan_from_88_72284_up(everything: Any) -> None:
    _, report, _ = everything
    low, lost, high = target(report, "my_softplus")["regions"]
    assert (low["hi"], low["forward"], low["autodiff"]) == (87.33654, "finite", "finite")
    assert (lost["lo"], lost["hi"], lost["forward"], lost["autodiff"]) == (87.33655, 88.72283, "finite", "vanished")
    assert (high["lo"], high["hi"], high["forward"], high["autodiff"]) == (88.72284, 3.4028235e38, "inf", "nan")
    assert (high["lo_hex"], high["floats"]) == ("0x1.62e430p+6", 1020169704)
    finding, vanished, overflow = target(report, "my_softplus")["findings"]
    assert (finding["code"], finding["severity"], finding["masked"]) == ("GC001", "error", False)
    assert finding["kind"] == "numerical"
    assert finding["witness"]["inputs"] == {"z": 100}
    assert (finding["witness"]["true_output"], finding["witness"]["true_gradient"]) == (100, 1)
    assert finding["cause"]["source"] == "return tf.math.log(tf.exp(z) + 1)"
    assert (vanished["code"], vanished["severity"], vanished["masked"]) == ("GC003", "error", True)
    assert (overflow["code"], overflow["severity"]) == ("GC006", "warning")
    assert target(report, "my_softplus")["truth"]["method"] == "rigorous"


@pytest.mark.slow
def test_my_better_softplus_has_both_columns(everything: Any) -> None:
    _, report, _ = everything
    found = target(report, "my_better_softplus")
    assert found["versions"] == ["autodiff", "custom"]
    columns = [("finite", "finite"), ("vanished", "finite"), ("nan", "finite")]
    assert [(r["autodiff"], r["custom"]) for r in found["regions"]] == columns
    found = [(f["code"], f["severity"], f["version"]) for f in found["findings"]]
    assert found == [("GC006", "warning", "custom"), ("GC001", "info", "autodiff"), ("GC003", "info", "autodiff")]


@pytest.mark.slow
def test_the_where_trap_is_masked_and_the_double_where_is_clean(everything: Any) -> None:
    _, report, _ = everything
    (finding,) = target(report, "where_softplus")["findings"]
    assert finding["masked"]
    assert (finding["lo"], finding["hi"]) == (88.72284, 3.4028235e38)
    assert target(report, "double_where_softplus")["status"] == "clean"


@pytest.mark.slow
@pytest.mark.parametrize("disease", ["cross_entropy", "focal", "distance", "log_cosh", "angle"])
def test_every_loss_has_its_disease_and_its_cure(everything: Any, disease: str) -> None:
    _, report, _ = everything
    assert "error" in [f["severity"] for f in target(report, disease)["findings"]]
    cured = target(report, f"{disease}_cured")["findings"]
    assert cured == []


@pytest.mark.slow
def test_a_stopped_gradient_is_said_and_held_against_nobody(everything: Any) -> None:
    _, report, table = everything
    source = (ROOT / "samples" / "blocking.py").read_text().splitlines()
    lines = [i for i, text in enumerate(source, 1) if "tf.stop_gradient(" in text]
    (finding,) = target(report, "frozen")["findings"]
    assert (finding["code"], finding["severity"]) == ("GC008", "info")
    assert f"tf.stop_gradient (blocking.py:{lines[0]})" in finding["message"]
    assert target(report, "straight_through")["status"] == "clean"
    assert f"blocking.py:{lines[1]}" in target(report, "straight_through")["notes"][0]
    assert "on purpose" in table


@pytest.mark.slow
def test_the_docstrings_of_the_samples_name_ends_that_are_there(everything: Any) -> None:
    _, report, _ = everything
    ends = {str(r[end]) for t in report["targets"] for r in t["regions"] for end in ("lo", "hi")}
    said = {
        number
        for name in ("softplus", "losses")
        for number in re.findall(r"-?\d+\.\d{4,}", (ROOT / "samples" / f"{name}.py").read_text())
        if number not in ("3.4028235", "0.6931471805599453")  # the latter is log(2), in code
    }
    assert said
    assert said <= ends


@pytest.mark.slow
def test_the_table_fits_80_columns_and_a_clean_target_takes_one_line(everything: Any) -> None:
    _, report, table = everything
    lines = table.splitlines()
    clean = [line for line in lines if "  clean  " in line]
    assert len(clean) == len([t for t in report["targets"] if t["status"] == "clean"]) >= 6
    code = " " * 14  # what is suggested keeps its lines
    assert not [line for line in lines if len(line) > 80 and not line.startswith(code)]
    assert "\x1b" not in table


@pytest.mark.slow
def test_two_runs_print_the_same_bytes() -> None:
    runs = [gradcheck("scan", "tensorflow.math:acos", "--format", "json", "--seed", "3").stdout for _ in range(2)]
    assert runs[0] == runs[1]
    report = json.loads(runs[0])
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert [(r["lo"], r["autodiff"]) for r in report["targets"][0]["regions"]] == [
        *((-3.4028235e38, "nan"), (-1, "-inf"), (-0.99999994, "finite"), (1, "-inf"), (1.0000001, "nan")),
    ]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sample's SavedModel in both forms."""
    directory = tmp_path_factory.mktemp("models")
    script = [sys.executable, "-m", "samples.export_saved_model"]
    subprocess.run([*script, str(directory / "kept")], cwd=ROOT, check=True, capture_output=True)
    lose = [*script, str(directory / "lost"), "--without-custom-gradient"]
    subprocess.run(lose, cwd=ROOT, check=True, capture_output=True)
    return directory


@pytest.mark.slow
def test_the_exported_saved_model_shows_both_columns_or_says_why_not(models: Path) -> None:
    run = gradcheck("scan", "kept", "lost:serving_default", "--format", "json", cwd=models)
    kept, lost = json.loads(run.stdout)["targets"]
    assert kept["versions"] == ["autodiff", "custom"]
    assert [(r["lo"], r["forward"], r["autodiff"], r["custom"]) for r in kept["regions"]][2] == (
        *(88.72284, "inf", "nan"),
        "finite",
    )
    assert lost["versions"] == ["autodiff"]
    assert "not saved" in lost["notes"][0]


@pytest.mark.slow
def test_against_is_a_third_column() -> None:
    run = gradcheck(
        *("scan", "samples.softplus:my_softplus", "--against", "samples.softplus:my_better_softplus"),
        *("--range", "80:100"),
    )
    assert run.returncode == 1
    (row,) = (line for line in run.stdout.splitlines() if line.split()[:1] == ["88.72284"])
    assert row.split()[-3:] == ["inf", "nan", "finite"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--range", "1"], "write [NAME=]LO:HI"),
        (["--range", "z=2:1"], "z=1:2"),
        pytest.param(["--range", "zz=0:1"], "did you mean z?", marks=pytest.mark.slow),
        (["--hold", "z"], "write NAME=VALUE"),
        (["--dtype", "float31"], "float32"),
        (["--format", "xml"], "table, json"),
        (["--output", "report.pdf"], ".json"),
        (["--output", "nowhere/report.json"], "nowhere"),
        (["--fail-on", "never"], "error"),
        (["--seed", "x"], "--seed"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_bad_option_is_one_line_that_says_what_to_write(arguments: list[str], says: str) -> None:
    assert says in one_line_error(gradcheck("scan", "samples.softplus:my_softplus", *arguments), "GC907")


BAD_MODULE = """
import tensorflow as tf
def raises(x): raise ValueError("no,\\nnever")
def text(x): return "text"
def nothing(): return tf.constant(1.0)
def whole(n: int): return tf.cast(n, tf.float32)
def sparse(x: tf.SparseTensor): return tf.sparse.reduce_sum(x)
value = 3
"""


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bad")
    (directory / "bad.py").write_text(BAD_MODULE)
    (directory / "boom.py").write_text("print('hello')\nraise RuntimeError('on import')\n")
    (directory / "prose.py").write_text("This is not Python.\n")
    (directory / "prose.txt").write_text("This is not Python.\n")
    (directory / "empty").mkdir()
    return directory


BAD_TARGETS = [
    ("nosuch.module:f", "GC901", "no module named 'nosuch'"),
    ("boom.py:f", "GC901", "RuntimeError: on import (boom.py:2)"),
    ("prose.py:f", "GC901", "prose.py:1"),
    ("prose.txt", "GC901", "neither a .py file nor a SavedModel"),
    ("bad:raise", "GC902", "did you mean raises?"),
    ("bad:value", "GC902", "is a int, not a function"),
    ("bad.py", "GC902", "nothing to scan"),
    ("bad:raises", "GC903", "ValueError: no, never (bad.py:3)"),
    ("bad:text", "GC903", "str"),
    ("empty", "GC906", "holds no saved_model.pb"),
    ("bad:nothing", "GC908", "no argument without a default"),
    ("bad:whole", "GC908", "no float input: n is int32"),
    ("bad:sparse", "GC909", "SparseTensor"),
    ("model.keras", "GC901", "model.keras: no such file"),
]


@pytest.mark.slow
def test_bad_targets_each_have_a_code_one_line_and_no_traceback(bad: Path) -> None:
    run = gradcheck("scan", *(t for t, _, _ in BAD_TARGETS), "--format", "json", cwd=bad)
    assert run.returncode == 2
    report = json.loads(run.stdout)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert [t["error"]["code"] for t in report["targets"]] == [code for _, code, _ in BAD_TARGETS]
    lines = run.stderr.splitlines()
    assert lines[0] == "hello"  # the target's own words stay off standard output
    assert len(lines) == len(BAD_TARGETS) + 1
    for line, (_, code, says) in zip(lines[1:], BAD_TARGETS, strict=True):
        assert line.startswith(f"gradcheck: {code} ")
        assert says in line


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nosuch.module:f", "GC901"),
        ("empty", "GC906"),
        pytest.param("bad:text", "GC903", marks=pytest.mark.slow),
    ],
)
def test_a_bad_target_alone_prints_one_line(bad: Path, name: str, code: str) -> None:
    one_line_error(gradcheck("scan", name, cwd=bad), code)


@pytest.mark.slow
def test_an_unknown_signature_names_the_known_ones(models: Path) -> None:
    assert "serving_default" in one_line_error(gradcheck("scan", "kept:serving", cwd=models), "GC902")


@pytest.mark.slow
def test_fail_on_lowers_the_bar() -> None:
    assert gradcheck("scan", "samples.softplus:my_better_softplus", "--fail-on", "info").returncode == 1


@pytest.mark.slow
def test_the_tolerance_is_that_which_is_asked_for(tmp_path: Path) -> None:
    """1 - cos(x) loses its digits near 0."""
    (tmp_path / "bumps.py").write_text("import tensorflow as tf\n\ndef bump(x):\n    return (1.0 - tf.cos(x)) / x\n")
    arguments = ("scan", "bumps:bump", "--range", "0.001:0.5", "--format", "json", "--tolerance")
    classes = []
    for tolerance in ("1e-3", "0.5"):
        (report,) = json.loads(gradcheck(*arguments, tolerance, cwd=tmp_path).stdout)["targets"]
        classes.append({r["autodiff"] for r in report["regions"]})
    assert "inaccurate" in classes[0]
    assert classes[1] == {"finite"}


@pytest.mark.parametrize("tolerance", ["x", "-1", "1", "inf"])
def test_a_tolerance_is_a_relative_error(tolerance: str) -> None:
    one_line_error(gradcheck("scan", "samples.softplus:my_softplus", "--tolerance", tolerance), "GC907")


CHAIN_SCHEMA = json.loads((ROOT / "gradcheck" / "renderers" / "chain.schema.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_explain_shows_where_the_gradient_goes_bad() -> None:
    run = gradcheck("explain", "samples.softplus:where_softplus", "--at", "z=100")
    assert run.returncode == 1
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "samples.softplus:where_softplus  at z = 100: the autodiff gradient is nan"
    (guilty,) = (line for line in lines if line.lstrip().startswith("▶"))
    assert guilty.split()[1:3] == ["exp(z)", "inf"]
    assert "  gradient nan (true 1)" in lines
    assert "second tf.where" in " ".join(run.stdout.split())
    run = gradcheck("explain", "samples.softplus:where_softplus", "--at", "z=1", "--format", "json")
    assert run.returncode == 0
    jsonschema.validate(json.loads(run.stdout), CHAIN_SCHEMA, cls=jsonschema.Draft202012Validator)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "at", "status", "version", "verdict", "op"),
    [
        ("my_softplus", "1", 0, "autodiff", "finite", None),
        ("my_softplus", "88", 1, "autodiff", "vanished", "Reciprocal"),
        ("my_softplus", "100", 1, "autodiff", "nan", "Mul"),
        ("my_better_softplus", "100", 0, "custom", "finite", None),
    ],
)
def test_explain_as_json_fits_its_schema(
    *, name: str, at: str, status: int, version: str, verdict: str, op: str | None
) -> None:
    run = gradcheck("explain", f"samples.softplus:{name}", "--at", at, "--format", "json")
    assert run.returncode == status
    found = json.loads(run.stdout)
    jsonschema.validate(found, CHAIN_SCHEMA, cls=jsonschema.Draft202012Validator)
    assert (found["version"], found["verdict"], found["inputs"]) == (version, verdict, {"z": float(at)})
    assert (found["cause"] or {}).get("op") == op


@pytest.mark.slow
def test_explain_takes_the_version_that_is_asked_for() -> None:
    run = gradcheck("explain", "samples.softplus:my_better_softplus", "--at", "100", "--gradient", "autodiff")
    assert run.returncode == 1
    assert "the autodiff gradient is nan" in run.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nosuch:f", "--at", "1"], "GC901", "nosuch"),
        (["samples.softplus:my_softplus"], "GC907", "--at [NAME=]VALUE"),
        (["samples.softplus:my_softplus", "--at", "zz=1"], "GC907", "did you mean z?"),
        (["samples.softplus:my_softplus", "--at", "z=x"], "GC907", "[NAME=]VALUE"),
        (["samples.softplus:my_softplus", "--at", "@nowhere.npy"], "GC907", "nowhere.npy"),
        (["samples.softplus:my_softplus", "--at", "1", "--gradient", "custom"], "GC907", "it has: autodiff"),
        (["samples.softplus:my_softplus", "--at", "1", "--wrt", "y"], "GC907", "it has: z"),
        (["samples.softplus:my_softplus", "--at", "1", "--format", "xml"], "GC907", "table, json"),
        (["samples.softplus:my_softplus"], "GC907", "--at"),
    ],
)
def test_what_explain_cannot_do_is_one_line(arguments: list[str], code: str, says: str) -> None:
    assert says in one_line_error(gradcheck("explain", *arguments), code)


@pytest.mark.slow
def test_an_ascii_terminal_gets_ascii() -> None:
    environment = {"PYTHONIOENCODING": "ascii"}
    run = gradcheck("scan", "samples.softplus:my_softplus", "--dtype", "float16", environment=environment)
    assert run.returncode == 1
    assert run.stdout.isascii()
    assert "####" in run.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["--version"], ["scan", "nosuch:f"]])
def test_no_tensorflow_is_imported_without_need(tmp_path: Path, arguments: list[str]) -> None:
    assert not tensorflow_was_imported(tmp_path, arguments)


def test_the_test_above_can_fail(tmp_path: Path) -> None:
    assert tensorflow_was_imported(tmp_path, ["scan", "tensorflow.math:acos"])


def tensorflow_was_imported(place: Path, arguments: list[str]) -> bool:
    """Whether the command or a worker of it asks for TensorFlow; what it gets is a package that leaves a trace."""
    (place / "tensorflow").mkdir()
    trace = "from pathlib import Path\n(Path(__file__).parent / 'imported').touch()\nraise ImportError('a trap')\n"
    (place / "tensorflow" / "__init__.py").write_text(trace, encoding="utf-8")
    gradcheck(*arguments, cwd=place, environment={"PYTHONPATH": str(place)})
    return (place / "tensorflow" / "imported").exists()


@pytest.mark.slow
def test_options_of_a_project_are_found_from_a_directory_below(tmp_path: Path) -> None:
    below = tmp_path / "src"
    below.mkdir()
    (below / "losses.py").write_text("import tensorflow as tf\n\ndef f(x):\n    return tf.math.log(x)\n")
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.gradcheck]\nrange = {x = "1:2", y = "0:1"}\n')
    (report,) = json.loads(gradcheck("scan", "losses:f", "--format", "json", cwd=below).stdout)["targets"]
    assert report["inputs"][0]["ranges"] == [[1.0, 2.0]]
    (report,) = json.loads(gradcheck("scan", "losses:f", "--range", "3:4", "--format", "json", cwd=below).stdout)[
        "targets"
    ]
    assert report["inputs"][0]["ranges"] == [[3.0, 4.0]]
    project.write_text('[[tool.gradcheck.target]]\nname = "losses:f"\nrange = {y = "0:1"}\n')
    assert "range.y: there is no input 'y'" in one_line_error(gradcheck("scan", "losses:f", cwd=below), "GC907")
    project.write_text("[tool.gradcheck]\nrang = {}\n")
    assert "did you mean range?" in one_line_error(gradcheck("scan", "losses:f", cwd=below), "GC907")


@pytest.mark.slow
def test_a_page_and_plots_from_one_scan_and_again_from_the_cache(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "gradcheck",
        "scan",
        f"{ROOT}/samples/softplus.py:my_better_softplus",
    ]
    options = ["--range", "80:100", "--plot", "--output", "page.html", "--output", "report.json"]
    runs, files = [], []
    for _ in range(2):
        runs.append(
            subprocess.run(
                [*command, *options], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
            )
        )
        files.append([(tmp_path / name).read_bytes() for name in ("page.html", "report.json")])
    assert "gradient by z:  . true  a autodiff  c custom" in runs[0].stdout
    assert runs[0].stdout == runs[1].stdout
    assert files[0] == files[1]
    assert b"Content-Security-Policy" in files[0][0]
    assert "tensorflow" not in runs[1].stderr
    (described,) = json.loads(files[0][1])["targets"][0]["inputs"]
    assert len(described["curve"]["x"]) > 100
    assert {"nan", 0.0} <= set(described["curve"]["autodiff"])
