"""`gradcheck rules`, as the real command prints it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.examples import EXAMPLES
from gradcheck.rules import FINDINGS, RULES

ROOT = Path(__file__).parents[2]


def rules(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradcheck", "rules", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_without_a_code_it_lists_all_in_80_columns() -> None:
    run = rules()
    assert (run.returncode, run.stderr) == (0, "")
    assert [line[:5] for line in run.stdout.splitlines() if line.startswith("GC")] == [rule.code for rule in RULES]
    assert max(map(len, run.stdout.splitlines())) <= 80


@pytest.mark.parametrize("code", ["GC003", "gc003", "vanished-gradient"])
def test_a_code_is_explained_with_an_example_and_its_cure(code: str) -> None:
    run = rules(code)
    assert run.returncode == 0
    assert run.stdout.startswith("GC003 vanished-gradient (error)\n\n  The gradient is exactly 0 where")
    assert "gradcheck scan example.py:f --range 87.5:88.5" in run.stdout
    assert run.stdout.index("tf.math.log(tf.exp(z) + 1.0)") < run.stdout.index("tf.math.softplus(z)")
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_an_error_has_words_and_no_example() -> None:
    assert rules("GC904").stdout.startswith("GC904 timed-out (could not check: exit status 2)\n")


def test_json_has_every_rule() -> None:
    found = json.loads(rules("--format", "json").stdout)
    assert found["schema_version"] == 1
    assert [rule["code"] for rule in found["rules"]] == [rule.code for rule in RULES]
    assert {rule["code"] for rule in found["rules"] if rule["example"]} == {rule.code for rule in FINDINGS}
    (one,) = json.loads(rules("GC001", "--format", "json").stdout)["rules"]
    assert set(one) == {"code", "name", "severity", "summary", "explanation", "example"}
    compile(one["example"]["fails"] + one["example"]["cure"], "example.py", "exec")


@pytest.mark.parametrize("code", ["GC010", "GC011", "GC012"])
def test_a_code_of_training_runs_has_a_script_that_is_watched(code: str) -> None:
    run = rules(code)
    assert f"gradcheck watch {EXAMPLES[code].options} example.py" in run.stdout
    assert run.stdout.count("import tensorflow as tf\n\n      w") == 2
    assert max(map(len, run.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["GC999"], "rules GC999: there is no such code; did you mean GC909?"),
        (["nan-gradeint"], "did you mean nan-gradient?"),
        (["zzz"], "gradcheck rules lists all of them"),
        (["GC001", "--format", "xml"], "--format xml: unknown; write one of table, json"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], words: str) -> None:
    run = rules(*arguments)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert run.stderr.startswith("gradcheck: GC907 ")
    assert words in run.stderr
