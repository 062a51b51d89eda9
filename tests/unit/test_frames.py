"""Whose code a source file is."""

import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

import gradcheck
from gradcheck import frames
from gradcheck.frames import is_ours, is_users


def test_this_file_is_the_users() -> None:
    assert is_users(__file__)
    assert not is_ours(__file__)


@pytest.mark.parametrize("module", [tf, keras], ids=["tensorflow", "keras"])
def test_a_librarys_file_is_nobodys(module: object) -> None:
    file = str(module.__file__)  # type: ignore[attr-defined]
    inside = str(Path(file).parent / "src" / "deep" / "down.py")
    assert [(is_users(f), is_ours(f)) for f in (file, inside)] == [(False, False)] * 2


def test_gradcheck_is_ours_and_not_the_users() -> None:
    inside = Path(gradcheck.__file__).parent / "observing" / "watcher.py"
    assert is_ours(str(inside))
    assert not is_users(str(inside))


def test_a_neighbour_whose_name_begins_alike_is_the_users(tmp_path: Path) -> None:
    assert is_users(str(frames.PACKAGE.with_name("gradcheck_of_mine") / "train.py"))
    assert not is_ours(str(frames.PACKAGE.with_name("gradcheck_of_mine") / "train.py"))
    assert is_users(str(Path(tf.__file__).parent.with_name("tensorflow_of_mine") / "train.py"))
    assert is_users(str(tmp_path / "tensorflow" / "train.py"))


@pytest.mark.parametrize("made_up", ["<string>", "<frozen runpy>", "<stdin>", "/tmp/__autograph_generated_fileab1.py"])
def test_made_up_code_is_not_the_users(made_up: str) -> None:
    assert not is_users(made_up)


@pytest.mark.parametrize("cell", ["<ipython-input-3-abc>", "<python-input-0>"])
def test_a_cell_is_the_users(cell: str) -> None:
    assert is_users(cell)


def test_tensorflow_is_not_imported_to_know_it() -> None:
    program = (
        "import sys; from gradcheck.frames import is_users; assert is_users('/x/train.py');"
        " print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
