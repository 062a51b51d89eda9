"""What comments say goes into the report that is kept: of the target, and of the lines of causes in any file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck import cache
from gradcheck.pipeline.scanning import with_comments
from gradcheck.records import Cause, Finding, Ignore, Lines, LoadedTarget, Place, TargetReport


def test_those_of_the_target_come_first_and_each_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_finding: Callable[..., Finding]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.py").write_text("def g(x):\n    return 1 / x  # gradcheck: ignore[GC002] -- of the helper\n")
    cause = Cause("Mul", "Exp", str(tmp_path / "helper.py"), 2, "return 1 / x")
    causes = (cause, cause, None, replace(cause, file=None, line=None), replace(cause, line=1))
    own = Ignore(("GC001",), "own", "comment", "m.py:1")
    loaded = LoadedTarget("m:f", lambda x: x, (), place=Place("m.py", 2), ignores=(own,))
    report = with_comments(TargetReport("m:f", findings=tuple(make_finding(cause=c) for c in causes)), loaded)
    there = Ignore(("GC002",), "of the helper", "comment", "helper.py:2", Lines("helper.py", 2, 2))
    assert (report.place, report.ignores) == (Place("m.py", 2), (own, there))
    kept = cache.loads(cache.dumps(report))
    assert (kept.place, kept.ignores) == (report.place, report.ignores)
    on_it = replace(loaded, ignores=(replace(there, lines=None),))
    assert with_comments(report, on_it).ignores == (replace(there, lines=None),)
