"""All known diseases: where two of them take the same nodes, the one that stands first is told."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families import branches, exponentials, logarithms, losses, roots, trigonometry

DISEASES: tuple[Disease, ...] = (
    *losses.DISEASES,
    *logarithms.DISEASES,
    *exponentials.DISEASES,
    *losses.WEIGHTED,
    *branches.DISEASES,
    *exponentials.PRECISION,
    *logarithms.PRECISION,
    *roots.DISEASES,
    *trigonometry.DISEASES,
)
