"""A project of the user's: a working directory to write modules into, forgotten after the test."""

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck.errors import CannotCheck
from gradcheck.records import LoadedTarget

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty, importable working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def write(project: Path) -> Write:
    """Write a file of the project; text is dedented, bytes are taken as they are."""

    def put(name: str, content: str | bytes) -> Path:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        importlib.invalidate_caches()
        return path

    return put


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Run something that must raise `CannotCheck` with a code; gives its message, which is one printable line."""

    def message_of(code: str, call: Callable[[], object]) -> str:
        with pytest.raises(CannotCheck) as raised:
            call()
        assert raised.value.code == code, raised.value.message
        assert raised.value.message.isprintable()
        assert "Traceback" not in raised.value.message
        return raised.value.message

    return message_of


@pytest.fixture(scope="session")
def pasted() -> Callable[..., Any]:
    """Run the lines that a target gives to paste, then its call, with values."""

    def run(loaded: LoadedTarget, *values: Any) -> Any:
        space: dict[str, Any] = {}
        exec("\n".join(loaded.paste), space)
        space.update({f"x{i}": value for i, value in enumerate(values)})
        return eval(loaded.call.format(*(f"x{i}" for i in range(len(values)))), space)

    return run
