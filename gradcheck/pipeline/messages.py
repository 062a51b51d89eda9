"""Messages between the parent and a worker, as frames: eight bytes with the length, then a pickle.

In: a record, or bytes as they arrive. Out: bytes, or the records that are complete. A sender that dies in the middle of
a message leaves half a frame, which is never read. Pickles are trusted here as far as the target's code is: the worker
that wrote them runs it.
"""

import pickle
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gradcheck.configuration import Configuration
from gradcheck.options import Said
from gradcheck.records import Environment, TargetReport

LENGTH = struct.Struct("!Q")


@dataclass(frozen=True)
class Setting:
    """To a worker, once: what all its scans have in common."""

    said: Said
    configured: Configuration


@dataclass(frozen=True)
class Expand:
    """To a worker: find the targets that a text stands for."""

    text: str


@dataclass(frozen=True)
class Scan:
    """To a worker: scan one target.

    Attributes:
        kept: what an earlier run has finished of it; None where nobody wants to know what this one has.
    """

    name: str
    kept: Mapping[str, bytes] | None = None


@dataclass(frozen=True)
class Divide:
    """To a worker: cut the lines of a target, of which every float is to be run, into shares."""

    name: str


@dataclass(frozen=True)
class Share:
    """To a worker: run the floats from `first` up to `last` (not included) of a line, counted along its plan."""

    name: str
    part: str
    first: int
    last: int


@dataclass(frozen=True)
class Loaded:
    """From a worker: the target's module is imported, and so is TensorFlow; the scan begins."""


@dataclass(frozen=True)
class Note:
    """From a worker: how far it is."""

    line: str


@dataclass(frozen=True)
class Finished:
    """From a worker: what it has finished of a target, to be kept until that is scanned again."""

    part: str
    content: bytes


@dataclass(frozen=True)
class Divided:
    """From a worker: the shares of a target, in order; none where it is not elementwise, or cannot be checked."""

    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Counted:
    """From a worker: the tally of a share; nothing where it could not be run."""

    content: bytes


@dataclass(frozen=True)
class Names:
    """From a worker: what a text stands for, or the report of why that cannot be told."""

    names: tuple[str, ...]
    failure: TargetReport | None = None


@dataclass(frozen=True)
class Done:
    """From a worker: a target's report."""

    report: TargetReport
    environment: Environment | None


@dataclass(frozen=True)
class Ended:
    """From a worker, its last: the target ended it by an exception that nothing stops, `MemoryError: ...`."""

    how: str


@dataclass(frozen=True)
class Bug:
    """From a worker, its last: an exception of gradcheck's own, with its traceback."""

    summary: str
    traceback: str


Request: TypeAlias = Setting | Expand | Scan | Divide | Share
Answer: TypeAlias = Loaded | Note | Finished | Divided | Counted | Names | Done | Ended | Bug


def frame(message: Request | Answer) -> bytes:
    """A message as bytes."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


class Inbox:
    """What has arrived so far of a stream of frames."""

    def __init__(self) -> None:
        self.received = bytearray()

    def taken(self, piece: bytes) -> Iterator[Any]:
        """The messages that are complete once `piece` has arrived."""
        self.received += piece
        while len(self.received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self.received)
            if len(self.received) < LENGTH.size + length:
                return
            body = bytes(self.received[LENGTH.size : LENGTH.size + length])
            del self.received[: LENGTH.size + length]
            yield pickle.loads(body)
