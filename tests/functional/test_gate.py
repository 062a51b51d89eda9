"""The real command with ignores and baselines: what counts, what is told where, and the exit status."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "gradcheck" / "renderers" / "report.schema.json").read_text(encoding="utf-8"))
TARGET = """\
import tensorflow as tf
from helper import grown


def softplus(x):{beside}
    return tf.math.log(grown(x) + 1.0)


# gradcheck: ignore[GC002, GC008] -- a norm at 0 has no slope
@tf.function
def distance(p):
    return tf.sqrt(tf.reduce_sum(p * p))
{below}
"""
HELPER = "import tensorflow as tf\n\n\ndef grown(x):\n    return tf.exp(x)\n"
SCAN = ("scan", "target:softplus", "--dtype", "float16")
"""All floats of which are run in no time; the cache answers where nothing has changed."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path)
    (tmp_path / "helper.py").write_text(HELPER)
    return tmp_path


def write(place: Path, beside: str = "", below: str = "") -> None:
    (place / "target.py").write_text(TARGET.format(beside=beside, below=below))


def gradcheck(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [sys.executable, "-m", "gradcheck", *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in run.stderr
    return run


@pytest.mark.slow
def test_a_baseline_from_the_first_run_to_the_cure(project: Path) -> None:
    first = gradcheck(project, *SCAN, "--write-baseline", "b.json")
    assert (first.returncode, first.stderr) == (0, "")
    assert "GC001 error" in first.stdout
    known = (project / "b.json").read_text()
    assert len(known.splitlines()) == 5 + len(json.loads(known)["findings"])
    assert gradcheck(project, *SCAN).returncode == 1
    assert gradcheck(project, *SCAN, "--exit-zero").returncode == 0
    second = gradcheck(project, *SCAN, "--baseline", "b.json", "--fail-on", "info")
    assert (second.returncode, second.stderr) == (0, "")
    assert "target:softplus  clean, 2 suppressed  x: all 63,488 floats run\n" in second.stdout
    assert gradcheck(project, *SCAN, "--baseline", "b.json", "--fail-on", "info").stdout == second.stdout
    assert gradcheck(project, *SCAN, "--baseline", "b.json", "--write-baseline", "c.json").returncode == 0
    assert (project / "c.json").read_text() == known
    (project / "gradcheck.toml").write_text('baseline = "d.json"\n')  # one that is not there yet
    refused = gradcheck(project, *SCAN)
    assert (refused.returncode, "d.json" in refused.stderr) == (2, True)
    assert gradcheck(project, *SCAN, "--write-baseline", "d.json").returncode == 0
    assert gradcheck(project, *SCAN).returncode == 0
    (project / "gradcheck.toml").unlink()

    (project / "b.json").write_text(known.replace('"lo": 11.09', '"lo": 20.0'))
    grown = gradcheck(project, *SCAN, "--baseline", "b.json")
    assert grown.returncode == 1
    assert "grown: was [20, 65500]" in " ".join(grown.stdout.split())
    (project / "b.json").write_text(known)

    (project / "target.py").write_text(
        "import tensorflow as tf\n\n\ndef softplus(x):\n    return tf.math.softplus(x)\n"
    )
    cured = gradcheck(project, *SCAN, "--baseline", "b.json")
    assert cured.returncode == 0
    assert cured.stderr.count("b.json: fixed, and can go: target:softplus: GC00") == 2
    assert "b.json: write it anew with --write-baseline" in cured.stderr
    assert cured.stdout.count("note: fixed since the baseline: GC00") == 2


@pytest.mark.slow
def test_comments_ignore_a_target_a_line_and_a_line_of_another_file(project: Path) -> None:
    write(project, "  # gradcheck: ignore[GC00] -- never above 10 here", "# gradcheck: ignore[GC77]")
    run = gradcheck(project, *SCAN, "--format", "json", "--output", "r.txt", "--fail-on", "info")
    report = json.loads(run.stdout)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
    (target,) = report["targets"]
    assert run.returncode == 0, run.stdout
    assert run.stderr.startswith("gradcheck: target.py:13: this comment ignores nothing: GC77: no such code")
    assert len(run.stderr.splitlines()) == 1
    assert target["place"] == {"file": "target.py", "line": 5}
    assert {f["suppressed"]["place"] for f in target["findings"]} == {"target.py:5"}
    assert "(target.py:5: never above 10 here)" in (project / "r.txt").read_text()
    assert gradcheck(project, *SCAN, "--format", "json", "--fail-on", "info").stdout == run.stdout  # from the cache

    (project / "helper.py").write_text(HELPER.replace("exp(x)", "exp(x)  # gradcheck: ignore[GC001] -- of the helper"))
    write(project)
    (target,) = json.loads(gradcheck(project, *SCAN, "--format", "json", "--select", "GC001,GC006").stdout)["targets"]
    places = {f["code"]: f["suppressed"] and f["suppressed"]["place"] for f in target["findings"]}
    assert places == {"GC001": "helper.py:5", "GC006": None}


@pytest.mark.slow
def test_a_tensor_target_and_an_ignore_that_is_not_needed_any_more(project: Path) -> None:
    scan = ("scan", "target:distance", "--shape", "p=3")
    run = gradcheck(project, *scan, "--select", "GC001,GC002", "--write-baseline", "b.json")
    entries = json.loads((project / "b.json").read_text())["findings"]
    assert [(e["code"], e["file"], e["source"]) for e in entries] == [
        ("GC001", "target.py", "return tf.sqrt(tf.reduce_sum(p * p))")
    ]
    assert run.returncode == 0
    write(project, below="# one line more")
    text = (project / "target.py").read_text()
    (project / "target.py").write_text(text.replace("import tensorflow", "import math\nimport tensorflow"))
    run = gradcheck(project, *scan, "--baseline", "b.json", "--select", "GC001")
    assert run.returncode == 0, run.stdout
    assert "suppressed: GC001 (b.json)" in run.stdout
    whole = gradcheck(project, "scan", "target:distance")
    assert "note: unused ignore GC008 at target.py:10: remove it" in whole.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--select", "GC1"], "--select GC1: no such code; did you mean GC001?"),
        (["--ignore", "GC901"], "--ignore GC901: what could not be checked is always told"),
        (
            ["--baseline", "none.json"],
            "--baseline none.json: no such file or directory; write one with --write-baseline",
        ),
        (["--baseline", "target.py"], "--baseline target.py: it is no baseline"),
        (["--baseline", "."], "it is no regular file"),
        (["--write-baseline", "none/b.json"], "--write-baseline none/b.json: no such directory: none; make it first"),
        (["--write-baseline", "."], "it is a directory; name a file"),
    ],
)
def test_what_the_gate_cannot_use_is_one_line_before_anything_is_scanned(
    project: Path, arguments: list[str], words: str
) -> None:
    run = gradcheck(project, *SCAN, *arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("gradcheck: GC907 ")
    assert words in run.stderr
    assert len(run.stderr.splitlines()) == 1
