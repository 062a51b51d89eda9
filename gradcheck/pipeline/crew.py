"""The parent: hands targets out to worker processes, and outlives whatever they do.

In: texts, options. Out: what came of each text, in their order, whoever was ready first. Principle: the parent knows
what it has asked of whom and since when; a worker that hangs, exits, crashes or is killed costs the one target that it
was asked for, and another takes its place.
"""

import selectors
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from gradcheck import checkpoints
from gradcheck.configuration import Configuration
from gradcheck.errors import CRASHED, TIMED_OUT, CannotCheck
from gradcheck.machine import cores
from gradcheck.options import Said
from gradcheck.pipeline import Progress, Scanned, failed
from gradcheck.pipeline.deaths import Death
from gradcheck.pipeline.hands import Hand
from gradcheck.pipeline.messages import Answer, Bug, Done, Ended, Expand, Finished, Loaded, Names, Note, Scan, Setting
from gradcheck.records import Environment, TargetReport

LOADING_TIMEOUT = 60.0
"""Seconds that importing a target may take at least, whatever --timeout says: TensorFlow alone takes 3, on a busy
machine ten times as long, and a worker imports it only once."""

TICK = 0.5
"""Seconds between two looks at the clock."""


class WorkerBug(Exception):
    """An exception of gradcheck's own in a worker."""


class WorkerTraceback(Exception):
    """Its traceback, as text; it is raised from this, so that it is printed."""


@dataclass(frozen=True)
class Crew:
    """A scanner whose targets run in worker processes.

    Attributes:
        jobs: how many workers there may be; None: one a core.
        timeout: seconds that one target may take.
    """

    jobs: int | None
    timeout: float

    def __call__(
        self, texts: tuple[str, ...], said: Said, configured: Configuration, progress: Progress
    ) -> Iterator[Scanned]:
        """Scan `texts`; see `gradcheck.pipeline.Scanner`."""
        with closing(Shift(texts, Setting(said, configured), self, progress)) as shift:
            for text in shift.texts:
                while not text.is_done:
                    shift.proceed()
                yield Scanned(text.text, tuple(r for r in text.reports if r), text.environment)


@dataclass
class Text:
    """One text of the command line, and how far it is.

    Attributes:
        names: what it stands for; None while that is not known.
        reports: of the names; None while there is none.
        begun: names that were handed out; the text itself while it is expanded.
        environment: of the reports.
    """

    text: str
    names: tuple[str, ...] | None = None
    reports: list[TargetReport | None] = field(default_factory=list)
    begun: int = 0
    environment: Environment | None = None

    @property
    def size(self) -> int:
        """How many targets it has, as far as that is known."""
        return 1 if self.names is None else len(self.names)

    @property
    def is_done(self) -> bool:
        """Whether every report is there."""
        return self.names is not None and None not in self.reports

    def expanded(self, names: tuple[str, ...]) -> None:
        """Note what it stands for."""
        self.names, self.reports, self.begun = names, [None] * len(names), 0

    def end_with(self, report: TargetReport) -> None:
        """Note that it stands for nothing but a report of what went wrong."""
        self.names, self.reports, self.begun = (self.text,), [report], 1


@dataclass
class Work:
    """What one worker was asked for.

    Attributes:
        text, index: which target; the index is None while a text is expanded.
        number: of the target in the whole run, from 1.
        timeout: seconds that it may take when it is loaded.
        deadline: on the monotonic clock.
        is_loaded: whether its module is imported.
        note: what it last said of itself.
    """

    text: Text
    index: int | None
    number: int
    timeout: float
    deadline: float
    limit: float
    is_loaded: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """Of the target."""
        return self.text.text if self.index is None or self.text.names is None else self.text.names[self.index]

    def loaded(self) -> None:
        """Note that its module is there: the clock begins again."""
        self.is_loaded, self.limit = True, self.timeout
        self.deadline = time.monotonic() + self.limit

    def finish(self, report: TargetReport, environment: Environment | None = None) -> None:
        """Put the report in its place."""
        self.text.environment = self.text.environment or environment
        if self.index is None:
            self.text.end_with(report)
        else:
            self.text.reports[self.index] = report


def begun(text: Text, timeout: float, index: int | None = None, number: int = 1) -> Work:
    """Work that is handed out now."""
    limit = max(timeout, LOADING_TIMEOUT)
    return Work(text, index, number, timeout, time.monotonic() + limit, limit)


