"""gradcheck: where a TensorFlow function's gradient goes bad, to the exact float."""

__version__ = "0.1.0"
