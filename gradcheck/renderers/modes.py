"""Words on what TensorFlow gives elsewhere: in another mode, alone or in a batch.

In: ways of running a witness in which it is of another class. Out: one sentence.
"""

from collections.abc import Sequence

from gradcheck.records import Elsewhere
from gradcheck.renderers.paragraphs import shown
from gradcheck.vocabulary import PLACES

BATCH = 16
"""Elements of the larger of the tensors that findings are looked at again in; a sweep's are larger."""


def elsewhere_text(found: Sequence[Elsewhere]) -> str:
    """What comes out, and where, the same results together."""
    results: dict[tuple[str, str], dict[str, set[int]]] = {}
    for e in found:
        gradient = "None" if e.gradient is None else shown(e.gradient)
        results.setdefault((shown(e.output), gradient), {}).setdefault(e.mode, set()).add(e.size)
    parts = [
        f"output {output}, gradient {gradient} {', '.join(place(mode, sizes) for mode, sizes in modes.items())}"
        for (output, gradient), modes in results.items()
    ]
    return f"elsewhere at {shown(found[0].at)}: {'; '.join(parts)}"


def place(mode: str, sizes: set[int]) -> str:
    """A mode, and the size of the tensor if the other one did not give that; XLA is asked for one size only."""
    if mode == "xla" or max(sizes) > BATCH:
        return PLACES[mode]
    size = " alone" if sizes == {1} else f" in a batch of {max(sizes)}" if 1 not in sizes else ""
    return PLACES[mode] + size
