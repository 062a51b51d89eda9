"""A project of the user's, and the key of a target in it."""

import importlib
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.cache import Origin, key_of
from gradcheck.cache.sources import Facts

Write = Callable[[str, str | bytes], Path]
Key = Callable[..., str | None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of the working directory; text is dedented."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def put(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        importlib.invalidate_caches()
        return path

    return put


@pytest.fixture
def key() -> Key:
    """The key of what `text` names, worked out from nothing."""

    def worked_out(text: str, kind: str = "module", others: tuple[str, ...] = ()) -> str | None:
        memory: dict[str, Facts] = {}
        return key_of((Origin(kind, text),), tuple(Origin("file", other) for other in others), (), memory)

    return worked_out
