"""What is global in the user's process, as it was before the scan.

In: nothing. Out: a context after which the path of imports, the warnings filters, the random generators, Keras's
counters and TensorFlow's settings are the user's again, and in which none of the user's own disturbs the scan: warnings
that are errors, NumPy that raises at an overflow, functions that run eagerly.
"""

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.loading import fresh
from gradcheck.machine import guest

TURN = threading.RLock()
"""What is global cannot be given back by two scans at once."""


@contextlib.contextmanager
def left_as_they_were() -> Iterator[None]:
    """Within it a scan may run."""
    with TURN, guest(), warnings.catch_warnings(), np.errstate(all="ignore"), as_graphs():
        warnings.simplefilter("ignore")
        path, state = list(sys.path), fresh.current()
        try:
            yield
        finally:
            sys.path[:] = path
            fresh.restore(state)


@contextlib.contextmanager
def as_graphs() -> Iterator[None]:
    """Within it `tf.function`s are graphs, whatever `tf.config.run_functions_eagerly` was told."""
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is None or not tensorflow.config.functions_run_eagerly():
        yield
        return
    tensorflow.config.run_functions_eagerly(False)
    try:
        yield
    finally:
        tensorflow.config.run_functions_eagerly(True)
