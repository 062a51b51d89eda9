"""The table of operations: what each TensorFlow operation computes, in real arithmetic.

One file a family, one entry an operation type. A rule takes a run, a node and its input arrays, and returns its output
arrays. An entry may not use TensorFlow's own gradient: it is what that is judged by.
"""

from collections.abc import Mapping

from gradcheck.truth.ops import (
    arithmetic,
    arrays,
    bessel,
    blocks,
    choices,
    control,
    diagonals,
    exponentials,
    gradients,
    incomplete,
    linear,
    lists,
    normalization,
    reductions,
    searching,
    segments,
    slices,
    softmaxes,
    special,
    trigonometric,
    windows,
)
from gradcheck.truth.running import Rule

FAMILIES = (
    arithmetic,
    arrays,
    bessel,
    blocks,
    choices,
    control,
    diagonals,
    exponentials,
    gradients,
    incomplete,
    linear,
    lists,
    normalization,
    reductions,
    searching,
    segments,
    slices,
    softmaxes,
    special,
    trigonometric,
    windows,
)

TABLE: Mapping[str, Rule] = {op: rule for family in FAMILIES for op, rule in family.RULES.items()}
