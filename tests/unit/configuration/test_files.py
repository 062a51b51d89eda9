"""Which file counts, and that one that cannot be read is one line."""

import os
from pathlib import Path

import pytest

from gradcheck.configuration import read
from gradcheck.configuration.files import LARGEST, find
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck

NAMES = ("gradcheck.toml", "pyproject.toml")


def refused(directory: Path) -> str:
    """The one line of a GC907."""
    with pytest.raises(CannotCheck) as error:
        read(directory)
    assert error.value.code == BAD_CONFIGURATION
    (line,) = error.value.messages
    assert line.isprintable()
    return line


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[tool.gradcheck\nx = 1", "at line 1"),
        (b"[tool.gradcheck]\nwrt =", "at end of document"),
        (b"a = 1\na = 2", "Cannot overwrite a value"),
        (b"\x7fELF\x00\xff\xfe", "it is no text in UTF-8, at byte 5"),
        (b"a = " + b"[" * 200_000, "nested too deep"),
        (b"# " + b"x" * LARGEST, "it is larger than 1,048,576 bytes"),
        (b"a = " + b"9" * 10_000, "it cannot be read"),
    ],
)
def test_what_is_no_toml_is_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    line = refused(tmp_path)
    assert line.startswith(f"{name}: it cannot be read: ")
    assert words in line


@pytest.mark.parametrize("name", NAMES)
def test_a_symlink_loop_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / name)
    assert "symbolic links" in refused(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_symlink_to_nowhere_a_directory_and_a_pipe(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.symlink_to(tmp_path / "nowhere")
    assert "No such file" in refused(tmp_path)
    place.unlink()
    place.mkdir()
    assert "it is no file" in refused(tmp_path)
    place.rmdir()
    os.mkfifo(place)
    assert "it is no file" in refused(tmp_path)


def test_an_unreadable_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gradcheck.toml").write_text("seed = 1")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # the tests may run as root, whom nothing is denied

    monkeypatch.setattr(Path, "open", denied)
    assert "gradcheck.toml: it cannot be read: Permission denied" in refused(tmp_path)


def test_a_byte_order_mark_and_carriage_returns(tmp_path: Path) -> None:
    (tmp_path / "gradcheck.toml").write_bytes(b"\xef\xbb\xbfseed = 3\r\norder = 2\r\n")
    assert (read(tmp_path).top.seed, read(tmp_path).top.order) == (3, 2)


def test_gradchecks_own_file_wins_within_one_directory(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck]\nseed = 1\n")
    assert read(tmp_path).top.seed == 1
    (tmp_path / "gradcheck.toml").write_text("seed = 2\n")
    assert read(tmp_path).top.seed == 2
    (tmp_path / "gradcheck.toml").write_text("")
    assert read(tmp_path).top.seed is None


def test_a_broken_file_above_the_one_that_counts_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[")
    below = tmp_path / "a"
    below.mkdir()
    (below / "gradcheck.toml").write_text("seed = 2\n")
    tables = find(below)
    assert tables is not None
    assert (tables.shown, tables.content, tables.is_own) == ("gradcheck.toml", {"seed": 2}, True)
