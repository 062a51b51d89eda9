"""A call that waits for a module comes once, right after its code ran, and leaves no trace on it."""

import importlib
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from gradcheck.imports import FINDER, WISHES, when_imported
from gradcheck.scripts import Script, run, show

SOURCES = {
    "wished/__init__.py": "from wished import inner\nDONE = True\nSEEN = type(__spec__.loader), type(__loader__)\n",
    "wished/inner.py": "import wished\nEARLY = hasattr(wished, 'DONE')\n",
    "unready.py": "import os\nif not os.environ.get('READY'):\n    raise RuntimeError('not ready')\n",
    "slow.py": "import time\ntime.sleep(0.2)\nDONE = True\n",
    "other.py": "",
    "swaps.py": "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(real=False, __name__=__name__)\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    WISHES.clear()
    if FINDER in sys.meta_path:
        sys.meta_path.remove(FINDER)
    for name in list(sys.modules):
        if name.partition(".")[0] in ("wished", "unready", "slow", "other", "swaps"):
            del sys.modules[name]


def test_it_is_called_once_when_all_of_a_package_is_there() -> None:
    calls: list[tuple[ModuleType, bool]] = []
    when_imported("wished", lambda module: calls.append((module, module.DONE)))
    module = importlib.import_module("wished.inner")
    importlib.import_module("wished")
    importlib.reload(sys.modules["wished"])
    assert calls == [(sys.modules["wished"], True)]
    assert not module.EARLY


def test_the_module_has_its_own_loader_before_its_code_runs_and_after() -> None:
    when_imported("wished", lambda module: None)
    module = importlib.import_module("wished")
    assert set(module.SEEN) == {SourceFileLoader}
    assert type(module.__spec__.loader) is SourceFileLoader  # type: ignore[union-attr]


def test_what_is_there_is_called_at_once() -> None:
    module = importlib.import_module("other")
    calls: list[ModuleType] = []
    when_imported("other", calls.append)
    assert calls == [module]
    assert FINDER not in sys.meta_path


def test_an_import_that_raises_fulfils_nothing_and_the_next_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[ModuleType] = []
    when_imported("unready", calls.append)
    with pytest.raises(RuntimeError, match="not ready"):
        importlib.import_module("unready")
    assert calls == []
    monkeypatch.setenv("READY", "1")
    assert calls == [importlib.import_module("unready")]


def test_a_wish_can_be_undone() -> None:
    calls: list[ModuleType] = []
    undo = when_imported("other", calls.append)
    undo()
    undo()
    importlib.import_module("other")
    assert calls == []
    assert FINDER not in sys.meta_path


def test_several_wishes_are_fulfilled_in_order_and_the_finder_goes() -> None:
    calls: list[str] = []
    when_imported("other", lambda module: calls.append("first"))
    when_imported("other", lambda module: calls.append("second"))
    importlib.import_module("other")
    assert calls == ["first", "second"]
    assert FINDER not in sys.meta_path


def test_two_threads_that_import_it_make_one_call() -> None:
    calls: list[bool] = []
    when_imported("slow", lambda module: calls.append(module.DONE))
    threads = [threading.Thread(target=importlib.import_module, args=("slow",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [True]


def test_a_module_that_puts_another_in_its_place_is_called_with_that() -> None:
    calls: list[ModuleType] = []
    when_imported("swaps", calls.append)
    importlib.import_module("swaps")
    assert calls == [sys.modules["swaps"]]
    assert not calls[0].real


def test_what_is_not_there_stays_an_import_error() -> None:
    when_imported("no_such_module_at_all", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        importlib.import_module("no_such_module_at_all")


def test_nothing_is_imported_for_it() -> None:
    when_imported("wished", lambda module: None)
    assert "wished" not in sys.modules


def test_the_traceback_of_an_import_that_fails_is_pythons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "script.py").write_text("import unready\n")
    script = Script(str(tmp_path / "script.py"), None)
    show(run(script))
    plain = capsys.readouterr().err
    when_imported("unready", lambda module: None)
    show(run(script))
    assert capsys.readouterr().err == plain
    assert "unready.py" in plain
