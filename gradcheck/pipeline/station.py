"""A machine of a cluster: does what one request asks for, in a worker process of gradcheck's own.

In: an archive of the user's files, a setting and a request. Out: the worker's answer. Principle: what a target does to
its process happens to that worker, not to the cluster's: one that hangs, exits or crashes is an answer like others.
"""

import atexit
import functools
import json
import platform
import selectors
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from gradcheck import __version__, cache
from gradcheck.pipeline import bundles, installed_tensorflow
from gradcheck.pipeline.crew import TICK, Text, Work, begun, crashed, timed_out
from gradcheck.pipeline.deaths import Death
from gradcheck.pipeline.hands import Hand
from gradcheck.pipeline.messages import Answer, Bug, Counted, Divided, Done, Ended, Loaded, Names, Request, Setting
from gradcheck.records import TargetReport


@dataclass(frozen=True)
class Job:
    """What a station needs to know besides the files.

    Attributes:
        home: the working directory of the command, whose paths stand in reports.
        timeout: seconds that one target may take.
        machine: see `described`.
    """

    setting: Setting
    home: str
    timeout: float
    machine: tuple[str, ...]


@dataclass(frozen=True)
class Other:
    """An answer of a machine on which results could be others: what it is."""

    machine: tuple[str, ...]


@functools.cache
def described() -> tuple[str, ...]:
    """What results depend on here besides the target."""
    flint = metadata.version("python-flint")
    python, numpy = platform.python_version(), np.__version__
    versions = (f"gradcheck {__version__}", f"Python {python}", f"TensorFlow {installed_tensorflow()}")
    return (*versions, f"numpy {numpy}", f"python-flint {flint}", cache.instruction_set())


class Station:
    """One worker, for one archive at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.archive, self.place = b"", Path()
        self.hand: Hand | None = None

    def perform(self, archive: bytes, job: Job, name: str, request: Request) -> Answer | Other:
        """The answer to a request about a target."""
        if described() != job.machine:
            return Other(described())
        with self.lock:
            hand = self.ready(archive)
            hand.send(job.setting)
            hand.send(request)
            answer = self.answer(hand, begun(Text(name), job.timeout))
            return at_home(answer, str(self.place / bundles.HERE), job.home)

    def ready(self, archive: bytes) -> Hand:
        """A worker among the files of an archive."""
        if archive != self.archive:
            self.close()
            self.archive, self.place = archive, bundles.unpacked(archive)
        if self.hand is None:
            here, there = self.place / bundles.HERE, self.place / bundles.THERE
            self.hand = Hand(here, [str(here), str(there), *sys.path])
        return self.hand

    def answer(self, hand: Hand, work: Work) -> Answer:
        """What the worker says in the end, or how it ended."""
        while time.monotonic() <= work.deadline:
            answers = heard(hand)
            if answers is None:
                self.hand, death = None, hand.died()
                return Done(crashed(work, death.how, death.where), None)
            for answer in answers:
                match answer:
                    case Loaded():
                        work.loaded()
                    case Ended(how):
                        self.dismissed(hand)
                        return Done(crashed(work, f"was ended by {how}", ""), None)
                    case Names() | Done() | Divided() | Counted() | Bug():
                        return answer
        return Done(timed_out(work, self.dismissed(hand)), None)

    def dismissed(self, hand: Hand) -> Death:
        """End the worker."""
        self.hand = None
        return hand.end()

    def close(self) -> None:
        """End the worker and remove the files."""
        if self.hand is not None:
            self.dismissed(self.hand)
        if self.archive:
            shutil.rmtree(self.place, ignore_errors=True)


def heard(hand: Hand) -> list[Answer] | None:
    """What a worker says within a moment; None where it has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(hand.stream, selectors.EVENT_READ)
        try:
            return hand.received() if selector.select(TICK) else []
        except Exception:  # the target wrote onto the pipe
            return None


def at_home(answer: Answer, here: str, home: str) -> Answer:
    """An answer with the paths that it would have had at home."""
    match answer:
        case Done(report, environment):
            return Done(moved(report, here, home), environment)
        case Names(names, failure) if failure:
            return Names(names, moved(failure, here, home))
    return answer


def moved(report: TargetReport, here: str, home: str) -> TargetReport:
    """A report with another directory in its texts."""
    before, after = (json.dumps(place)[1:-1] for place in (here, home))
    found = cache.loads(cache.dumps(report).replace(before, after))
    assert isinstance(found, TargetReport)
    return found


station = Station()
"""Of this process."""

atexit.register(station.close)


def perform(archive: bytes, job: Job, name: str, request: Request) -> Answer | Other:
    """The task of a cluster; see `Station.perform`."""
    return station.perform(archive, job, name, request)
