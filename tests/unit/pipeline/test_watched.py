"""From what was seen of a run to a report."""

from pathlib import Path

import pytest

from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import advice, function_at, watched
from gradcheck.records import Cause
from gradcheck.scripts import Script

CODE = "import math\n\ndef loss(x):\n    return (\n        math.sqrt(x)\n    )\n\nclass A:\n    def loss(self):\n        return 1\n"


@pytest.mark.parametrize(("line", "name"), [(1, None), (3, "loss"), (5, "loss"), (6, "loss"), (7, None), (10, None)])
def test_function_of_a_line(tmp_path: Path, line: int, name: str | None) -> None:
    path = tmp_path / "train.py"
    path.write_text(CODE)
    assert function_at(str(path), line) == name


def test_no_function_where_the_source_is_gone_or_broken(tmp_path: Path) -> None:
    assert function_at(str(tmp_path / "gone.py"), 1) is None
    (tmp_path / "broken.py").write_text("def (")
    assert function_at(str(tmp_path / "broken.py"), 1) is None


def test_advice_is_for_bad_gradients_alone() -> None:
    cause: Cause | None = None
    assert advice("GC010", cause) is None
    assert advice("GC001", cause) is None  # nothing is known of it


def test_a_script_without_steps_is_clean_and_ends_as_it_does(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text("import sys\nsys.exit(3)\n")
    report, ending = watched(Script(str(path), None), WatchOptions())
    (target,) = report.targets
    assert (ending.kind, ending.status, target.findings) == ("exited", 3, ())
    assert target.training is not None
    assert (target.training.ended, target.training.status, target.training.steps) == ("exited", 3, 0)
