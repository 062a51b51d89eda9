"""A scanner whose targets run on a Dask cluster, and with `--exhaustive` shares of their lines too.

In: texts, options, the address of a scheduler. Out: what came of each text, as from the workers of `crew`. Principle: a
machine that is lost costs the tasks that it had, which Dask gives to another one; the tallies of shares are put
together here, in order, and the scan that follows begins with them as an interrupted one does with its own.
"""

import logging
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck import checkpoints
from gradcheck.cache import Origin
from gradcheck.configuration import Configuration
from gradcheck.errors import BAD_CONFIGURATION, CRASHED, CannotCheck, one_line
from gradcheck.options import Said
from gradcheck.pipeline import Progress, Scanned, bundles, failed
from gradcheck.pipeline.crew import Text, Work, WorkerBug, WorkerTraceback, begun
from gradcheck.pipeline.messages import (
    Bug,
    Counted,
    Divide,
    Divided,
    Done,
    Expand,
    Names,
    Request,
    Scan,
    Setting,
    Share,
)
from gradcheck.pipeline.remembered import against_in, origin_of
from gradcheck.pipeline.station import Job, Other, described, perform

if TYPE_CHECKING:
    from gradcheck.pipeline.gathering import Gathering

ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}")

PATIENCE = 10
"""Seconds to wait for the scheduler."""


@dataclass(frozen=True)
class Cluster:
    """A scanner whose targets run on the workers of a scheduler.

    Attributes:
        address: of the scheduler.
        timeout: seconds that one target may take.
    """

    address: str
    timeout: float

    def __call__(
        self, texts: tuple[str, ...], said: Said, configured: Configuration, progress: Progress
    ) -> Iterator[Scanned]:
        """Scan `texts`; see `gradcheck.pipeline.Scanner`."""
        job = Job(Setting(said, configured), str(Path.cwd()), self.timeout, described())
        archive = bundles.packed(origins_of((*texts, *against_in(texts, said, configured))))
        with closing(connected(self.address)) as client:
            errand = Errand(client, archive, job, [Text(text) for text in texts], progress)
            for text in errand.texts:
                while not text.is_done:
                    errand.proceed()
                yield Scanned(text.text, tuple(r for r in text.reports if r), text.environment)


def origins_of(names: tuple[str, ...]) -> tuple[Origin, ...]:
    """Where targets live; their files must be in the working directory, whose paths hold on every machine."""
    found = tuple(origin for name in names if (origin := origin_of(name)))
    for origin in found:
        if origin.kind != "module" and not Path(origin.text).resolve().is_relative_to(Path.cwd()):
            words = f"{origin.text}: a cluster is sent the files of the working directory; go to where the target is"
            raise CannotCheck(BAD_CONFIGURATION, words)
    return found


def connected(address: str) -> Any:
    """A client of the scheduler."""
    try:
        from distributed import Client
    except ImportError as error:
        words = f"--cluster needs dask.distributed ({error}); pip install 'gradcheck[cluster]'"
        raise CannotCheck(BAD_CONFIGURATION, words) from error
    if not ADDRESS.fullmatch(address):  # one that distributed cannot read would end in a traceback at exit
        raise CannotCheck(BAD_CONFIGURATION, f"--cluster {address}: no address; write HOST:PORT or tcp://HOST:PORT")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        answers(address)
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, OverflowError, ValueError, TypeError) as error:  # a time-out is an OSError
        words = f"--cluster {address}: there is no scheduler; start one, dask scheduler, and give its address"
        raise CannotCheck(BAD_CONFIGURATION, words) from error
    if not client.scheduler_info(n_workers=-1)["workers"]:
        client.close()
        raise CannotCheck(
            BAD_CONFIGURATION, f"--cluster {address}: it has no workers; start some, dask worker {address}"
        )
    return client


def answers(address: str) -> None:
    """Whether anybody is there at all: a refusal is told at once, where distributed would try again and again."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()


class Errand:
    """The tasks of one run."""

    def __init__(self, client: Any, archive: bytes, job: Job, texts: list[Text], progress: Progress) -> None:
        from distributed import as_completed

        self.client, self.job, self.texts, self.progress = client, job, texts, progress
        self.archive = client.submit(bytes, archive, pure=False)
        self.tasks: dict[str, tuple[Work, Request]] = {}
        self.completed = as_completed([], loop=client.loop)
        self.lines: dict[int, Gathering] = {}
        self.done = 0
        for text in texts:
            self.submit(begun(text, job.timeout), Expand(text.text))

    def submit(self, work: Work, request: Request) -> None:
        """Hand a task out."""
        future = self.client.submit(perform, self.archive, self.job, work.name, request, pure=False)
        self.tasks[future.key] = work, request
        self.completed.add(future)

    def proceed(self) -> None:
        """Wait for a task, and go on with what came of it."""
        self.progress(f"{self.done} of {self.done + len(self.tasks)} tasks are done")
        future = next(self.completed)
        work, request = self.tasks.pop(future.key)
        self.done += 1
        self.answered(work, request, answer_of(future, work))

    def answered(self, work: Work, request: Request, answer: Any) -> None:
        """One answer."""
        match answer:
            case Bug():
                raise WorkerBug(answer.summary) from WorkerTraceback("\n" + answer.traceback)
            case Other(machine):
                here, there = next((a, b) for a, b in zip(self.job.machine, machine, strict=True) if a != b)
                words = (
                    f"--cluster: a worker has {one_line(there, 60)}, here is {one_line(here, 60)}; make them the same"
                )
                raise CannotCheck(BAD_CONFIGURATION, words)
            case Names(names, failure):
                if failure:
                    work.finish(failure)
                    return
                work.text.expanded(names)
                for index in range(len(names)):
                    self.begin(begun(work.text, self.job.timeout, index))
            case Divided(shares):
                self.divide(work, shares)
            case Counted(content) if isinstance(request, Share):
                self.gather(work, request, content)
            case Done(report, environment) if isinstance(request, Scan | Expand):
                work.finish(report, environment)
            case _ if isinstance(request, Share):  # the process that it was run in ended: the scan says why
                self.gather(work, request, b"")
            case _:
                self.scan(work, checkpoints.read(work.name))

    def begin(self, work: Work) -> None:
        """Begin with a target."""
        setting = self.job.setting
        if setting.configured.before_loading(work.name, setting.said).exhaustive:
            self.submit(work, Divide(work.name))
        else:
            self.scan(work, None)

    def divide(self, work: Work, shares: tuple[Share, ...]) -> None:
        """Hand out the shares of a target that are not known yet."""
        from gradcheck.pipeline.gathering import Gathering  # imports TensorFlow

        lines = self.lines[id(work)] = Gathering(work.name, shares)
        for share in lines.shares:
            self.submit(work, share)
        if not lines.shares:
            self.scan(work, lines.kept())

    def gather(self, work: Work, share: Share, content: bytes) -> None:
        """Put a share where it belongs; after the last one the target is scanned."""
        lines = self.lines[id(work)]
        if lines.shares:
            lines.add(share, content)
            if not lines.shares:
                self.scan(work, lines.kept())

    def scan(self, work: Work, kept: Mapping[str, bytes] | None) -> None:
        """Scan a target, all but what is known of its lines."""
        self.submit(work, Scan(work.name, kept))


def answer_of(future: Any, work: Work) -> Any:
    """What came of a task; a report where its machines ended, one after the other."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        words = f"{work.name}: every worker of the cluster that took it ended; run it without --cluster to see more"
        return Done(failed(work.name, CannotCheck(CRASHED, words)), None)
