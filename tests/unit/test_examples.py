"""Every example has the code that it stands for, and its cure has none."""

import argparse
import shlex
from pathlib import Path

import pytest

from gradcheck.examples import EXAMPLES
from gradcheck.rules import FINDINGS


def test_every_finding_has_an_example_that_fits_a_terminal() -> None:
    assert list(EXAMPLES) == [rule.code for rule in FINDINGS]
    lines = [line for e in EXAMPLES.values() for text in (e.fails, e.cure) for line in text.splitlines()]
    assert max(map(len, lines)) <= 74


@pytest.mark.slow
@pytest.mark.parametrize("code", EXAMPLES)
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
