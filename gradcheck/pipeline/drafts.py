"""What unfinished scans have got so far, in the cache: the same command goes on there after it was interrupted.

In: finished parts of targets, from whatever scans them. Out: the same in the next run, if the key of the target is what
it was. Principle: a target and its options have one entry, which goes when the target has a report, or another key.
"""

from collections.abc import Callable, Mapping

from gradcheck import cache
from gradcheck.errors import NO_FLOAT_INPUT, NOT_SUPPORTED_YET
from gradcheck.pipeline import Scanned

KEPT_ERRORS = (NO_FLOAT_INPUT, NOT_SUPPORTED_YET)
"""Errors that follow from the target alone; after others the scan may be tried again."""


class Drafts:
    """A keeper, see `gradcheck.checkpoints`.

    Args:
        store: where the entries are.
        key: the key of a target's name now, None where it cannot be told.
        place: the key of its entry, the same when its sources change.
    """

    def __init__(
        self, store: cache.Store, key: Callable[[str], str | None], place: Callable[[str], str | None]
    ) -> None:
        self.store, self.key, self.place = store, key, place
        self.begun: dict[str, tuple[str, dict[str, bytes]]] = {}

    def read(self, name: str) -> Mapping[str, bytes] | None:
        """What there is of a target; an entry of another key, or one that is not readable, is dropped."""
        place, key = self.place(name), self.key(name)
        if place is None or key is None:
            return None
        written = self.store.read(place)
        parts = parts_in(written, key) if written else {}
        if parts is None:
            self.store.forget(place)
        self.begun[name] = key, dict(parts or {})
        return parts or {}

    def write(self, name: str, part: str, content: bytes) -> None:
        """Keep a part, unless something that it depends on changed meanwhile."""
        key, parts = self.begun[name]
        place = self.place(name)
        if place is not None and self.key(name) == key:
            parts[part] = content
            self.store.write(place, cache.dumps((key, parts)))

    def clear(self, scanned: Scanned) -> None:
        """Drop the entries of targets that have a report."""
        for report in scanned.reports:
            _, parts = self.begun.pop(report.target, ("", {}))
            place = self.place(report.target)
            if parts and place is not None and (report.error is None or report.error.code in KEPT_ERRORS):
                self.store.forget(place)


def parts_in(written: str, key: str) -> dict[str, bytes] | None:
    """The parts in an entry; None where they are of another key, or not readable."""
    try:
        found, parts = cache.loads(written)
    except (ValueError, TypeError):
        return None
    if found != key or not isinstance(parts, dict) or not all(isinstance(part, bytes) for part in parts.values()):
        return None
    return parts
