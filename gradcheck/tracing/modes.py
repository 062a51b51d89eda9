"""A traced target in another mode: without a graph, or compiled by XLA.

In: a target as it was traced, for graph mode. Out: the same target whose versions run in the other mode; the programs
of its versions, by which causes are found and the truth is computed, stay those of the graph.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import tensorflow as tf

from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.records import Tensor, TracedTarget, Version
from gradcheck.tracing.failures import explain
from gradcheck.tracing.layouts import smoke_values
from gradcheck.tracing.versions import padded_pair

Run = Callable[..., tuple[Tensor, ...]]

LEFT_OUT = "a gradient override cannot be taken out in eager mode: autodiff is shown in the other modes"


def in_mode(target: TracedTarget, mode: str) -> TracedTarget:
    """The target in a mode; raises `CannotCheck` where it cannot be run so."""
    if mode == "graph":
        return target
    versions = tuple(tuple(switched(target, v, mode) for v in of_input) for of_input in target.versions)
    kept = tuple(tuple(v for v in of_input if v is not None) for of_input in versions)
    if not all(any(v.name in ("autodiff", "custom") for v in of_input) for of_input in kept):
        raise CannotCheck(CANNOT_TRACE, f"{target.name}: --mode {mode}: {obstacle(target)}; leave that mode out")
    notes = () if kept == versions else (LEFT_OUT,)
    return replace(target, versions=kept, notes=(*target.notes, *notes), mode=mode)


def obstacle(target: TracedTarget) -> str:
    """Why no version runs in another mode."""
    if target.looped:
        return "it runs point by point, which other modes do not"
    failures = [v.failure for of_input in target.versions for v in of_input if v.failure]
    return f"computing its gradient raises {failures[0]}" if failures else "it does not take a whole tensor at once"


def switched(target: TracedTarget, version: Version, mode: str) -> Version | None:
    """One version in a mode, after one block of moderate values; None where there is no such thing."""
    run = version.in_mode(mode)
    if run is None:
        return None
    try:
        run(*(smoke_values(target.block, i) for i in target.inputs))
    except Exception as error:  # XLA has no kernel for it, say
        raise CannotCheck(
            CANNOT_TRACE, f"{target.name}: --mode {mode}: it raised {explain(error)}; leave that mode out"
        ) from error
    return replace(version, run=padded_pair(run), sized=cache(lambda: of_any_size(target, run, mode)))


def of_any_size(target: TracedTarget, run: Run, mode: str) -> Any:
    """A function that XLA compiles for each size; None in eager mode, which has no graph."""
    if mode != "xla":
        return None
    specs = [tf.TensorSpec([None], i.fmt.name) for i in target.inputs]
    return tf.function(run, autograph=False, jit_compile=True).get_concrete_function(*specs)
