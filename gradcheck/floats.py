"""Ordinals: the floats of a dtype as integers in order.

In: floats, decimals, bit patterns. Out: ordinals, and back. An ordinal is a float's position on the line of all floats
of its dtype: +0 is 0, the smallest positive subnormal is 1, -0 is -1, so neighbours differ by 1 (one ulp) and every
finite float, both zeros included, has exactly one. The map is the usual sign-magnitude to two's-complement fold of the
IEEE 754 bits (bfloat16: the upper half of a float32).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcheck.later import Later

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ordinals: TypeAlias = NDArray[np.int64]
    Doubles: TypeAlias = NDArray[np.float64]
    Patterns: TypeAlias = NDArray[Any]
else:
    np = Later("numpy")
    Ordinals = Doubles = Patterns = Any


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point dtype.

    Attributes:
        name: the dtype's name as TensorFlow and numpy spell it.
        bits: width in bits, 16, 32 or 64.
        mantissa_bits: stored mantissa bits, without the hidden one.
    """

    name: str
    bits: int
    mantissa_bits: int

    @cached_property
    def max_ordinal(self) -> int:
        """Ordinal of the largest finite float; that of its negative is `-max_ordinal - 1`."""
        exponent_bits = self.bits - 1 - self.mantissa_bits
        return (((1 << exponent_bits) - 1) << self.mantissa_bits) - 1

    @cached_property
    def min_ordinal(self) -> int:
        """Ordinal of the most negative finite float."""
        return -self.max_ordinal - 1

    @cached_property
    def min_exponent(self) -> int:
        """Binary exponent of the smallest normal float."""
        return 2 - (1 << (self.bits - 2 - self.mantissa_bits))

    @cached_property
    def largest(self) -> float:
        """The largest finite float."""
        return self.value(self.max_ordinal)

    @cached_property
    def largest_ulp(self) -> float:
        """Distance from the largest finite float to the one below it."""
        return math.ldexp(1.0, 1 - self.min_exponent - self.mantissa_bits)

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest positive normal float."""
        return math.ldexp(1.0, self.min_exponent)

    @property
    def flushes(self) -> bool:
        """Whether TensorFlow's CPU kernels flush its subnormals to 0; float16 is computed in float32."""
        return self.name != "float16"

    @cached_property
    def smallest_subnormal(self) -> float:
        """The smallest positive float."""
        return math.ldexp(1.0, self.min_exponent - self.mantissa_bits)

    def to_bits(self, ordinals: Ordinals) -> Patterns:
        """Bit patterns, unsigned of the dtype's width, of `ordinals` (any shape)."""
        sign = np.int64(-(1 << 63)) if self.bits == 64 else np.int64(1 << (self.bits - 1))
        return np.where(ordinals >= 0, ordinals, ~ordinals | sign).astype(f"uint{self.bits}")

    def from_bits(self, patterns: Patterns) -> Ordinals:
        """Ordinals of unsigned bit patterns of finite floats."""
        magnitude = (patterns & patterns.dtype.type((1 << (self.bits - 1)) - 1)).astype(np.int64)
        negative = (patterns >> patterns.dtype.type(self.bits - 1)).astype(bool)
        ordinals: Ordinals = np.where(negative, ~magnitude, magnitude)
        return ordinals

    def decode(self, ordinals: Ordinals) -> Doubles:
        """Exact values, as float64, of `ordinals` (any shape)."""
        return bits_to_doubles(self, self.to_bits(np.asarray(ordinals, dtype=np.int64)))

    def value(self, ordinal: int) -> float:
        """The exact value of one ordinal, what `decode` makes of it, without numpy."""
        magnitude = int(ordinal if ordinal >= 0 else ~ordinal)
        exponent, mantissa = magnitude >> self.mantissa_bits, magnitude & ((1 << self.mantissa_bits) - 1)
        if magnitude > self.max_ordinal:
            return math.nan if mantissa else math.copysign(math.inf, ordinal)
        hidden = 1 << self.mantissa_bits if exponent else 0
        value = math.ldexp(hidden | mantissa, max(exponent, 1) - 1 + self.min_exponent - self.mantissa_bits)
        return value if ordinal >= 0 else -value

    def encode(self, values: Any) -> Ordinals:
        """Ordinals of the floats nearest to float64 `values` (ties to even, beyond the largest: the largest)."""
        x = np.clip(np.asarray(values, dtype=np.float64), -self.largest, self.largest)
        if self.bits == 64:
            return self.from_bits(x.view(np.uint64))
        _, exponent = np.frexp(x)
        quantum = np.maximum(exponent - 1, self.min_exponent) - self.mantissa_bits
        rounded = np.ldexp(np.rint(np.ldexp(x, -quantum)), quantum)
        rounded = np.copysign(np.clip(rounded, -self.largest, self.largest), x)
        return self.from_bits(doubles_to_bits(self, rounded))

    def nearest(self, value: float) -> int:
        """The ordinal of the float nearest to a number, what `encode` makes of it, without numpy."""
        if value == 0 or math.isinf(value):
            ordinal = self.max_ordinal if value else 0
        else:
            above = max(math.frexp(value)[1] - 1 - self.min_exponent, 0)
            steps = round(math.ldexp(abs(value), self.mantissa_bits - self.min_exponent - above))
            ordinal = min((above << self.mantissa_bits) + steps, self.max_ordinal)
        return ordinal if math.copysign(1.0, value) > 0 else ~ordinal

    def shortest(self, ordinal: int) -> float:
        """The float64 with the shortest decimal that reads back to this float; without numpy."""
        magnitude = int(ordinal if ordinal >= 0 else ~ordinal)
        if self.bits == 64 or not 0 < magnitude <= self.max_ordinal:
            return self.value(ordinal)
        return math.copysign(shortest_of(self, magnitude), ordinal)

    def text(self, ordinal: int) -> str:
        """The shortest decimal that reads back to this float, without a bare `.0`."""
        return repr(self.shortest(ordinal)).removesuffix(".0")

    def hex(self, ordinal: int) -> str:
        """The float in C's hexadecimal notation, with the dtype's own number of mantissa digits."""
        value = self.value(ordinal)
        head, _, exponent = value.hex().partition("p")
        digits = -(-self.mantissa_bits // 4)
        lead, _, mantissa = head.partition(".")
        return f"{lead}.{mantissa[:digits].ljust(digits, '0')}p{exponent}"


def distinct(ordinals: Ordinals) -> Ordinals:
    """The distinct values, sorted; linear where the input is a few sorted pieces (np.unique hashes: slower)."""
    ordered = np.sort(ordinals, kind="stable")
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def shortest_of(fmt: FloatFormat, ordinal: int) -> float:
    """The float64 with the fewest digits that reads back to a positive float of at most 32 bits."""
    value = fmt.value(ordinal)
    below = (fmt.value(ordinal - 1) + value) / 2
    above = (fmt.value(ordinal + 1) + value) / 2 if ordinal < fmt.max_ordinal else value + fmt.largest_ulp / 2
    is_power = not ordinal & ((1 << fmt.mantissa_bits) - 1)  # above it the gap is wider: the nearest decimal may miss
    for digits in range(9):  # as many behind the point; 9 digits in all identify 24 bits of precision
        nearest = f"{value:.{digits}e}"
        for decimal in (float(nearest), float(next_up(nearest, digits))) if is_power else (float(nearest),):
            if below < decimal < above or (decimal in (below, above) and ordinal % 2 == 0):
                return decimal
    raise AssertionError(f"{value!r} is no {fmt.name}")


def next_up(decimal: str, digits: int) -> str:
    """The next decimal with as many digits behind the point: 1.24e+05 of 1.23e+05."""
    mantissa, _, exponent = decimal.partition("e")
    return f"{int(mantissa.replace('.', '')) + 1}e{int(exponent) - digits}"


def bits_to_doubles(fmt: FloatFormat, patterns: Patterns) -> Doubles:
    """Exact float64 values of unsigned bit patterns."""
    if fmt.name == "bfloat16":
        patterns = patterns.astype(np.uint32) << np.uint32(16)
    typed: NDArray[np.floating[Any]] = patterns.view("float32" if fmt.name == "bfloat16" else fmt.name)
    return typed.astype(np.float64)


def doubles_to_bits(fmt: FloatFormat, values: Doubles) -> Patterns:
    """Bit patterns of float64 values that the dtype holds exactly."""
    if fmt.name == "bfloat16":
        upper: NDArray[np.uint32] = values.astype(np.float32).view(np.uint32) >> np.uint32(16)
        return upper.astype(np.uint16)
    patterns: Patterns = values.astype(fmt.name).view(f"uint{fmt.bits}")
    return patterns


FORMATS: dict[str, FloatFormat] = {
    "float16": FloatFormat("float16", 16, 10),
    "bfloat16": FloatFormat("bfloat16", 16, 7),
    "float32": FloatFormat("float32", 32, 23),
    "float64": FloatFormat("float64", 64, 52),
}
