"""What is kept of unfinished scans: until there is a report, or the key is another one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck import cache
from gradcheck.cache import DIRECTORY, Store, store
from gradcheck.errors import CRASHED, NO_FLOAT_INPUT, TIMED_OUT
from gradcheck.pipeline import Scanned
from gradcheck.pipeline.drafts import Drafts
from gradcheck.records import TargetError, TargetReport


class Desk:
    """Targets with keys of their own, and a store."""

    def __init__(self, directory: Path) -> None:
        self.said: list[str] = []
        self.store = Store(directory, self.said.append)
        self.keys: dict[str, str | None] = {"f": "one", "g": "two"}

    def drafts(self) -> Drafts:
        """As a new process would have them."""
        return Drafts(self.store, self.keys.get, lambda name: f"draft of {name}")

    def entries(self) -> list[str]:
        database = sqlite3.connect(self.store.path)
        found = [key for (key,) in database.execute("SELECT key FROM results ORDER BY key")]
        database.close()
        return found

    def written(self, name: str = "f") -> Drafts:
        """Drafts of a run that was interrupted."""
        drafts = self.drafts()
        drafts.read(name)
        drafts.write(name, "x", b"half")
        return drafts


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / DIRECTORY)
    yield made
    made.store.close()
    assert made.said == []


def test_the_next_run_reads_what_was_written(desk: Desk) -> None:
    drafts = desk.written()
    drafts.write("f", "y", b"all")
    drafts.write("f", "x", b"more")
    assert desk.drafts().read("f") == {"x": b"more", "y": b"all"}
    assert desk.drafts().read("g") == {}


def test_nothing_is_made_before_there_is_something_to_keep(desk: Desk) -> None:
    drafts = desk.drafts()
    assert drafts.read("f") == {}
    drafts.clear(Scanned("f", (TargetReport("f"),)))
    assert not desk.store.path.exists()


def test_parts_of_an_earlier_run_stay_while_more_are_written(desk: Desk) -> None:
    desk.written()
    drafts = desk.drafts()
    drafts.read("f")
    drafts.write("f", "y", b"new")
    assert desk.drafts().read("f") == {"x": b"half", "y": b"new"}


def test_another_key_drops_them(desk: Desk) -> None:
    desk.written()
    desk.keys["f"] = "another"
    assert desk.drafts().read("f") == {}
    assert desk.entries() == []
    desk.keys["f"] = "one"
    assert desk.drafts().read("f") == {}


def test_a_change_during_the_scan_keeps_nothing_more(desk: Desk) -> None:
    drafts = desk.written()
    desk.keys["f"] = "another"
    drafts.write("f", "x", b"more")
    desk.keys["f"] = "one"
    assert desk.drafts().read("f") == {"x": b"half"}


def test_what_has_no_key_is_not_kept(desk: Desk) -> None:
    desk.keys["f"] = None
    assert desk.drafts().read("f") is None
    assert not desk.store.path.exists()


@pytest.mark.parametrize(("code", "left"), [(None, 0), (NO_FLOAT_INPUT, 0), (TIMED_OUT, 1), (CRASHED, 1)])
def test_a_report_drops_them_unless_it_is_to_be_tried_again(desk: Desk, code: str | None, left: int) -> None:
    drafts = desk.written()
    error = TargetError(code, "no") if code else None
    drafts.clear(Scanned("f", (TargetReport("f", error=error), TargetReport("g"))))
    assert len(desk.entries()) == left


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "3", '["one",[]]', '["one",{"mapping":[["x",3]]}]', '["one",{"bytes":"x"}]', cache.dumps(("one",))],
)
def test_an_entry_that_is_not_readable_is_dropped(desk: Desk, text: str) -> None:
    desk.store.write("draft of f", text)
    assert desk.drafts().read("f") == {}
    assert desk.entries() == []


def test_the_limits_of_the_store_hold(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ENTRY_LIMIT", 1000)
    monkeypatch.setattr(store, "SIZE_LIMIT", 1500)
    drafts = desk.written()
    drafts.write("f", "x", bytes(10_000))
    assert desk.drafts().read("f") == {"x": b"half"}
    drafts.write("f", "x", bytes(600))
    desk.written("g")
    desk.drafts().read("g")
    drafts = desk.drafts()
    drafts.read("g")
    drafts.write("g", "x", bytes(600))
    assert desk.entries() == ["draft of g"]
