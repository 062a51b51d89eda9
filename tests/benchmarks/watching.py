"""What watching a healthy run costs, beside the same loop unwatched, in one process.

Run it on an idle machine: python tests/benchmarks/watching.py [--rounds N] [--steps N] [--modes graph xla eager]
[--optimizer sgd|adam] [--without watched] [--turns N]

A dense 512-1024-512-10 network (a million weights) at batch 64, trained by a GradientTape and an optimizer of Keras's,
five ways: plain, plain once more (what the ratios of this machine are worth), watched, under
tf.debugging.enable_check_numerics, and with a reduction over every gradient that is read at every step. Each way has a
new network of the same seed in every round, is traced anew and warmed up inside its context, and then timed; every round
begins with the next way. Then, more exactly, one watched loop whose watcher is set aside for every other stretch of steps (--turns
of them): what the machine does meanwhile happens to both. Prints ms a step, the ratio to the plain loop of the same round by the clock and in processor
time, which a busy machine spoils less (medians and quartiles), and whether the weights and the optimizer's slots end the
same, bit for bit. The bars: 1.05 in graph mode, 1.10 under XLA and in eager mode.
"""

import argparse
import gc
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

BATCH, BATCHES, WARM_UP = 64, 16, 3
STRETCH = 64
"""Steps between two turns: two of the segments that the watcher keeps, and four of its looks."""

BARS = {"graph": 1.05, "xla": 1.10, "eager": 1.10}
SHARE = {"graph": 1.0, "xla": 1.0, "eager": 0.2}
"""Of --steps: an eager step under check_numerics takes a hundred times as long as a traced one."""
# The step of SGD is the shortest, so that what is added weighs most; under check_numerics Adam's many operations are checked.
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(1e-2),
    "adam": lambda: keras.optimizers.Adam(1e-4),
}


@dataclass(frozen=True)
class Timing:
    """Seconds a step in one round, by the clock and of the processor, and a hash of the variables behind it."""

    wall: float
    processor: float
    state: str


@contextmanager
def check_numerics() -> Iterator[None]:
    """TensorFlow's own check, which is global, and does not unwrap what was traced under it."""
    tf.debugging.enable_check_numerics()
    try:
        yield
    finally:
        tf.debugging.disable_check_numerics()


def watched() -> AbstractContextManager[object]:
    """The tool."""
    import gradcheck

    context: AbstractContextManager[object] = gradcheck.watching()
    return context


WAYS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "plain": nullcontext,
    "plain again": nullcontext,
    "watched": watched,
    "check_numerics": check_numerics,
    "reduction": nullcontext,
}


def network() -> keras.Model:
    """512-1024-512-10, always the same."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    dense = [layers.Dense(1024, activation="relu"), layers.Dense(512, activation="relu"), layers.Dense(10)]
    return keras.Sequential([keras.Input([512]), *dense])


def batches() -> list[tuple[tf.Tensor, tf.Tensor]]:
    """What is trained on."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCHES, BATCH, 512), "float32")
    y = rng.integers(10, size=(BATCHES, BATCH))
    return [(tf.constant(a), tf.constant(b)) for a, b in zip(x, y, strict=True)]


def step_of(mode: str, model: keras.Model, optimizer: Any, reduced: bool) -> Callable[[tf.Tensor, tf.Tensor], Any]:
    """A step as people write it; it returns the loss, or with `reduced` whether every gradient is finite."""

    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        if reduced:
            return tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g in gradients])
        return loss

    run: Callable[[tf.Tensor, tf.Tensor], Any]
    run = step if mode == "eager" else tf.function(step, jit_compile=mode == "xla")
    if not reduced:
        return run

    def read(x: tf.Tensor, y: tf.Tensor) -> None:
        if not run(x, y):
            raise FloatingPointError("a gradient is not finite")

    return read


def timed(way: str, mode: str, optimizer: str, steps: int) -> Timing:
    """One round of one way: a new network, traced and warmed up, then timed."""
    data = batches()
    with WAYS[way]():
        model, updates = network(), OPTIMIZERS[optimizer]()
        updates.build(model.trainable_variables)
        step = step_of(mode, model, updates, way == "reduction")
        for x, y in data[:WARM_UP]:
            step(x, y)
        gc.collect()  # what tracing left
        wall, processor = time.perf_counter(), time.process_time()
        for n in range(steps):
            step(*data[n % BATCHES])
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    state = b"".join(np.asarray(v).tobytes() for v in (*model.weights, *updates.variables))
    return Timing(wall / steps, processor / steps, hashlib.sha256(state).hexdigest())


