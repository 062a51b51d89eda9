"""A database that is there, missing, corrupt, old, locked, read-only, full or too large."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck.cache import DIRECTORY, Store, store
from gradcheck.cache.sources import Facts, Import
from gradcheck.cache.store import FILE, VERSION, Remembered


class Scene:
    """A cache in an empty directory, and what it said."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / FILE
        self.said: list[str] = []
        self.stores: list[Store] = []

    def opened(self) -> Store:
        """As a new process would."""
        self.stores.append(Store(self.directory, self.said.append))
        return self.stores[-1]

    def filled(self) -> None:
        """An entry, and nobody who has the file open."""
        opened = self.opened()
        opened.write("key", "text")
        opened.close()
        assert self.said == []

    def warned(self, *words: str) -> None:
        """One line was said, with these words in it."""
        (line,) = self.said
        assert line.isprintable()
        assert all(word in line for word in (*words, DIRECTORY)), line


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path / DIRECTORY)
    yield made
    for opened in made.stores:
        opened.close()


def test_what_is_written_is_read_by_another_process(scene: Scene) -> None:
    scene.filled()
    assert scene.opened().read("key") == "text"
    assert scene.opened().read("other") is None
    assert scene.said == []


def test_the_latest_text_counts(scene: Scene) -> None:
    opened = scene.opened()
    opened.write("key", "one")
    opened.write("key", "two")
    assert opened.read("key") == "two"


def test_reading_makes_nothing(scene: Scene) -> None:
    assert scene.opened().read("key") is None
    assert scene.opened().facts("digest") is None
    assert not scene.directory.exists()


def test_git_leaves_it_alone(scene: Scene) -> None:
    scene.filled()
    assert (scene.directory / ".gitignore").read_text() == "*\n"


def test_it_is_in_wal_mode_and_says_its_version(scene: Scene) -> None:
    scene.filled()
    database = sqlite3.connect(scene.path)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.close()


def test_a_forgotten_entry(scene: Scene) -> None:
    scene.filled()
    scene.opened().forget("key")
    assert scene.opened().read("key") is None


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"\0" * 8192, b"SQLite format 3\0" + b"x" * 8000])
def test_a_corrupt_one_is_made_anew(scene: Scene, content: bytes) -> None:
    scene.filled()
    scene.path.write_bytes(content)
    opened = scene.opened()
    assert opened.read("key") is None
    scene.warned("corrupt", "made anew")
    opened.write("key", "again")
    assert scene.opened().read("key") == "again"
    assert len(scene.said) == 1


def test_one_that_is_corrupt_inside_is_made_anew_too(scene: Scene) -> None:
    opened = scene.opened()
    for i in range(200):
        opened.write(f"key{i}", "text" * 500)
    opened.close()
    content = bytearray(scene.path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    scene.path.write_bytes(bytes(content))
    opened = scene.opened()
    assert opened.read("key1") is None
    scene.warned("made anew")
    opened.write("key1", "again")
    assert opened.read("key1") == "again"


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_one_of_another_version_is_made_anew(scene: Scene, version: int) -> None:
    scene.filled()
    database = sqlite3.connect(scene.path)
    database.execute("DROP TABLE results")
    database.execute("CREATE TABLE other (a)")
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    opened = scene.opened()
    assert opened.read("key") is None
    scene.warned("another version", str(version))
    opened.write("key", "again")
    assert scene.opened().read("key") == "again"


def test_tables_without_a_version_are_made_anew(scene: Scene) -> None:
    scene.directory.mkdir()
    database = sqlite3.connect(scene.path)
    database.execute("CREATE TABLE results (a)")
    database.close()
    opened = scene.opened()
    opened.write("key", "text")
    assert opened.read("key") == "text"
    scene.warned("another version")


def test_one_that_is_locked_for_writing_can_be_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.01)
    scene.filled()
    other = sqlite3.connect(scene.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opened = scene.opened()
    assert opened.read("key") == "text"
    assert scene.said == []
    opened.write("two", "text")
    scene.warned("locked", "going on without it")
    opened.write("three", "text")
    assert len(scene.said) == 1
    other.close()


def test_one_that_is_locked_altogether_is_left_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.01)
    scene.filled()
    other = sqlite3.connect(scene.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE results SET used = 5")
    opened = scene.opened()
    assert opened.read("key") is None
    scene.warned("locked", "going on without it")
    other.execute("COMMIT")
    other.close()
    assert scene.opened().read("key") == "text"


def test_a_file_in_its_place_is_left_alone(scene: Scene) -> None:
    scene.directory.write_text("mine")
    opened = scene.opened()
    opened.write("key", "text")
    assert opened.read("key") is None
    scene.warned("going on without it")
    assert scene.directory.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory_is_left_alone(scene: Scene) -> None:
    scene.directory.parent.chmod(0o500)
    scene.opened().write("key", "text")
    scene.directory.parent.chmod(0o700)
    scene.warned("going on without it")


def test_a_directory_that_cannot_be_made(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, exist_ok: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    scene.opened().write("key", "text")
    scene.warned("Permission denied", "going on without it")


def test_a_full_disk(scene: Scene) -> None:
    scene.filled()
    opened = scene.opened()
    assert opened.read("key") == "text"
    assert opened.connection is not None
    ((pages,),) = opened.connection.execute("PRAGMA page_count").fetchall()
    opened.connection.execute(f"PRAGMA max_page_count = {pages}")
    opened.write("two", "x" * 100_000)
    scene.warned("full", "going on without it")
    assert scene.opened().read("key") == "text"
    assert scene.opened().read("two") is None


def test_what_was_not_used_for_longest_is_dropped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SIZE_LIMIT", 100)
    monkeypatch.setattr(store, "FRESH", 1)
    opened = scene.opened()
    for key in ("one", "two", "three"):
        opened.write(key, "x" * 30)
    assert opened.read("one")  # which makes it the latest
    opened.write("four", "x" * 30)
    assert [key for key in ("one", "two", "three", "four") if opened.read(key)] == ["one", "three", "four"]


def test_a_text_that_is_too_long_is_not_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ENTRY_LIMIT", 10)
    scene.opened().write("key", "x" * 11)
    assert not scene.directory.exists()


def test_facts_of_sources(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Facts("d", (Import(0, "a", None), Import(2, "", "*")), True)
    memory = Remembered(scene.opened())
    memory["one"] = known
    assert memory["one"] == known
    assert scene.opened().facts("one") is None
    memory.learn()
    other = Remembered(scene.opened())
    assert "one" in other
    assert other["one"] == known
    assert "two" not in other
    monkeypatch.setattr(store, "SOURCES_LIMIT", 1)
    scene.opened().learn({"two": known})
    assert scene.opened().facts("one") is None
    assert scene.opened().facts("two") == known


def test_facts_that_cannot_be_read_are_none(scene: Scene) -> None:
    scene.filled()
    database = sqlite3.connect(scene.path)
    database.execute("INSERT INTO sources VALUES ('one', '[1]'), ('two', '{')")
    database.commit()
    database.close()
    assert scene.opened().facts("one") is None
    assert scene.opened().facts("two") is None


def test_two_may_be_first_at_the_same_time(scene: Scene) -> None:
    one, two = scene.opened(), scene.opened()
    one.write("a", "1")
    two.write("b", "2")
    one.write("c", "3")
    assert [two.read(key) for key in "abc"] == ["1", "2", "3"]
    assert scene.said == []