class Shift:
    """The workers of one run, and what is still to do."""

    def __init__(self, texts: tuple[str, ...], setting: Setting, crew: Crew, progress: Progress) -> None:
        self.texts = [Text(text) for text in texts]
        self.setting, self.crew, self.progress = setting, crew, progress
        self.limit = crew.jobs or cores()
        self.idle: list[Hand] = []
        self.busy: dict[Hand, Work] = {}
        self.selector = selectors.DefaultSelector()

    def close(self) -> None:
        """End every worker."""
        for hand in (*self.busy, *self.idle):
            self.dismiss(hand)
        self.selector.close()

    def proceed(self) -> None:
        """Hand out what there is, then wait for something to happen, for a moment."""
        self.hand_out()
        self.progress(self.status())
        ended = [hand for hand in self.busy if hand.process.poll() is not None]
        ready = [key.data for key, _ in self.selector.select(0 if ended else TICK)]
        for hand in ready:
            self.listen(hand)
        for hand in ended:
            if hand in self.busy and hand not in ready:  # what a target started holds the pipe, so that it never ends
                self.bury(hand)
        self.watch()

    def hand_out(self) -> None:
        """Give every worker something to do, and take on workers while there is more of it."""
        while (self.idle or len(self.busy) < self.limit) and (work := self.next_work()):
            hand = self.idle.pop() if self.idle else self.hired()
            self.busy[hand] = work
            hand.send(Expand(work.name) if work.index is None else Scan(work.name, checkpoints.read(work.name)))

    def next_work(self) -> Work | None:
        """The first target, in the order of the command line, that nobody has begun."""
        before = 0
        for text in self.texts:
            if text.begun < text.size:
                index = None if text.names is None else text.begun
                text.begun += 1
                return begun(text, self.crew.timeout, index, before + text.begun)
            before += text.size
        return None

    def hired(self) -> Hand:
        """A new worker."""
        try:
            hand = Hand()
        except OSError as error:
            raise CannotCheck(CRASHED, f"a worker process cannot be started: {error.strerror}; try --jobs 1") from error
        hand.send(self.setting)
        self.selector.register(hand.stream, selectors.EVENT_READ, hand)
        return hand

    def dismiss(self, hand: Hand) -> Death:
        """End a worker; whatever it still had to say is lost."""
        self.forget(hand)
        return hand.end()

    def forget(self, hand: Hand) -> None:
        """Take a worker off the lists."""
        self.busy.pop(hand, None)
        if hand in self.idle:
            self.idle.remove(hand)
        self.selector.unregister(hand.stream)

    def listen(self, hand: Hand) -> None:
        """Read what a worker has to say, or that it is no more."""
        try:
            answers = hand.received()
        except Exception:  # the target wrote onto the pipe
            answers = None
        for answer in answers or ():
            self.answered(hand, answer)
        if answers is None:
            self.bury(hand)

    def bury(self, hand: Hand) -> None:
        """A worker is no more; if it was at work, that is what it died of."""
        work = self.busy.get(hand)
        self.forget(hand)
        death = hand.died()
        if work:
            work.finish(crashed(work, death.how, death.where))

    def answered(self, hand: Hand, answer: Answer) -> None:
        """One answer of a worker that is busy; one that is not has none to give."""
        work = self.busy.get(hand)
        if work is None:
            return
        match answer:
            case Loaded():
                work.loaded()
            case Note(line):
                work.note = line
            case Finished(part, content):
                checkpoints.write(work.name, part, content)
            case Names(names, failure):
                if failure:
                    work.finish(failure)
                else:
                    work.text.expanded(names)
                self.rest(hand)
            case Done(report, environment):
                work.finish(report, environment)
                self.rest(hand)
            case Ended(how):
                self.dismiss(hand)
                work.finish(crashed(work, f"was ended by {how}", ""))
            case Bug():
                raise WorkerBug(answer.summary) from WorkerTraceback("\n" + answer.traceback)

    def rest(self, hand: Hand) -> None:
        """A worker has done what it was asked for."""
        del self.busy[hand]
        self.idle.append(hand)

    def watch(self) -> None:
        """End the workers whose time is up."""
        now = time.monotonic()
        for hand, work in list(self.busy.items()):
            if now > work.deadline:
                work.finish(timed_out(work, self.dismiss(hand)))

    def status(self) -> str:
        """Which targets are being scanned, as one line."""
        total = sum(text.size for text in self.texts)
        return ", ".join(
            f"{work.name} ({work.number} of {total})" + (f": {work.note}" if work.note else "")
            for work in self.busy.values()
        )


def crashed(work: Work, how: str, where: str) -> TargetReport:
    """The report of a target that took its process down."""
    doing = "being scanned" if work.is_loaded else "being imported"
    words = f"{work.name}: its process {how} while {doing}{where}; run that alone to see more"
    return failed(work.name, CannotCheck(CRASHED, words))


def timed_out(work: Work, death: Death) -> TargetReport:
    """The report of a target that took too long."""
    doing = "scanning" if work.is_loaded else "importing"
    words = f"{work.name}: {doing} it took more than {work.limit:g} s{death.where}; give it more: --timeout"
    return failed(work.name, CannotCheck(TIMED_OUT, f"{words} {2 * work.limit:g}s"))
