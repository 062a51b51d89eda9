"""A scanner that answers from the cache what has not changed, and leaves the rest to another one.

In: texts of the command line, as for any scanner. Out: what came of them, in their order. A text has one entry, however
many functions it stands for; of those that are not finished each has its own, see `drafts`. Kept is what a scan of the
same files would say again: no errors of this moment (a time-out, a crash, an import that failed), nothing that the
clock cut short.
"""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

from gradcheck import cache, checkpoints
from gradcheck.cache import Origin
from gradcheck.configuration import Configuration
from gradcheck.errors import CannotCheck
from gradcheck.loading.names import Place, parse
from gradcheck.options import Said
from gradcheck.pipeline import Progress, Scanned, Scanner
from gradcheck.pipeline.drafts import KEPT_ERRORS, Drafts
from gradcheck.records import Environment, TargetReport

KINDS = {
    Place.MODULE: "module",
    Place.FILE: "file",
    Place.SAVED_MODEL: "model",
    Place.KERAS_FILE: "model",
    Place.REPRO: "model",
}


def remembering(scanner: Scanner, warn: cache.Warn) -> Scanner:
    """A scanner in front of another one; `warn` gets one line where the cache in the working directory is no good."""

    def scan(texts: tuple[str, ...], said: Said, configured: Configuration, progress: Progress) -> Iterator[Scanned]:
        with closing(cache.Store(Path.cwd() / cache.DIRECTORY, warn)) as store:
            desk = Desk(store, texts, said, configured)
            known = {text: desk.recall(text) for text in texts}
            missing = tuple(text for text in texts if known[text] is None)
            fresh = scanner(missing, said, configured, progress) if missing else iter(())
            lasting = any(o.exhaustive for text in missing for o in configured.every(text, said))
            with checkpoints.kept_by(desk.drafts) if lasting else nullcontext():
                for text in texts:
                    found = known[text]
                    if found is None:
                        found = next(fresh)
                        desk.keep(found)
                        desk.drafts.clear(found)
                    yield found

    return scan


class Desk:
    """What one run asks of the cache and brings to it."""

    def __init__(self, store: cache.Store, texts: tuple[str, ...], said: Said, configured: Configuration) -> None:
        self.store = store
        self.words = said
        self.configured = configured
        self.memory = cache.Remembered(store)
        self.surroundings = tuple(cache.surroundings())
        self.origins = {text: origin_of(text) for text in (*texts, *against_in(texts, said, configured))}
        self.keys: dict[str, str | None] = {}
        self.drafts = Drafts(store, self.key, lambda name: self.said(name, "draft"))

    def recall(self, text: str) -> Scanned | None:
        """What came of a text when it was last scanned, if that is what would come now."""
        key = self.keys[text] = self.key(text)
        written = self.store.read(key) if key else None
        if key is None or written is None:
            return None
        found = scanned_of(text, written)
        if found is None:
            self.store.forget(key)
        return found if found and cache.still_hold(found.reports) else None

    def keep(self, scanned: Scanned) -> None:
        """Keep what came of a text, unless something that it depends on changed meanwhile."""
        key = self.keys[scanned.text]
        if key is None or not scanned.environment or not all(map(lasts, scanned.reports)):
            return
        if self.key(scanned.text) == key:
            try:
                written = cache.dumps((scanned.environment, scanned.reports))
            except cache.Unwritable:
                return
            self.store.write(key, written)
            self.memory.learn()

    def key(self, text: str) -> str | None:
        """The key of a text, or of a target that it stands for, now."""
        names = (text, *against_in((text,), self.words, self.configured))
        origins = [self.origins[name] if name in self.origins else origin_of(name) for name in names]
        said = self.said(text)
        known = tuple(origin for origin in origins if origin)
        others = tuple(origin for origin in self.origins.values() if origin)
        if said is None or len(known) < len(origins):
            return None
        return cache.key_of(known, others, (said, *self.surroundings), self.memory)

    def said(self, text: str, *more: str) -> str | None:
        """All that the command line and the configuration say of a text."""
        try:
            return cache.dumps((text, self.words, self.configured.about(text), *more))
        except cache.Unwritable:
            return None


def origin_of(text: str) -> Origin | None:
    """Where a target lives, None where it does not."""
    try:
        name = parse(text)
    except CannotCheck:
        return None
    return Origin(KINDS[name.place], name.text)


def against_in(texts: tuple[str, ...], said: Said, configured: Configuration) -> tuple[str, ...]:
    """The targets that others are compared with."""
    every = (options.against for text in texts for options in configured.every(text, said))
    return tuple(dict.fromkeys(against for against in every if against))


def lasts(report: TargetReport) -> bool:
    """Whether the same files would give the same report."""
    if report.error:
        return report.error.code in KEPT_ERRORS
    return not (report.search and report.search.cut)


def scanned_of(text: str, written: str) -> Scanned | None:
    """An entry of the cache; None where it is not readable."""
    try:
        environment, reports = cache.loads(written)
    except (ValueError, TypeError):
        return None
    if not isinstance(environment, Environment) or not all(isinstance(report, TargetReport) for report in reports):
        return None
    return Scanned(text, reports, environment)
