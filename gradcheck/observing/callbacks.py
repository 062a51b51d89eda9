"""A Keras callback that watches the training that it is given to.

In: a `gradcheck.watching`. Out: a callback class; Keras is imported when it is asked for.
"""

from functools import cache
from typing import Any


@cache
def callback_class() -> Any:
    """The class."""
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        """Watches from the first step of `fit` to its last."""

        def __init__(self, watching: Any) -> None:
            super().__init__()
            self.watching = watching

        @property
        def result(self) -> Any:
            """The report, once training has ended."""
            return self.watching.result

        def on_train_begin(self, logs: Any = None) -> None:
            """Watch; the function of `fit` is made anew, so that its batches are known."""
            del logs
            self.watching.__enter__()
            self.model.make_train_function(force=True)

        def on_train_end(self, logs: Any = None) -> None:
            """Look for the last time."""
            del logs
            self.watching.__exit__(None, None, None)

    return Watch
