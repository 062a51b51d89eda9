"""The engine: run points of the line through a traced target, in blocks, and say what class each result is of.

In: a traced target, a plan and ordinals. Out: class codes, values, codes of intermediates. Every call takes one whole
block, the last one filled up, so that each float goes through the same kernels wherever it stands. Results are for
graph mode, inside a large tensor: TensorFlow's scalar kernels may give another last bit for a value alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradcheck.bisection import Codes
from gradcheck.errors import CANNOT_TRACE, CannotCheck, one_line
from gradcheck.floats import Doubles, FloatFormat, Ordinals
from gradcheck.records import Class, InputPlan, Tensor, TracedTarget

CLASSES: tuple[Class, ...] = (Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF, Class.NONE)
"""Class codes, by position; a combined code holds one of three bits for each column."""

COLUMN_BITS = 3
NONE = CLASSES.index(Class.NONE)
ZERO_SHIFT = 32
"""Above this bit, one bit a version says that its gradient is exactly 0."""


@dataclass(frozen=True)
class Values:
    """Outputs [n] and, for each version, gradients [n] or None, as float64, at n points."""

    outputs: Doubles
    gradients: tuple[Doubles | None, ...]


class Engine:
    """One target, one swept input, the other inputs held."""

    def __init__(self, target: TracedTarget, plan: InputPlan) -> None:
        self.target = target
        self.plan = plan
        self.fmt = target.inputs[plan.index].fmt
        self.versions = target.versions[plan.index]
        self.written = max(i for i, v in enumerate(self.versions) if v.name in ("autodiff", "custom"))
        self.held = [to_tensor(i.fmt, np.full(target.block, o)) for i, o in zip(target.inputs, plan.held, strict=True)]

    def classify(self, ordinals: Ordinals) -> Codes:
        """Combined class codes [n]: the output, then each version's gradient."""
        return self.without_zeros(self.classify_zeros(ordinals))

    def without_zeros(self, codes: Codes) -> Codes:
        """Codes of `classify_zeros` as those of `classify`."""
        plain: Codes = codes & ((1 << ZERO_SHIFT) - 1)
        return plain

    def classify_zeros(self, ordinals: Ordinals) -> Codes:
        """The same, and bits that say which gradients are exactly 0."""
        return np.concatenate([self.block_codes(b)[: len(b)] for b in self.blocks(ordinals)])

    def zero_bits(self) -> dict[str, int]:
        """The bit of `classify_zeros` for each version."""
        return {version.name: 1 << (ZERO_SHIFT + i) for i, version in enumerate(self.versions)}

    def columns(self, code: int) -> tuple[Class, ...]:
        """The classes in a combined code: of the output, then of each version's gradient."""
        mask = (1 << COLUMN_BITS) - 1
        return tuple(CLASSES[code >> (COLUMN_BITS * i) & mask] for i in range(len(self.versions) + 1))

    def values(self, ordinals: Ordinals) -> Values:
        """Outputs and gradients themselves."""
        blocks = [[doubles(t)[: len(b)] if t is not None else None for t in self.run(b)] for b in self.blocks(ordinals)]
        outputs, *gradients = (joined(column) for column in zip(*blocks, strict=True))
        assert outputs is not None, "every version has an output"
        return Values(outputs, tuple(gradients))

    def values_at(self, ordinals: list[int]) -> list[tuple[dict[str, float], float, dict[str, float | None]]]:
        """At each ordinal: all inputs by name, the output, and the gradient of each version."""
        values = self.values(np.array(ordinals, dtype=np.int64))
        held = {i.name: i.fmt.shortest(place) for i, place in zip(self.target.inputs, self.plan.held, strict=True)}
        swept = self.target.inputs[self.plan.index].name
        return [
            (
                {**held, swept: self.fmt.shortest(ordinal)},
                float(values.outputs[i]),
                {
                    v.name: None if g is None else float(g[i])
                    for v, g in zip(self.versions, values.gradients, strict=True)
                },
            )
            for i, ordinal in enumerate(ordinals)
        ]

    def block_codes(self, ordinals: Ordinals) -> Codes:
        """Combined class codes of one block."""
        codes = np.zeros(len(ordinals), dtype=np.int64)
        for i, tensor in enumerate(self.run(ordinals)):
            if tensor is None:
                codes |= np.int64(NONE) << (COLUMN_BITS * i)
                continue
            values = doubles(tensor)[: len(ordinals)]
            codes |= class_codes(values) << (COLUMN_BITS * i)
            if i:
                codes |= (values == 0).astype(np.int64) << (ZERO_SHIFT + i - 1)
        return codes

    def run(self, ordinals: Ordinals) -> list[Tensor | None]:
        """One block through every version: the output as it is written, then each gradient."""
        xs = self.inputs(ordinals)
        try:
            pairs = [version.run(*xs) for version in self.versions]
        except tf.errors.OpError as error:
            raise CannotCheck(CANNOT_TRACE, self.raised(ordinals, error)) from error
        return [pairs[self.written][0], *(gradient for _, gradient in pairs)]

    def inputs(self, ordinals: Ordinals) -> list[Tensor]:
        """A block of every input, the swept one filled up with its last value."""
        xs = list(self.held)
        padding = np.full(self.target.block - len(ordinals), ordinals[-1])
        xs[self.plan.index] = to_tensor(self.fmt, np.concatenate([ordinals, padding]))
        return xs

    def blocks(self, ordinals: Ordinals) -> Iterator[Ordinals]:
        """`ordinals` in pieces of at most one block."""
        for start in range(0, max(len(ordinals), 1), self.target.block):
            yield ordinals[start : start + self.target.block]

    def raised(self, ordinals: Ordinals, error: Exception) -> str:
        """One line on a target that raised in the middle of a sweep."""
        lo, hi = self.fmt.text(int(ordinals.min())), self.fmt.text(int(ordinals.max()))
        name = self.target.inputs[self.plan.index].name
        where = f"{name} in [{lo}, {hi}]"
        return f"{self.target.name}: it raised for some {where}: {words(error)}; leave that out with --range"


def words(error: Exception) -> str:
    """What an operation said when it raised, without the graph's stack."""
    text = str(getattr(error, "message", error)).split("[[", maxsplit=1)[0]
    said = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith((" ", "Detected at"))]
    return one_line(f"{type(error).__name__}: {said[-1] if said else text}", 160)


def to_tensor(fmt: FloatFormat, ordinals: Ordinals) -> Tensor:
    """A tensor of the floats at `ordinals`, bit for bit."""
    return tf.bitcast(tf.constant(fmt.to_bits(ordinals)), fmt.name)


def doubles(tensor: Tensor) -> Doubles:
    """A tensor's values as float64, which holds every value of the dtypes that are swept."""
    array: NDArray[np.generic] = tensor.numpy()
    return array.astype(np.float64)


def joined(columns: Sequence[Doubles | None]) -> Doubles | None:
    """Pieces of one column as one array."""
    pieces = [piece for piece in columns if piece is not None]
    return np.concatenate(pieces) if pieces else None


def class_codes(values: Doubles) -> Codes:
    """Class codes of float64 values."""
    codes = np.zeros(len(values), dtype=np.int64)
    odd = ~np.isfinite(values)
    if odd.any():
        nans = np.isnan(values)
        codes[odd] = np.where(nans[odd], 1, np.where(values[odd] > 0, 2, 3))
    return codes
