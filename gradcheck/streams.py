"""Keep TensorFlow's start-up chatter off standard error.

In: nothing. Out: a context in which the process's file descriptor 2 goes through a filter. TensorFlow's C++ code logs
before its own log level is read, so the lines can only be caught on the descriptor itself. Everything else passes.
"""

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

CHATTER = re.compile(rb"(WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:)")
LAST = b"\0gradcheck: the last of it\0"
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextlib.contextmanager
def without_tensorflow_logs() -> Iterator[TextIO]:
    """Filter descriptor 2; yields a stream to the real one. A log level set by the user is left alone, unfiltered."""
    if LOG_LEVEL in os.environ or not owns_descriptor(sys.stderr):
        yield sys.stderr
        return
    os.environ[LOG_LEVEL] = "3"
    sys.stderr.flush()
    real = os.dup(2)
    source, sink = os.pipe()
    os.dup2(sink, 2)
    os.close(sink)
    passed = threading.Event()
    reader = threading.Thread(target=forward, args=(source, real, passed), daemon=True)
    reader.start()
    with os.fdopen(os.dup(real), "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1) as terminal:
        try:
            yield terminal
        finally:
            sys.stderr.flush()
            os.write(2, LAST)
            passed.wait()  # a process that the target left running may hold the pipe, and the reader, for longer
            os.dup2(real, 2)
            reader.join(timeout=0.5)
            os.environ.pop(LOG_LEVEL, None)


def forward(source: int, real: int, passed: threading.Event) -> None:
    """Copy lines that are not chatter; `passed` is set when `LAST` comes by."""
    with os.fdopen(source, "rb", buffering=0) as stream:
        rest = b""
        while piece := stream.read(4096):
            before, last, after = (rest + piece).partition(LAST)
            *lines, rest = before.split(b"\n")
            for line in lines:
                if not CHATTER.match(line):
                    pass_on(real, line + b"\n")
            if last:
                if rest and not CHATTER.match(rest):
                    pass_on(real, rest)
                rest = after
                passed.set()
    os.close(real)


def pass_on(real: int, line: bytes) -> None:
    """Write to the real one; if it is full or closed there is nobody to tell, and reading must go on."""
    with contextlib.suppress(OSError):
        os.write(real, line)


def owns_descriptor(stream: TextIO) -> bool:
    """Whether a stream writes to descriptor 2 (not so under a test runner that captures it)."""
    try:
        return stream.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False
