"""A machine of a cluster, without the cluster: requests become answers, whatever the target does to its process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck.cache import Origin
from gradcheck.configuration import EMPTY
from gradcheck.options import ScanOptions
from gradcheck.pipeline import bundles
from gradcheck.pipeline.messages import Done, Expand, Names, Scan, Setting
from gradcheck.pipeline.station import Job, Other, Station, described


@pytest.fixture
def station() -> Iterator[Station]:
    made = Station()
    yield made
    made.close()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Targets that are nowhere else."""
    monkeypatch.chdir(tmp_path)
    texts = {
        "leaves.py": "import os\nos._exit(3)\n",
        "raises.py": "raise ValueError('no ' + __file__)\n",
        "stops.py": "raise KeyboardInterrupt('mine')\n",
        "scans.py": "# gradcheck: scan\ndef f(x):\n    return x\n",
    }
    for name, text in texts.items():
        Path(name).write_text(text)
    content = bundles.packed(tuple(Origin("file", name) for name in texts))
    for name in texts:
        Path(name).unlink()
    return content


def job(machine: tuple[str, ...] | None = None) -> Job:
    return Job(Setting(ScanOptions(), EMPTY), "/home/me/project", 60.0, machine or described())


def test_a_worker_stays_for_the_next_request_unless_it_ended(station: Station, archive: bytes) -> None:
    assert station.perform(archive, job(), "scans.py", Expand("scans.py")) == Names(("scans.py:f",))
    hand = station.hand
    found = station.perform(archive, job(), "nosuch:f", Scan("nosuch:f"))
    assert isinstance(found, Done)
    assert station.hand is hand
    for name, words in (("leaves", "exited with status 3"), ("stops", "was ended by KeyboardInterrupt: mine")):
        found = station.perform(archive, job(), f"{name}.py:f", Scan(f"{name}.py:f"))
        assert isinstance(found, Done)
        assert found.report.error is not None
        assert (found.report.error.code, words in found.report.error.message) == ("GC905", True)
        assert station.hand is None
    assert station.perform(archive, job(), "scans.py", Expand("scans.py")) == Names(("scans.py:f",))


def test_paths_are_those_at_home(station: Station, archive: bytes) -> None:
    found = station.perform(archive, job(), "raises.py:f", Scan("raises.py:f"))
    assert isinstance(found, Done)
    assert found.report.error is not None
    assert "ValueError: no /home/me/project/raises.py" in found.report.error.message


def test_another_machine_says_what_it_is_and_runs_nothing(station: Station, archive: bytes) -> None:
    other = ("gradcheck 0", *described()[1:])
    assert station.perform(archive, job(other), "leaves.py:f", Scan("leaves.py:f")) == Other(described())
    assert station.hand is None


def test_its_files_go_with_it(archive: bytes) -> None:
    station = Station()
    station.perform(archive, job(), "scans.py", Expand("scans.py"))
    place = station.place
    assert place.exists()
    station.close()
    assert not place.exists()