def measured(mode: str, ways: list[str], options: argparse.Namespace) -> dict[str, list[Timing]]:
    """All rounds of a mode; a way that raises is told and left out."""
    timings: dict[str, list[Timing]] = {way: [] for way in ways}
    steps = round(SHARE[mode] * options.steps)
    for n in range(options.rounds):
        for way in rotated(list(timings), n):
            try:
                timings[way].append(timed(way, mode, options.optimizer, steps))
            except tf.errors.OpError as error:
                print(f"{mode:6} {way:14} does not run: {error.message.splitlines()[0][:80]}")
                del timings[way]
    return timings


def in_turns(mode: str, optimizer: str, turns: int) -> tuple[list[Timing], list[Timing]]:
    """One loop, watched and not in turns: seconds a step of each stretch (plain, watched)."""
    from gradcheck.options import WatchOptions
    from gradcheck.pipeline.watched import Watching

    data, steps = batches(), STRETCH if mode != "eager" else STRETCH // 4
    found: dict[bool, list[Timing]] = {False: [], True: []}
    with Watching(WatchOptions()) as watching:
        watcher = watching.hooks.watcher
        model, updates = network(), OPTIMIZERS[optimizer]()
        updates.build(model.trainable_variables)
        step = step_of(mode, model, updates, reduced=False)
        for n in range(2 * BATCHES):
            step(*data[n % BATCHES])
        gc.collect()
        gc.freeze()
        for n in range(2 * turns):
            on = n % 4 in (1, 2)  # each comes first as often as the other
            watching.hooks.watcher = watcher if on else None
            wall, processor = time.perf_counter(), time.process_time()
            for k in range(steps):
                step(*data[k % BATCHES])
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            found[on].append(Timing(wall / steps, processor / steps, ""))
        watching.hooks.watcher = watcher
    gc.unfreeze()
    return found[False], found[True]


def told_turns(mode: str, plain: list[Timing], mine: list[Timing]) -> None:
    """The same, in a line."""
    wall = spread([a.wall / b.wall for a, b in zip(mine, plain, strict=True)])
    processor = spread([a.processor / b.processor for a, b in zip(mine, plain, strict=True)])
    each = 1000 * float(np.median([t.wall for t in mine]))
    print(f"{mode:6} watched turns  {each:7.2f} ms a step  clock {wall}  processor {processor}  (bar {BARS[mode]:.2f})")


def rotated(ways: list[str], n: int) -> list[str]:
    """Every way is the first one in turn: what came before warms the caches, or fills the memory."""
    return ways[n % len(ways) :] + ways[: n % len(ways)]


def told(mode: str, timings: dict[str, list[Timing]]) -> None:
    """A line a way."""
    plain = timings["plain"]
    for way, mine in timings.items():
        wall = spread([a.wall / b.wall for a, b in zip(mine, plain, strict=True)])
        processor = spread([a.processor / b.processor for a, b in zip(mine, plain, strict=True)])
        same = "same bits" if {t.state for t in mine} == {t.state for t in plain} else "OTHER BITS"
        print(
            f"{mode:6} {way:14} {1000 * np.median([t.wall for t in mine]):7.2f} ms a step"
            f"  clock {wall}  processor {processor}  {same}{f'  (bar {BARS[mode]:.2f})' * (way == 'watched')}",
            flush=True,
        )
    if len({t.state for t in plain}) > 1:
        print(f"{mode:6} the plain loop itself ends with other bits from round to round")


def spread(ratios: list[float]) -> str:
    """The median and the quartiles."""
    low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return f"{median:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What watching costs.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--modes", nargs="+", choices=list(BARS), default=list(BARS))
    parser.add_argument("--optimizer", choices=list(OPTIMIZERS), default="sgd")
    parser.add_argument("--without", nargs="+", choices=list(WAYS)[1:], default=[])
    options = parser.parse_args()
    ways = [way for way in WAYS if way not in options.without]
    print(
        f"{options.rounds} rounds of {options.steps} steps, {options.optimizer}, batch {BATCH}, load {os.getloadavg()[0]:.1f}"
    )
    for mode in options.modes:
        if options.rounds:
            told(mode, measured(mode, ways, options))
        if options.turns:
            told_turns(mode, *in_turns(mode, options.optimizer, options.turns))
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
