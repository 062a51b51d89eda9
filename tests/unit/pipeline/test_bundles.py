"""The user's files in an archive, and out of it on another machine."""

import importlib
import sys
import tempfile
from pathlib import Path

import pytest

from gradcheck.cache import Origin
from gradcheck.pipeline import bundles


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, and another one that is on `sys.path`."""
    here, there = tmp_path / "here", tmp_path / "there"
    for path, text in {
        here / "one.py": "import numpy, kit.near, far.away\n",
        here / "kit" / "__init__.py": "",
        here / "kit" / "near.py": "import importlib\nimportlib.import_module('k' + 'it')\n",
        here / "kit" / "unused.py": "",
        here / "model" / "saved_model.pb": "weights",
        here / "model" / "variables" / "v": "more",
        there / "far" / "away.py": "A = 1\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", [*sys.path, str(there)])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    importlib.invalidate_caches()
    return here


def listed(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_modules_that_are_imported_and_no_others() -> None:
    """Those of other directories too; what is computed cannot be told, and is left out."""
    place = bundles.unpacked(bundles.packed((Origin("module", "one"),)))
    assert listed(place) == {"here/one.py", "here/kit/__init__.py", "here/kit/near.py", "there/far/away.py"}


def test_a_file_and_a_model() -> None:
    place = bundles.unpacked(bundles.packed((Origin("file", "kit/near.py"), Origin("model", "model"))))
    assert {"here/kit/near.py", "here/model/saved_model.pb", "here/model/variables/v"} <= listed(place)


def test_the_same_files_are_the_same_bytes(home: Path) -> None:
    before = bundles.packed((Origin("module", "one"),))
    (home / "kit" / "near.py").touch()
    assert bundles.packed((Origin("module", "one"),)) == before
    (home / "kit" / "near.py").write_text("A = 2\n")
    assert bundles.packed((Origin("module", "one"),)) != before


def test_a_target_that_is_missing_leaves_an_empty_place() -> None:
    place = bundles.unpacked(bundles.packed((Origin("module", "nosuch"),)))
    assert (place / bundles.HERE).is_dir()
    assert listed(place) == set()
