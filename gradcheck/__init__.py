"""gradcheck: where a TensorFlow function's gradient goes bad, to the exact float.

    import gradcheck

    gradcheck.scan(my_loss, range=(-1, 1))
    gradcheck.assert_finite_gradients(my_loss, range=(-1, 1))

    with gradcheck.watching():
        train()

Importing it costs nothing: what these need is imported when they are asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.api import (
        BadGradient,
        CannotCheck,
        GradientError,
        Options,
        Result,
        assert_finite_gradients,
        keras_callback,
        scan,
        watching,
    )

__version__ = "0.1.0"

__all__ = [
    "BadGradient",
    "CannotCheck",
    "GradientError",
    "Options",
    "Result",
    "__version__",
    "assert_finite_gradients",
    "keras_callback",
    "scan",
    "watching",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("gradcheck.api"), name)
    raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
