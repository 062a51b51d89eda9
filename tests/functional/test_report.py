"""`gradcheck report`: what was saved is shown again as it was, and hostile names steer no terminal."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.reading import read, read_file
from gradcheck.renderers import FORMATS, Style, render
from gradcheck.renderers.json_report import render_json
from tests.specimens import BROKEN, REPORTS, SEVERAL, SWEPT, report

ROOT = Path(__file__).parents[2]
SARIF = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def gradcheck(
    *arguments: str, cwd: Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradcheck", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A report, beside a TensorFlow that must not be imported."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')\n", encoding="utf-8")
    (tmp_path / "report.json").write_text(render_json(REPORTS["all"], Style()), encoding="utf-8")
    return tmp_path


def test_every_format_without_tensorflow(saved: Path) -> None:
    suffixes = (".txt", ".json", ".sarif", ".xml", ".md", ".html")
    outputs = [word for suffix in suffixes for word in ("--output", f"again{suffix}")]
    run = gradcheck(
        "report", "report.json", "--format", "github", *outputs, cwd=saved, PYTHONPATH=str(saved), CI="true"
    )
    assert run.returncode == 2
    assert run.stderr == "gradcheck: GC902 m: has no broken; it has: working\n"
    assert run.stdout == render(REPORTS["all"], "github", Style())
    for suffix, name in zip(suffixes, ("table", "json", "sarif", "junit", "markdown", "html"), strict=True):
        assert (saved / f"again{suffix}").read_text(encoding="utf-8") == render(REPORTS["all"], name, Style())


def test_the_trap_is_one(saved: Path) -> None:
    run = gradcheck("explain", "math:sin", "--at", "1", cwd=saved, PYTHONPATH=str(saved))
    assert "TensorFlow was imported" in run.stderr


def test_standard_input_is_read_and_gated_again(tmp_path: Path) -> None:
    written = render_json(report(SEVERAL), Style())
    run = gradcheck("report", "-", cwd=tmp_path, stdin=written)
    assert (run.returncode, run.stdout, run.stderr) == (0, render(report(SEVERAL), "table", Style()), "")
    run = gradcheck("report", "-", "--fail-on", "warning", "--format", "junit", cwd=tmp_path, stdin=written)
    assert run.returncode == 1
    assert 'failures="1"' in run.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "missing.json"], "missing.json: it cannot be read: No such file or directory; give what gradcheck"),
        (["report", "."], ".: it cannot be read: Is a directory"),
        (["report", "-"], "standard input: line 1 is no JSON"),
        (["report", "report.json", "--format", "pdf"], "--format"),
        (["report", "report.json", "--output", "x.pdf"], "unknown suffix '.pdf'; use one of .json, .txt, .sarif, .xml, .md"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(saved: Path, arguments: list[str], says: str) -> None:
    run = gradcheck(*arguments, cwd=saved, stdin="")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("gradcheck: GC907 ")
    assert says in run.stderr


def test_an_ascii_stream_gets_escapes(tmp_path: Path) -> None:
    from dataclasses import replace

    written = render_json(report(replace(SWEPT, target="m:größe"), BROKEN), Style())
    for name in FORMATS:
        run = gradcheck("report", "-", "--format", name, cwd=tmp_path, stdin=written, PYTHONIOENCODING="ascii")
        assert run.returncode == 2
        assert run.stdout.isascii()
        assert "Traceback" not in run.stderr


HOSTILE = '''
    import tensorflow as tf

    class Odd(Exception):
        pass

    def bad(x\u200b=None):
        pass

    # gradcheck: scan
    def f(z):
        """\x1b]0;owned\x07\x1b[2J\u202e"""
        return tf.sqrt(z)  # \x1b[31m\u202e::error::gotcha

    # gradcheck: scan
    def raises(z):
        raise Odd("\x1b[2J\x9b2J\u202e\u2066\\n::error::gotcha\\r\\x1b[31m")
'''.replace("    def bad(x\u200b=None):\n        pass\n\n", "")


@pytest.mark.slow
def test_nothing_of_a_hostile_file_reaches_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b[31m\u202e.py"
    (tmp_path / name).write_text(textwrap.dedent(HOSTILE), encoding="utf-8")
    run = gradcheck("scan", name, "--no-cache", "--output", "r.json", "--output", "r.sarif", cwd=tmp_path, CI="true")
    assert run.returncode == 2
    for shown in (run.stdout, run.stderr):
        assert all(line.isprintable() for line in shown.split("\n"))
    assert "\\x1b[31m\\u202e.py:f" in run.stdout
    assert "GC903" in run.stderr
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [t["target"] for t in report["targets"]] == [f"{name}:f", f"{name}:raises"]
    assert report["targets"][0]["findings"]
    jsonschema.Draft4Validator(SARIF).validate(json.loads((tmp_path / "r.sarif").read_text(encoding="utf-8")))
    explained = gradcheck("explain", f"{name}:f", "--at", "0", cwd=tmp_path)
    assert explained.returncode == 1
    assert all(line.isprintable() for line in explained.stdout.split("\n"))


SCANS: dict[str, list[str]] = {
    "elementwise": ["samples/softplus.py", "samples.softplus:missing"],
    "losses": ["samples/losses.py"],
    "several inputs": ["samples/pairs.py"],
    "modes": ["samples/modes.py", "--mode", "graph", "--mode", "eager", "--mode", "xla"],
    "tensors": ["samples/tensors.py", "--budget", "2s"],
    "blocking": ["samples/blocking.py"],
    "exhaustive with a screen": ["samples.softplus:my_softplus", "--exhaustive", "--range", "80:100"],
    "all pairs": ["samples/pairs.py", "--dtype", "float16", "--exhaustive", "--timeout", "600s"],
    "against": ["samples.softplus:my_softplus", "--against", "samples.softplus:library_softplus"],
    "second order": ["samples.softplus:my_softplus", "--order", "2", "--budget", "1s"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCANS)
def test_a_scan_survives(name: str, tmp_path: Path) -> None:
    outputs = {kind: tmp_path / f"r{suffix}" for kind, suffix in (("json", ".json"), ("table", ".txt"), ("sarif", ".sarif"), ("junit", ".xml"), ("markdown", ".md"))}  # fmt: skip
    words = [word for path in outputs.values() for word in ("--output", str(path))]
    run = gradcheck("scan", *SCANS[name], *words, "--format", "github", "--no-cache", cwd=ROOT)
    assert run.returncode in (0, 1, 2), run.stderr
    written = {kind: path.read_text(encoding="utf-8") for kind, path in outputs.items()}
    found = read_file(str(outputs["json"]))
    for kind, text in {**written, "github": run.stdout}.items():
        assert render(found, kind, Style()) == text
    assert_no_path_of_this_machine(json.loads(written["json"]))
    assert read(written["json"]) is not found


def assert_no_path_of_this_machine(report: Any) -> None:
    """A cause in the project's own files is named from where the command was run."""
    for target in report["targets"]:
        for finding in target["findings"]:
            if finding["cause"] and finding["cause"]["file"]:
                assert not finding["cause"]["file"].startswith(str(ROOT))
