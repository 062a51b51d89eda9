"""Known numerical diseases, recognised on the traced graph.

In: a program. Out: the diseases in its forward part, each with the tensor to replace and the code to replace it with.
Recognition is by mathematics alone: never by names or source text. TensorFlow is imported when a cure is run.
"""

from gradcheck.diseases.catalogue import DISEASES
from gradcheck.diseases.disease import Disease, Match, all_matches, outermost
from gradcheck.program import Program

__all__ = ["DISEASES", "Disease", "Match", "find"]


def find(program: Program) -> tuple[Match, ...]:
    """The diseases of a program, largest first; what lies within a larger one is left out."""
    return outermost(list(all_matches(program, DISEASES)))
