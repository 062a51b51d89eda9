"""Search: points of a tensor target that are worth running."""
