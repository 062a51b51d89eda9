"""`gradcheck watch` on training scripts: one disease each, and healthy ones that look ill. The facts: training_facts.py."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parent
SCRIPTS = CORPUS / "training"
MARK = re.compile(r"# disease$")
Entry = dict[str, Any]

ENTRIES: list[Entry] = json.loads((CORPUS / "training.json").read_text())
DISEASED = [entry for entry in ENTRIES if entry["code"]]
HEALTHY = [entry for entry in ENTRIES if not entry["code"]]


def marked_lines(script: str) -> list[int]:
    lines = (SCRIPTS / script).read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if MARK.search(line)]


def named(entries: list[Entry]) -> Any:
    return pytest.mark.parametrize("entry", entries, ids=[Path(entry["script"]).stem for entry in entries])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In the folder of the scripts, as a user would."""
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=SCRIPTS, env=env)


def watched(script: str) -> tuple[str, Entry, subprocess.CompletedProcess[str]]:
    """What the script printed, and the report behind it."""
    done = run("-m", "gradcheck", "watch", "--format", "json", script)
    starts = [match.start() for match in re.finditer(r"^\{", done.stdout, re.MULTILINE)]
    assert starts, done.stdout[-2000:] + done.stderr[-4000:]
    for start in starts:
        try:
            report = json.loads(done.stdout[start:])
        except json.JSONDecodeError:
            continue
        return done.stdout[:start], report, done
    raise AssertionError(done.stdout[-4000:])


def test_every_script_has_its_facts() -> None:
    there = sorted(path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.glob("*/*.py"))
    assert sorted(entry["script"] for entry in ENTRIES) == there
    assert [entry["script"] for entry in DISEASED] == [script for script in there if script.startswith("diseased/")]
    assert len(DISEASED) >= 28
    assert len(HEALTHY) >= 12


@named(ENTRIES)
def test_one_line_is_marked_in_what_is_diseased(entry: Entry) -> None:
    assert len(marked_lines(entry["script"])) == bool(entry["code"])


@pytest.mark.slow
@named(DISEASED)
def test_first_bad_gradient_is_named_with_its_line(entry: Entry) -> None:
    _, report, done = watched(entry["script"])
    assert done.returncode == 1, done.stderr[-4000:]
    [target] = report["targets"]
    assert target["target"] == entry["script"]
    assert target["status"] == "findings"
    findings = [finding for finding in target["findings"] if finding["code"] in ("GC001", "GC002")]
    first = findings[0]
    said = {key: first["training"][key] for key in ("step", "optimizer", "order")}
    assert (first["code"], said) == (entry["code"], {key: entry[key] for key in said})
    assert first["mode"] == entry["mode"]
    bad = {
        gradient["variable"]: [gradient["nan"], gradient["inf"]]
        for f in findings
        for gradient in f["training"]["gradients"]
    }
    assert sorted(bad) == sorted(entry["variables"])
    assert all(sum(counts) for counts in bad.values())
    assert Path(first["cause"]["file"]).name == Path(entry["script"]).name
    assert [first["cause"]["line"]] == marked_lines(entry["script"])


@pytest.mark.slow
@named(HEALTHY)
def test_healthy_script_runs_as_without_watching(entry: Entry) -> None:
    """The scripts print a digest of their final weights."""
    plain = run(entry["script"])
    assert plain.returncode == 0, plain.stderr[-4000:]
    assert re.search(r"^[0-9a-f]{64}$", plain.stdout, re.MULTILINE)
    printed, report, done = watched(entry["script"])
    [target] = report["targets"]
    assert (target["status"], target["findings"], done.returncode) == ("clean", [], 0)
    assert printed == plain.stdout
