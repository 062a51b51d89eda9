"""The child: scans one target after another in a process that may hang, exit, crash or be killed.

In: requests on one descriptor. Out: answers on another; standard output is not used, since targets print there. The
stack of a dying process goes to a third, so that the parent can name the line. Principle: nothing here survives the
parent, whose end is the end of the requests.
"""

import contextlib
import ctypes
import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gradcheck import checkpoints, loading, progress
from gradcheck.configuration import EMPTY
from gradcheck.errors import CannotCheck, one_line
from gradcheck.options import Said
from gradcheck.pipeline import environment_of_tensorflow, failed
from gradcheck.pipeline.messages import (
    Answer,
    Bug,
    Divide,
    Done,
    Ended,
    Expand,
    Finished,
    Inbox,
    Loaded,
    Names,
    Note,
    Scan,
    Setting,
    Share,
)
from gradcheck.pipeline.messages import frame as framed
from gradcheck.records import TargetReport

PR_SET_PDEATHSIG = 1
"""Linux: the signal that the kernel sends when the parent dies, even to a process that hangs in native code."""


class Send(Protocol):
    """Takes an answer to the parent."""

    def __call__(self, answer: Answer) -> None:
        """Send one."""


def main(requests: int, answers: int, last_words: int, parent: int) -> None:
    """Answer requests until there is no more parent; the descriptors are this process's own."""
    end_with_parent(parent)
    for descriptor in (requests, answers, last_words):
        os.set_inheritable(descriptor, False)
    faulthandler.enable(last_words)
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGTERM, last_words, chain=True)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=receive, args=(requests, inbox), daemon=True).start()
    work(inbox, sender(answers))
    sys.stdout.flush()
    os._exit(1)  # threads of the target's would hold an ordinary exit up


def end_with_parent(parent: int) -> None:
    """Ask the kernel to; where it cannot, the end of the requests does, unless native code holds Python's lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            leave()


def leave() -> None:
    """End this process and all that the targets started in its group."""
    os.killpg(0, signal.SIGKILL)


def receive(requests: int, inbox: "queue.SimpleQueue[Any]") -> None:
    """Read requests until they end."""
    received = Inbox()
    while piece := os.read(requests, 1 << 16):
        for message in received.taken(piece):
            inbox.put(message)
    leave()


def sender(answers: int) -> Send:
    """What writes answers, from any thread, whole; a child that the target forked by itself has none to give."""
    lock, me = threading.Lock(), os.getpid()

    def send(answer: Answer) -> None:
        if os.getpid() != me:
            os._exit(0)
        rest = memoryview(framed(answer))
        with lock:
            while rest:
                rest = rest[os.write(answers, rest) :]

    return send


def work(inbox: "queue.SimpleQueue[Any]", send: Send) -> None:
    """Do what is asked for, one thing after another; ends with a last word where the target or gradcheck fails."""
    loading.make_working_directory_importable()
    setting = Setting(Said(), EMPTY)
    with progress.told_to(lambda line: send(Note(line))):
        while True:
            try:
                match inbox.get():
                    case Setting() as setting:
                        continue
                    case Expand(text):
                        answer: Answer = expanded(text)
                    case Scan(name, kept):
                        with checkpoints.kept_by(Carrier(kept, send)):
                            answer = Done(scanned(name, setting, send), environment_of_tensorflow())
                    case Divide() | Share() as request:
                        from gradcheck.pipeline import shares

                        answer = shares.answer(request, setting, lambda: send(Loaded()))
            except (SystemExit, KeyboardInterrupt, MemoryError) as error:  # nobody but the target raises these here
                send(Ended(one_line(f"{type(error).__name__}: {error}").rstrip(": ")))
                return
            except BaseException as error:
                send(Bug(one_line(repr(error)), traceback.format_exc()))
                return
            sys.stdout.flush()
            send(answer)


@dataclass(frozen=True)
class Carrier:
    """Takes to the parent what is finished of the one target that is scanned; see `checkpoints.Keeper`."""

    kept: Mapping[str, bytes] | None
    send: Send

    def read(self, name: str) -> Mapping[str, bytes] | None:
        """What the parent sent along."""
        return self.kept

    def write(self, name: str, part: str, content: bytes) -> None:
        """Send it."""
        self.send(Finished(part, content))


def expanded(text: str) -> Names:
    """The targets that a text stands for."""
    try:
        return Names(loading.expand(text))
    except CannotCheck as error:
        return Names((), failed(text, error))


def scanned(name: str, setting: Setting, send: Send) -> TargetReport:
    """One target; the parent is told when its module is there, and TensorFlow too."""
    try:
        from gradcheck.pipeline import scanning

        loaded = scanning.load(name, setting.said, setting.configured)
        from gradcheck import tracing  # noqa: F401

        send(Loaded())
        return scanning.scan_loaded(loaded, setting.said, setting.configured)
    except CannotCheck as error:
        return failed(name, error)
