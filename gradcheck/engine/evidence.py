"""Is a target elementwise, and is it a function at all? Decided by evidence.

In: an engine. Out: nothing, or `CannotCheck`. Run again, a block must give the same classes and values; permuted, each
element must keep its value and gradient; with half of its neighbours replaced, so must the other half; and so must an
element among nothing but its equals.
"""

import numpy as np

from gradcheck.engine import Engine, Values
from gradcheck.errors import CANNOT_TRACE, NOT_SUPPORTED_YET, CannotCheck, NotElementwise
from gradcheck.floats import Doubles, Ordinals

ULPS = 4
"""Last bits in which a lane of a kernel may differ from another one."""

ALONE = 8
"""Elements of a block that are run among their equals: what asks whether any element, or all of them, are above 0 gets
the same answer for every mixed block."""

MODERATE = 4.0
"""Values of the first block lie within this distance of 0, where sums over a block stay finite and visible."""


def require_elementwise(engine: Engine, seed: int) -> None:
    """Raise `CannotCheck` unless the evidence says that every element is on its own."""
    rng = np.random.default_rng(seed)
    n = engine.target.block
    lo, hi = engine.plan.segments[0][0], engine.plan.segments[-1][1]
    moderate = np.clip(engine.fmt.encode(rng.uniform(-MODERATE, MODERATE, n)), lo, hi)
    anywhere = rng.integers(lo, hi, n, endpoint=True)
    for block, others in ((moderate, anywhere), (anywhere, moderate)):
        base = engine.values(block)
        if block is moderate and takes_rows(engine) and np.isnan(base.outputs).all():
            raise NotElementwise(
                NOT_SUPPORTED_YET, f"{engine.target.name}: not elementwise: a row alone has no value anywhere"
            )
        if not agree(engine, base, engine.values(block)):
            raise CannotCheck(
                CANNOT_TRACE,
                f"{engine.target.name}: two runs of one input differ; make it deterministic: seed or remove the noise",
            )
        order = rng.permutation(n)
        kept = rng.permutation(n) < n // 2
        swapped = np.where(kept, block, others)
        if (
            not agree(engine, base, engine.values(block[order]), order)
            or not agree(engine, base, engine.values(swapped), np.arange(n), kept)
            or not alike_alone(engine, base, block)
        ):
            raise NotElementwise(
                NOT_SUPPORTED_YET,
                f"{engine.target.name}: not elementwise: an element's result changes with its neighbours",
            )


def alike_alone(engine: Engine, base: Values, block: Ordinals) -> bool:
    """Whether the first elements of a block keep their results among their equals; points that run one by one do."""
    if engine.target.looped:
        return True
    return all(
        agree(engine, base, engine.values(block[i : i + 1]), np.array([i])) for i in range(min(ALONE, len(block)))
    )


def takes_rows(engine: Engine) -> bool:
    """Whether one call takes several elements, by its signature."""
    return any(d is None or d > 1 for i in engine.target.inputs for d in i.shape)


def agree(
    engine: Engine, base: Values, again: Values, order: Ordinals | None = None, kept: np.ndarray | None = None
) -> bool:
    """Whether all values of two runs are the same but for the last bits, element order[i] of the first at i."""
    pairs = zip((base.outputs, *base.gradients), (again.outputs, *again.gradients), strict=True)
    return all(
        close(engine, first if order is None else first[order], second, kept)
        for first, second in pairs
        if first is not None and second is not None
    )


def close(engine: Engine, first: Doubles, second: Doubles, kept: np.ndarray | None) -> bool:
    """Whether two columns agree where `kept` says so."""
    if kept is not None:
        first, second = first[kept], second[kept]
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    finite = np.isfinite(first) & np.isfinite(second)
    with np.errstate(over="ignore"):
        slack = ULPS * 2.0**-engine.fmt.mantissa_bits * np.maximum(np.abs(first), np.abs(second))
        near = finite & (
            np.abs(np.where(finite, first, 0) - np.where(finite, second, 0)) <= slack + engine.fmt.smallest_normal
        )
    return bool((same | near).all())


def varies(engine: Engine, ordinals: Ordinals) -> bool:
    """Whether the output differs between points of the line; one block of them is looked at."""
    step = -(-len(ordinals) // engine.target.block)
    outputs = engine.values(ordinals[::step][: engine.target.block]).outputs
    return not np.array_equal(outputs, np.full_like(outputs, outputs[0]), equal_nan=True)
