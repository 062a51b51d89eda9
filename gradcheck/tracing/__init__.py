"""Tracing: a loaded target becomes TensorFlow graphs of its output and of each version's gradient.

In: `LoadedTarget`s and a dtype. Out: `TracedTarget`. The target is traced once; `autodiff` is the traced graph with
every gradient override stripped, `custom` the graph as it is, `against` another target's graph as it is.
"""

from dataclasses import replace

import tensorflow as tf

from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, NOT_SUPPORTED_YET, CannotCheck, NotElementwise
from gradcheck.floats import FORMATS
from gradcheck.records import LoadedTarget, Parameter, Stop, TracedInput, TracedTarget, Version
from gradcheck.tracing.failures import explain
from gradcheck.tracing.graphs import has_overrides, is_compiled, loops_over_elements, stripped, user_stops
from gradcheck.tracing.layouts import (
    LOOP_BLOCK,
    Layout,
    Untraceable,
    as_written,
    block_of,
    candidates,
    traces_as_matrix,
)
from gradcheck.tracing.versions import Source, differentiate

XLA_NOTE = "a part of it is compiled by XLA (jit_compile=True), so that part's results are XLA's, not graph mode's"


def trace(loaded: LoadedTarget, dtype: str | None, against: LoadedTarget | None = None) -> TracedTarget:
    """Trace `loaded` and every version of its gradient, with respect to each float input."""
    inputs = tuple(traced_input(loaded.name, p, dtype) for p in loaded.parameters)
    layout = lay_out(loaded, inputs, block_of(inputs))
    if loops_over_elements(layout.forward):  # a block of 2^14 points would take a second
        layout = lay_out(loaded, inputs, LOOP_BLOCK)
    block = layout.block if layout.style == "whole" else block_of(inputs)
    other = lay_out(against, inputs_of_against(loaded, against, inputs), block) if against else None
    if other and other.looped != layout.looped:
        layout, other = lay_out(loaded, inputs, LOOP_BLOCK), lay_out(other.loaded, other.inputs, LOOP_BLOCK)
    sources = sources_of(loaded, layout)
    if other:
        sources += (against_source(other),)
    versions = tuple(versions_of(loaded.name, layout, sources, wrt) for wrt in range(len(inputs)))
    if layout.style == "rows" and other is None and any(v.failure for of_input in versions for v in of_input):
        layout = replace(layout, style="loop", block=LOOP_BLOCK)  # a gradient may have no vectorised form
        versions = tuple(versions_of(loaded.name, layout, sources_of(loaded, layout), i) for i in range(len(inputs)))
    stops = tuple(Stop(file, line) for file, line in user_stops(layout.forward))
    notes = (*loaded.notes, *((XLA_NOTE,) if is_compiled(layout.forward) else ()), *stop_notes(stops, versions))
    return TracedTarget(
        name=loaded.name,
        inputs=inputs,
        versions=versions,
        block=layout.block,
        looped=layout.block == LOOP_BLOCK,
        stops=stops,
        notes=notes,
    )


def stop_notes(stops: tuple[Stop, ...], versions: tuple[tuple[Version, ...], ...]) -> tuple[str, ...]:
    """A word on `tf.stop_gradient` where a gradient is left; where none is, a check says so."""
    if not stops or not any(version.connected for of_input in versions for version in of_input):
        return ()
    places = ", ".join(dict.fromkeys(stop.place for stop in stops))
    return (f"a part of the gradient is stopped on purpose by tf.stop_gradient ({places})",)


def environment() -> tuple[str, str]:
    """TensorFlow's version and the kind of device that results are for."""
    return str(tf.__version__), "GPU" if tf.config.list_physical_devices("GPU") else "CPU"


def traced_input(target: str, parameter: Parameter, dtype: str | None) -> TracedInput:
    """The dtype of an input: what its signature declares, else what the user said, else float32."""
    if dtype and parameter.dtype and dtype != parameter.dtype:
        raise CannotCheck(
            BAD_CONFIGURATION,
            f"{target}: --dtype {dtype}: input {parameter.name} is declared {parameter.dtype}; leave --dtype out",
        )
    shape = parameter.shape if parameter.shape is not None else ()
    return TracedInput(parameter.name, FORMATS[parameter.dtype or dtype or "float32"], shape)


def lay_out(loaded: LoadedTarget, inputs: tuple[TracedInput, ...], block: int) -> Layout:
    """The first way to feed points to the target that traces and runs."""
    failures: list[Untraceable] = []
    for candidate in candidates(loaded, inputs, block):
        try:
            return candidate.traced()
        except Untraceable as failure:
            failures.append(failure)
    if not failures or traces_as_matrix(loaded, inputs):
        raise NotElementwise(NOT_SUPPORTED_YET, f"{loaded.name}: needs tensors of a shape")
    raise CannotCheck(CANNOT_TRACE, f"{loaded.name}: {failures[-1].stage} it raised {explain(failures[-1].error)}")


def sources_of(loaded: LoadedTarget, layout: Layout) -> tuple[Source, ...]:
    """`autodiff`, and `custom` where an override is in the graph and can be run."""
    if not has_overrides(layout.forward):
        return (Source("autodiff", as_written(layout)),)
    autodiff = Source("autodiff", stripped(layout.forward), imported=True)
    return (autodiff,) if loaded.override_lost else (autodiff, Source("custom", as_written(layout)))


def inputs_of_against(
    loaded: LoadedTarget, against: LoadedTarget, inputs: tuple[TracedInput, ...]
) -> tuple[TracedInput, ...]:
    """The inputs of the target to compare with: as many, of the same dtypes."""
    if len(against.parameters) != len(inputs):
        raise CannotCheck(
            BAD_CONFIGURATION,
            f"--against {against.name}: takes {len(against.parameters)} inputs, and {loaded.name} {len(inputs)};"
            " name a target with the same inputs",
        )
    for ours, theirs in zip(inputs, against.parameters, strict=True):
        if theirs.dtype not in (None, ours.fmt.name):
            raise CannotCheck(
                BAD_CONFIGURATION,
                f"--against {against.name}: input {theirs.name} is {theirs.dtype}, not {ours.fmt.name}",
            )
    return tuple(TracedInput(p.name, i.fmt, p.shape or ()) for p, i in zip(against.parameters, inputs, strict=True))


def against_source(other: Layout) -> Source:
    """Another target, as it is written; without overrides that were not saved with it."""
    lost = other.loaded.override_lost and has_overrides(other.forward)
    return Source("against", stripped(other.forward) if lost else as_written(other), lost, other)


def versions_of(target: str, layout: Layout, sources: tuple[Source, ...], wrt: int) -> tuple[Version, ...]:
    """Every source differentiated with respect to one input."""
    versions = []
    for source in sources:
        try:
            versions.append(differentiate(source, layout, wrt))
        except Untraceable as failure:
            raise CannotCheck(
                CANNOT_TRACE, f"{target}: {failure.stage} it raised {explain(failure.error)}"
            ) from failure
    return tuple(versions)
