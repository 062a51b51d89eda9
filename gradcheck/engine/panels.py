"""One input of one target in several modes at once.

In: an engine for each mode. Out: codes that hold the classes of all of them, so that a bisection finds the exact floats
at which any one of them changes. Zeros are no class here: modes differ in what they flush.
"""

from collections.abc import Mapping

import numpy as np

from gradcheck.bisection import Codes
from gradcheck.engine import Engine
from gradcheck.floats import Ordinals
from gradcheck.records import Class

MODE_BITS = 16
"""Bits of a code for each mode: three for its output and for each of up to four gradients."""


class Panel:
    """Engines of the same plan, by mode.

    Attributes:
        names: of the versions that every mode has.
    """

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self.engines = engines
        every = [[v.name for v in engine.versions] for engine in engines.values()]
        self.names = tuple(name for name in every[0] if all(name in names for names in every))

    def classify(self, ordinals: Ordinals) -> Codes:
        """Combined class codes [n] of all modes."""
        codes = np.zeros(len(ordinals), np.int64)
        for k, engine in enumerate(self.engines.values()):
            codes |= engine.classify(ordinals) << (MODE_BITS * k)
        return codes

    def columns(self, code: int) -> tuple[Class, ...]:
        """The classes in a code: for each mode the output, then the gradient of each shared version."""
        found: list[Class] = []
        for k, engine in enumerate(self.engines.values()):
            forward, *gradients = engine.columns(code >> (MODE_BITS * k) & ((1 << MODE_BITS) - 1))
            by_name = dict(zip((v.name for v in engine.versions), gradients, strict=True))
            found += [forward, *(by_name[name] for name in self.names)]
        return tuple(found)
