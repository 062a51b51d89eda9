"""Look at a version's intermediates along the line.

In: an engine, one of its versions and ordinals. Out: for each intermediate a code that changes where it becomes NaN,
infinite or flushed, changes sign or passes a danger point, and its distance from that point.
"""

import numpy as np
from numpy.typing import NDArray

from gradcheck.bisection import Codes
from gradcheck.engine import Engine, doubles
from gradcheck.floats import Doubles, Ordinals
from gradcheck.records import Probe


class Prober:
    """The intermediates of one version."""

    def __init__(self, engine: Engine, probe: Probe) -> None:
        self.engine = engine
        self.probe = probe
        self.approaches = [(i, d) for i, ds in enumerate(probe.dangers) for d in ds]

    def look(self, ordinals: Ordinals) -> tuple[Codes, NDArray[np.float64]]:
        """Codes [intermediates, n], and distances [approaches, n] of an intermediate from a danger point."""
        blocks = [self.block(b) for b in self.engine.blocks(ordinals)]
        return (
            np.concatenate([codes for codes, _ in blocks], axis=1),
            np.concatenate([distances for _, distances in blocks], axis=1),
        )

    def block(self, ordinals: Ordinals) -> tuple[Codes, NDArray[np.float64]]:
        """`look` for one block."""
        n = len(ordinals)
        values = [doubles(t)[:n] for t in self.probe.run(*self.engine.inputs(ordinals))]
        tiny = self.engine.fmt.smallest_normal
        codes = np.array([intermediate_codes(v, d, tiny) for v, d in zip(values, self.probe.dangers, strict=True)])
        distances = [np.abs(values[i] - danger) for i, danger in self.approaches]
        return codes, np.array(distances).reshape(len(distances), n)


def intermediate_codes(values: Doubles, dangers: tuple[float, ...], tiny: float) -> Codes:
    """0 flushed to zero, 1 and 2 its sign, 3 NaN, 4 and 5 infinite; and on which side of each danger point it is."""
    with np.errstate(invalid="ignore"):
        codes = np.where(np.abs(values) < tiny, 0, np.where(values < 0, 1, 2))
        codes = np.where(np.isfinite(values), codes, np.where(np.isnan(values), 3, np.where(values > 0, 4, 5)))
        for place, danger in enumerate(d for d in dangers if d != 0):
            side = np.where(values < danger, 1, np.where(values > danger, 2, 0))
            codes = codes + 6 * 3**place * side
    return codes.astype(np.int64)
