"""One worker as its parent sees it: a process and three pipes, the third for its last words.

In: requests. Out: answers, and how it ended. Principle: a worker is ended with its whole process group, politely first;
whatever state it is in, nothing here waits for it without a limit.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gradcheck.pipeline.deaths import Death
from gradcheck.pipeline.messages import Answer, Inbox, Request
from gradcheck.pipeline.messages import frame as framed

GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL; SIGTERM already ends whatever does not catch it."""

PROGRAM = """
import sys
sys.path[:] = {path!r}
from gradcheck.pipeline.worker import main
main(*{descriptors}, {parent})
"""
"""Run with -c: the modules are found where the parent finds them, before and after the working directory's own."""


class Hand:
    """A worker process. `stream` is what its answers arrive on; it belongs into a selector.

    Args:
        directory: its working directory; None: this one.
        path: its `sys.path`; None: this process's.
    """

    def __init__(self, directory: Path | None = None, path: list[str] | None = None) -> None:
        self.inbox = Inbox()
        requests, self.requests = os.pipe()
        self.stream, answers = os.pipe()
        self.last_words, last_words = os.pipe()
        theirs = (requests, answers, last_words)
        for descriptor in (self.requests, self.stream, self.last_words, last_words):
            os.set_blocking(descriptor, False)
        program = PROGRAM.format(path=sys.path if path is None else path, descriptors=theirs, parent=os.getpid())
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=error_descriptor(),
                pass_fds=theirs,
                start_new_session=True,
            )
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def send(self, request: Request) -> None:
        """Hand out work; a worker that is no more says so by the end of its stream."""
        rest = memoryview(framed(request))
        with contextlib.suppress(BrokenPipeError):
            while rest:
                try:
                    rest = rest[os.write(self.requests, rest) :]
                except BlockingIOError:  # 64 KiB are on their way; it reads them in a thread of its own
                    time.sleep(0.001)

    def received(self) -> list[Answer] | None:
        """Answers that have arrived; None at the end of the stream."""
        piece = os.read(self.stream, 1 << 20)
        return list(self.inbox.taken(piece)) if piece else None

    def died(self) -> Death:
        """How a worker ended whose stream did."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        return self.end()

    def end(self) -> Death:
        """End it and all that its targets started, if it has not ended by itself."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(self.watched())
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait()
        self.signal(signal.SIGKILL)  # what it started; a group's number is not given away while it has members
        try:
            return Death(self.process.returncode, os.read(self.last_words, 1 << 16).decode("utf-8", "replace"))
        except BlockingIOError:  # there are none, and something that the target started holds the pipe
            return Death(self.process.returncode)
        finally:
            self.close()

    def watched(self) -> float:
        """Sleep until it has ended, where the kernel says so; gives the seconds that are left for `wait`.

        That one looks at growing intervals, and sees an end 30 ms late.
        """
        if not hasattr(os, "pidfd_open"):
            return GRACE
        try:
            ending = os.pidfd_open(self.process.pid)
        except OSError:  # an old kernel
            return GRACE
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(ending, selectors.EVENT_READ)
                selector.select(GRACE)
        finally:
            os.close(ending)
        return 0.0

    def signal(self, number: int) -> None:
        """Send a signal to its group, which may be empty by now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in (self.requests, self.stream, self.last_words):
            os.close(descriptor)


def error_descriptor() -> Any:
    """Where a target's own words go: standard error, if it is open."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2
