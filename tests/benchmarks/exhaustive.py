"""How fast a proof is: every float32, beside a bare loop that only sums the same gradients, in one process.

Run it on an idle machine: python tests/benchmarks/exhaustive.py [--rounds N]

The bare loop has its own best block size, found here, and as many threads; it computes no output and looks at nothing.
Prints floats a second, ratios and block sizes; peak memory at the end. The bars: 0.8 of the bare loop for
`my_softplus`, forward and autodiff; 0.6 for `my_better_softplus` with both versions.

With --accuracy it prints instead, in the same way, what --exhaustive takes with every finite gradient held against
float64, as a multiple of what it takes without; --floats N runs about N floats in 32 even stretches instead of all.
"""

import resource
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from gradcheck import loading, planning, tracing  # noqa: E402
from gradcheck.engine import Engine  # noqa: E402
from gradcheck.engine.census import census, set_up, signed  # noqa: E402
from gradcheck.engine.counter import counter_of  # noqa: E402
from gradcheck.engine.screen import Allowance, screened  # noqa: E402
from gradcheck.floats import FORMATS  # noqa: E402
from gradcheck.machine import cores  # noqa: E402
from gradcheck.options import TOLERANCES, ScanOptions  # noqa: E402

ALL = 4_278_190_080
BLOCKS = [1 << k for k in range(15, 23)]
STRETCHES = 32
TARGETS = {"samples.softplus:my_softplus": 0.8, "samples.softplus:my_better_softplus": 0.6}


def softplus(z: Any) -> Any:
    """The function whose autodiff gradients the bare loop sums: that of the sample."""
    return tf.math.log(tf.exp(z) + 1)


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)], autograph=False)
def bare(offsets: Any, first: Any) -> Any:
    """The sum of a block's gradients."""
    z = tf.bitcast(offsets + first, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = softplus(z)
    return tf.reduce_sum(tape.gradient(y, z))


def seconds(block: int, floats: int) -> float:
    """Time of the bare loop over some floats, half of them negative, with one Python thread a core."""
    offsets = tf.constant(np.arange(block, dtype=np.int32))
    half = floats // 2 // block
    firsts = [sign + k * block for sign in (0, -(1 << 31)) for k in range(half)]

    def run(mine: list[int]) -> None:
        for first in mine:
            bare(offsets, tf.constant(first, tf.int32)).numpy()

    run(firsts[:1])
    workers = [threading.Thread(target=run, args=(firsts[k :: cores()],)) for k in range(cores())]
    began = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return perf_counter() - began


def engine_of(name: str) -> Engine:
    """The engine of a sample, all floats planned."""
    target = tracing.trace(loading.load(name), None)
    (plan,) = planning.plan_inputs(name, target.inputs, ScanOptions(exhaustive=True))
    return Engine(target, plan)


def timed(call: Callable[[], object]) -> float:
    """Seconds of a call."""
    began = perf_counter()
    call()
    return perf_counter() - began


def narrowed(engine: Engine, floats: int) -> Engine:
    """An engine of even stretches of the line."""
    step, width = ALL // STRETCHES, floats // STRETCHES
    starts = [engine.fmt.min_ordinal + i * step for i in range(STRETCHES)]
    return Engine(engine.target, replace(engine.plan, segments=tuple((s, s + width - 1) for s in starts)))


def accuracy(rounds: int, floats: int | None) -> None:
    """Print what accuracy costs: the time of classes and accuracy as a multiple of that of classes alone."""
    fmt = FORMATS["float32"]
    allowance = Allowance(TOLERANCES[fmt.name], 2.0**-24, fmt.smallest_normal * 2.0**24)
    engines = {name: engine_of(name) if floats is None else narrowed(engine_of(name), floats) for name in TARGETS}
    for _ in range(rounds):
        for name, engine in engines.items():
            began = perf_counter()
            runs = census(engine)
            between = perf_counter()
            assert runs is not None
            screened(engine, runs, allowance)
            classes, both = between - began, perf_counter() - began
            print(f"{name:40} classes {classes:6.2f} s  and accuracy {both:6.2f} s  ratio {both / classes:.2f}")


def number(option: str) -> int | None:
    """The number behind an option."""
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else None


def main() -> None:
    """Print the table."""
    rounds = number("--rounds") or 3
    set_up()
    loading.make_working_directory_importable()
    if "--accuracy" in sys.argv:
        accuracy(rounds, number("--floats"))
        return
    block = min(BLOCKS, key=lambda b: min(seconds(b, 1 << 27) for _ in range(3)))
    engines = {name: engine_of(name) for name in TARGETS}
    print(f"{cores()} threads; the bare loop's best block: {block:,} floats")
    for name, engine in engines.items():
        counter = counter_of(engine, list(signed(engine.plan.segments)))
        print(f"{name}: blocks of {counter.width:,}" if counter else f"{name}: no blocks")
    for _ in range(rounds):
        best = seconds(block, ALL)
        print(f"{'bare loop':40} {best:6.2f} s  {ALL / best / 1e9:.3f}e9 floats a second")
        for name, bar in TARGETS.items():
            took = timed(lambda engine=engines[name]: census(engine))  # type: ignore[misc]
            print(
                f"{name:40} {took:6.2f} s  {ALL / took / 1e9:.3f}e9 floats a second  ratio {best / took:.2f} (bar {bar})"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
