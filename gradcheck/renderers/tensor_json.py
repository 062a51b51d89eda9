"""Tensor targets in the JSON report.

In: the records of a search. Out: the objects that stand where those of sweeps stand, and the fields that only tensor
targets have.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradcheck.later import Later
from gradcheck.program import Array
from gradcheck.records import LineInterval, SearchReport, TensorWitness
from gradcheck.renderers.arrays import facts_of, is_unlisted, written_in
from gradcheck.renderers.curve_json import curve_object
from gradcheck.renderers.numbers import numbers

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

LISTED = 4096
"""Elements of a tensor that are listed; of a larger one there is its shape alone."""

FIELDS = ("indices", "bad_entries", "bad_outputs", "cotangent", "line_interval", "poisons_batch", "paste", "curve")


def tensor_inputs(search: SearchReport) -> list[dict[str, Any]]:
    """Each input, and each captured variable that was differentiated by."""
    inputs = [
        {
            "name": i.name,
            "dtype": i.dtype,
            "shape": list(i.shape),
            "ranges": [[i.domain.lo, i.domain.hi]] if i.domain.kind == "range" else [],
            "domain": i.domain.text,
            "held": None,
            "differentiated": i.name in search.wrt,
        }
        for i in search.inputs
    ]
    return inputs + [
        {
            "name": w.name,
            "dtype": w.dtype,
            "shape": list(w.shape),
            "ranges": [],
            "domain": "variable",
            "held": None,
            "differentiated": True,
        }
        for w in search.weights
    ]


def search_coverage(search: SearchReport) -> dict[str, Any]:
    """How many points were run; how many there are is beyond counting."""
    return {"method": "sampled", "evaluated": sum(search.points.values()), "domain": None}


def search_truth(search: SearchReport) -> dict[str, Any]:
    """What the verdicts rest on."""
    method = "none" if not search.judged else "approximate" if search.approximate else "rigorous"
    return {"method": method, "points": search.judged, "approximate": list(search.approximate)}


def search_object(search: SearchReport) -> dict[str, Any]:
    """How it was searched."""
    return {
        "points": dict(search.points),
        "wrt": list(search.wrt),
        "cotangents": list(search.cotangents),
        "order": search.order,
        "shapes_guessed": search.guessed,
        "stopped_by_clock": search.cut,
    }


def tensor_witness_object(witness: TensorWitness, dtype: str) -> dict[str, Any]:
    """The point, and what came out there, floats of `dtype` as short as they read back; several outputs by name."""
    gradient = witness.gradient
    return {
        "inputs": {name: listed(array, witness.dtypes[name]) for name, array in witness.inputs.items()},
        "output": outputs(witness.outputs, dtype),
        "gradient": None if gradient is None else listed(gradient, written_in(gradient, dtype)),
        "true_output": None if witness.true_outputs is None else outputs(witness.true_outputs),
        "true_gradient": None if witness.true_gradient is None else listed(witness.true_gradient),
        "dtypes": {
            "inputs": dict(witness.dtypes),
            "output": [written_in(array, dtype) for array in witness.outputs.values()],
            "gradient": None if gradient is None else written_in(gradient, dtype),
        },
        "output_names": list(witness.outputs),
    }


def tensor_object(witness: TensorWitness | None) -> dict[str, Any]:
    """The fields that only tensor targets have; null elsewhere."""
    if witness is None:
        return dict.fromkeys(FIELDS)
    return {
        "indices": [list(index) for index in witness.bad],
        "bad_entries": witness.bad_count,
        "bad_outputs": list(witness.bad_outputs),
        "cotangent": witness.cotangent
        if witness.weights is None
        else {"name": witness.cotangent, "values": [listed(w) for w in witness.weights]},
        "line_interval": None if witness.line is None else line_object(witness.line),
        "poisons_batch": witness.poisons,
        "paste": "\n".join(witness.paste) or None,
        "curve": curve_object(witness.curve),
    }


def line_object(line: LineInterval) -> dict[str, Any]:
    """The interval along one element."""
    fmt = line.fmt
    return {
        "input": line.input,
        "dtype": fmt.name,
        "index": list(line.index),
        "lo": fmt.shortest(line.lo),
        "hi": fmt.shortest(line.hi),
        "lo_hex": fmt.hex(line.lo),
        "hi_hex": fmt.hex(line.hi),
        "floats": line.hi - line.lo + 1,
    }


def outputs(arrays: Mapping[str, Array], dtype: str | None = None) -> Any:
    """One output as itself, several by name."""
    texts = [listed(array, dtype and written_in(array, dtype)) for array in arrays.values()]
    return texts[0] if len(texts) == 1 else {name or str(k): texts[k] for k, name in enumerate(arrays)}


def listed(array: Array, dtype: str | None = None) -> Any:
    """A tensor as nested lists; of a large one its shape, and the entry that all are, or how many are not finite."""
    if array.size <= LISTED and not is_unlisted(array):
        return numbers(array, dtype)
    facts = facts_of(array, dtype or "float64")
    if facts.same:
        return {"shape": list(array.shape), "all": numbers(np.asarray(facts.first), facts.dtype)}
    return {"shape": list(array.shape), **({"not_finite": facts.odd} if facts.odd else {})}
