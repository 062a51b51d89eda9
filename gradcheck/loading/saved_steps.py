"""Load a bad training step that `gradcheck watch --save-repro` saved.

In: its directory. Out: a `LoadedTarget`: the loss as a function of the batch, over the weights as they were, with the
batch itself as the point at which it went bad. Neither the script nor its data is needed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck import npz, repros
from gradcheck.errors import CANNOT_TRACE, NOT_A_SAVED_MODEL, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.loading.paste import quoted
from gradcheck.loading.saved_models import unreadable
from gradcheck.program import Array
from gradcheck.records import LoadedTarget, Parameter, Recorded
from gradcheck.repros import Item, Manifest

SIGNATURE = "serving_default"
VARIABLES = "variables"
"""The name by which every weight is meant."""


def load_step(target: str, directory: Path) -> LoadedTarget:
    """Load a saved step; raises `CannotCheck` where it is damaged, or holds no graph."""
    manifest = repros.read(directory)
    batch = npz.checked(directory, manifest)
    if manifest.no_graph:
        raise CannotCheck(
            CANNOT_TRACE,
            f"{target}: it holds no graph, since {manifest.no_graph}; gradcheck explain {target} shows what was found",
        )
    model = directory / repros.MODEL
    call = ", ".join(f"{item.key}={{{i}}}" for i, item in enumerate(manifest.inputs))
    return LoadedTarget(
        target,
        function_of(target, model, manifest),
        tuple(Parameter(i.name, i.dtype, i.shape) for i in manifest.inputs),
        autograph=False,
        notes=manifest.notes,
        paste=(
            "import tensorflow as tf",
            f"f = tf.saved_model.load({quoted(str(model))}).signatures[{quoted(SIGNATURE)}]",
        ),
        call=f'f({call})["loss"]',
        domains=dict(d for i, a in zip(manifest.inputs, batch, strict=True) for d in domain_of(i, a)),
        takes_tensors=True,
        recorded=Recorded(
            tuple(as_point(i, a) for i, a in zip(manifest.inputs, batch, strict=True)),
            wrt_of(manifest),
            manifest.lines,
            manifest,
        ),
    )


def function_of(target: str, directory: Path, manifest: Manifest) -> Callable[..., Any]:
    """The loss, of its inputs in order; its variables are called what the user calls them."""
    try:
        model = tf.saved_model.load(str(directory))
        concrete, weights = model.signatures[SIGNATURE], list(model.weights)
        known = {s.name: s for s in concrete.structured_input_signature[1].values()}
        for variable, name in zip(weights, manifest.parameters, strict=True):
            variable._handle_name = name
        fits = all(
            i.key in known and known[i.key].dtype.name == i.dtype and tuple(known[i.key].shape) == i.shape
            for i in manifest.inputs
        )
        if not fits or len(known) != len(manifest.inputs):
            raise ValueError("its inputs are not those of the manifest")
    except Exception as error:  # a damaged model raises whatever its reader stumbles on
        raise CannotCheck(NOT_A_SAVED_MODEL, unreadable(f"{target}: {directory.name}", error)) from error
    keys = [i.key for i in manifest.inputs]

    def loss(*tensors: Any) -> Any:
        return concrete(**dict(zip(keys, tensors, strict=True)))["loss"]

    loss.model = model  # type: ignore[attr-defined]  # the variables live as long as the model does
    return loss


def wrt_of(manifest: Manifest) -> tuple[str, ...]:
    """What training differentiated by: the weights that the loss reads, inputs."""
    inputs = [i.name for i in manifest.inputs]
    weights = (VARIABLES,) if set(manifest.wrt) & set(manifest.parameters) else ()
    return (*weights, *(name for name in manifest.wrt if name in inputs))


def as_point(item: Item, array: Array) -> Array:
    """An array as points travel: floats as float64, integers as int64."""
    return array.astype("float64" if item.dtype in FORMATS else "bool" if item.dtype == "bool" else "int64")


def domain_of(item: Item, array: Array) -> list[tuple[str, str]]:
    """The values between the smallest and the largest of the batch; none of truth values."""
    finite = array[np.isfinite(array)] if item.dtype != "bool" else array[:0]
    if not finite.size:
        return []
    lo, hi = finite.min().item(), finite.max().item()
    return [(item.name, f"{lo!r}:{hi!r}" if item.dtype in FORMATS else f"integer:{lo}:{hi}")]
