"""One float elsewhere: alone and in a batch, in eager mode, in graph mode and compiled by XLA.

In: an engine, one of its versions, an ordinal. Out: what comes out there in each way that can be tried. The batch is
one of equal floats: SIMD kernels take it, and a float alone goes through their scalar tail, which may give another
class.
"""

from collections.abc import Iterator

import numpy as np

from gradcheck.engine import Engine, doubles, to_tensor
from gradcheck.records import Elsewhere, Version

SIZES = {"graph": (1, 16), "eager": (1, 16), "xla": (16,)}
"""What a training step may run in, and elements of a tensor; XLA compiles for each size, which takes 0.1 s."""


def elsewhere(engine: Engine, version: Version, ordinal: int) -> Iterator[Elsewhere]:
    """The results at an ordinal in every mode and size that TensorFlow can do."""
    for mode, sizes in SIZES.items():
        run = version.in_mode(mode)
        if run is None:
            continue
        for size in sizes:
            xs = [
                to_tensor(i.fmt, np.full(size, ordinal if k == engine.plan.index else held))
                for k, (i, held) in enumerate(zip(engine.target.inputs, engine.plan.held, strict=True))
            ]
            try:
                y, *gradient = run(*xs)
            except Exception:  # XLA has no kernel for it, say: then nothing is known of this mode
                break
            found = doubles(gradient[0]) if gradient and gradient[0] is not None else None
            at = engine.fmt.shortest(ordinal)
            yield Elsewhere(at, mode, size, float(doubles(y)[0]), None if found is None else float(found[0]))
