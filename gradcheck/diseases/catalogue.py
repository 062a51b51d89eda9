"""All known diseases: where two of them take the same nodes, the one that stands first is told."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families import exponentials, logarithms, losses, roots, trigonometry

DISEASES: tuple[Disease, ...] = (
    *losses.DISEASES,
    *logarithms.DISEASES,
    *exponentials.DISEASES,
    *roots.DISEASES,
    *trigonometry.DISEASES,
)
