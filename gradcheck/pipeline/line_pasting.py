"""A float that shows a finding, as Python that can be pasted and run.

In: a loaded target, what was traced of it, and its findings. Out: the findings, each witness with lines of code that
print the bad gradient, or the bad output, in the mode in which it was found; of a version that training does not run
there are none, since the function as it is written has another gradient.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from gradcheck.domains import ValueDomain
from gradcheck.pipeline.pasting import Shell, body, names_of, script
from gradcheck.records import Finding, InputPlan, LoadedTarget, TensorInput, TracedTarget

DECORATORS = {"graph": ("@tf.function",), "eager": (), "xla": ("@tf.function(jit_compile=True)",)}

SHOWN = ("GC001", "GC002", "GC003", "GC004", "GC005", "GC006", "GC008")
"""Codes of what one run shows; GC007 takes two."""


def with_paste(
    loaded: LoadedTarget, target: TracedTarget, plan: InputPlan, findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """The findings on one swept input."""
    names = [v.name for v in target.versions[plan.index]]
    effective = "custom" if "custom" in names else "autodiff"
    return tuple(
        replace(f, witness=replace(f.witness, paste=lines(loaded, target, f)))
        if f.witness and f.code in SHOWN and f.version == effective
        else f
        for f in findings
    )


def lines(loaded: LoadedTarget, target: TracedTarget, finding: Finding) -> tuple[str, ...]:
    """The lines for one finding."""
    assert finding.witness is not None, "only asked where there is one"
    shapes = [tuple(1 if d is None else d for d in i.shape) for i in target.inputs]
    inputs = tuple(
        TensorInput(i.name, i.fmt.name, s, ValueDomain()) for i, s in zip(target.inputs, shapes, strict=True)
    )
    at = finding.witness.inputs
    point = tuple(
        np.full(s, i.fmt.value(int(i.fmt.encode(at[i.name])))) for i, s in zip(target.inputs, shapes, strict=True)
    )
    decorators = DECORATORS[finding.mode]
    if finding.code == "GC006":
        return script(loaded, inputs, point, lambda call: [f"return {call}"], Shell("output", decorators))
    watched = names_of(inputs)[[i.name for i in inputs].index(finding.wrt)]
    inside = partial(body, watched=watched, weights=None, first=[])
    return script(loaded, inputs, point, inside, Shell(decorators=decorators))
