"""Truth: what real arithmetic says of a function and of its gradient, at single points and rigorously."""
