"""Every example has the code that it stands for, and its cure has none."""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.examples import EXAMPLES
from gradcheck.pipeline import watched
from gradcheck.rules import FINDINGS


def test_every_finding_has_an_example_that_fits_a_terminal() -> None:
    assert list(EXAMPLES) == [rule.code for rule in FINDINGS]
    lines = [line for e in EXAMPLES.values() for text in (e.fails, e.cure) for line in text.splitlines()]
    assert max(map(len, lines)) <= 74


SCANNED = [code for code, example in EXAMPLES.items() if not example.watched]
WATCHED = [code for code, example in EXAMPLES.items() if example.watched]


@pytest.mark.slow
@pytest.mark.parametrize("code", SCANNED)
def test_it_has_the_code_and_its_cure_has_none(code: str, tmp_path: Path) -> None:
    import gradcheck

    example = EXAMPLES[code]
    parser = argparse.ArgumentParser()
    parser.add_argument("--range")
    parser.add_argument("--mode", action="append")
    options = parser.parse_args(shlex.split(example.options))

    def found(name: str, function: str) -> set[str]:
        (tmp_path / f"{name}.py").write_text(f"import tensorflow as tf\n\n\n{function}")
        result = gradcheck.scan(f"{tmp_path}/{name}.py:f", range=options.range, mode=options.mode)
        return {f.code for f in result.findings}

    assert code in found(f"fails_{code}", example.fails)
    assert found(f"cure_{code}", example.cure) == set()


@pytest.mark.slow
@pytest.mark.skipif(hasattr(watched, "STAND_IN"), reason="nothing watches yet")
@pytest.mark.parametrize("code", WATCHED)
def test_a_script_has_the_code_and_its_cure_has_none(code: str, tmp_path: Path) -> None:
    example = EXAMPLES[code]

    def found(name: str, text: str) -> set[str]:
        (tmp_path / name).write_text(f"import tensorflow as tf\n\n{text}")
        run = subprocess.run(
            [sys.executable, "-m", "gradcheck", "watch", "--format", "json", *shlex.split(example.options), name],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        (target,) = json.loads(run.stdout)["targets"]
        return {finding["code"] for finding in target["findings"]}

    assert code in found("fails.py", example.fails)
    assert found("cure.py", example.cure) == set()
