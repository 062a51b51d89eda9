"""What a script's traceback is without gradcheck; an error of gradcheck's own stays in it."""

from pathlib import Path

import pytest

from gradcheck import scripts, tracebacks
from gradcheck.scripts import Script, run, show
from gradcheck.tracebacks import behind, cut


def test_frames_of_gradcheck_between_those_of_the_script_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a watched optimizer are: here the script calls itself through gradcheck."""
    namespace: dict[str, object] = {}
    exec(compile("def called(f):\n    f(1)\n", f"{tracebacks.HERE}pretended.py", "exec"), namespace)
    monkeypatch.setattr(scripts, "called", namespace["called"], raising=False)
    (tmp_path / "a.py").write_text(
        "from gradcheck.scripts import called\ndef f(n):\n    raise ValueError('own')\ncalled(f)\n"
    )
    show(run(Script(str(tmp_path / "a.py"), None)))
    told = capsys.readouterr().err
    assert "own" in told
    assert tracebacks.HERE not in told
    assert told.count("  File ") == 2


def test_an_error_of_gradchecks_own_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("from gradcheck.scripts import status_of\nstatus_of()\n")
    show(run(Script(str(tmp_path / "a.py"), None)))
    assert "status_of() missing" in capsys.readouterr().err


def test_exceptions_behind_an_exception_are_found_once() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__context__, second.__cause__ = second, first
    assert list(behind(first)) == [second]


def test_nothing_is_cut_of_nothing() -> None:
    assert cut(None) is None
