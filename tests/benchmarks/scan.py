"""How long a scan takes: python tests/benchmarks/scan.py, by hand.

Prints medians of several runs in this machine's own seconds: a warm scan of one float32 function (TensorFlow imported,
the function traced anew each time), the bare sweep that it contains for comparison, and `gradcheck --help` as a process.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import tensorflow as tf

from gradcheck import pipeline
from gradcheck.options import STRATA, ScanOptions

RUNS = 7
TARGETS = (
    "samples.softplus:my_softplus",
    "samples.softplus:my_better_softplus",
    "samples.losses:distance",
    "tensorflow.math:acos",
    "tensorflow.math:digamma",
)


def median(action: Callable[[], object]) -> str:
    """Median, fastest and slowest of several runs after one that does not count."""
    action()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return f"{statistics.median(seconds):6.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})"


def bare_sweep() -> Callable[[], object]:
    """As many floats as a scan draws through output and gradient of softplus, and nothing else."""

    @tf.function
    def run(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        y = tf.math.log(tf.exp(x) + 1)
        return y, tf.gradients(y, x)[0]

    block = tf.constant(np.linspace(-100, 100, 1 << 14, dtype=np.float32))
    return lambda: [run(block)[1].numpy() for _ in range(STRATA >> 14)]


def main() -> None:
    """Print the table."""
    for target in TARGETS:
        print(f"warm scan of {target:38} {median(partial(pipeline.run, (target,), ScanOptions()))}")
    print(f"bare sweep of softplus, {STRATA:,} floats       {median(bare_sweep())}")
    command = [sys.executable, "-m", "gradcheck", "--help"]
    help_text = partial(subprocess.run, command, capture_output=True, check=True)
    print(f"gradcheck --help, a process                        {median(help_text)}")


if __name__ == "__main__":
    main()
