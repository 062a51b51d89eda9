"""Watching from Python: a training loop in this process, up to its first bad gradient.

In: options as on the command line. Out: a context manager, and a Keras callback. Principle: the same watcher as that of
`gradcheck watch`; what it finds is raised as `BadGradient` where it happens.
"""

from typing import TYPE_CHECKING, Any

from gradcheck.api.result import Result
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import WatchOptions
from gradcheck.scripts import Ending
from gradcheck.vocabulary import ON_BAD

if TYPE_CHECKING:
    from gradcheck.pipeline.watched import Watching

NAME = "training"
"""What the report calls what runs."""


class BadGradient(Exception):
    """Training was stopped at a bad gradient; its text is the report's table.

    Attributes:
        result: the report.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__("\n" + str(result))

    def __reduce__(self) -> "tuple[type[BadGradient], tuple[Result]]":
        return BadGradient, (self.result,)


class watching:  # noqa: N801  (used as a function is)
    """Within it, training is watched: `with gradcheck.watching() as watch: train()`.

    Args:
        on_bad: `"stop"` raises `BadGradient` at the first bad gradient; `"warn"` goes on; `"skip-step"` leaves the step
            out and goes on.
        every: steps between two looks at the variables; None for a good number.
        vanished: steps in a row for which a gradient must be zero to be told; None for never.
        exploding: how many times its running median a norm must be to be told; None for never.
        untrained: whether variables without a gradient, in no optimizer or in two, are told.

    Attributes:
        result: the report, once it has ended.

    Raises:
        BadGradient: from within, at the first bad gradient, or at the end, if it is found only then.
        CannotCheck: an option is wrong.
    """

    def __init__(
        self,
        *,
        on_bad: str = "stop",
        every: int | None = None,
        vanished: int | None = None,
        exploding: float | None = None,
        untrained: bool = False,
    ) -> None:
        if on_bad not in ON_BAD:
            raise CannotCheck(BAD_CONFIGURATION, f"on_bad={on_bad!r}: unknown; write one of {', '.join(ON_BAD)}")
        if every is not None and every < 1:
            raise CannotCheck(BAD_CONFIGURATION, f"every={every!r}: must be 1 or more")
        self.options = WatchOptions(
            on_bad=on_bad, every=every, vanished=vanished, exploding=exploding, untrained=untrained
        )
        self.result: Result | None = None
        self.inside: Watching | None = None

    def __enter__(self) -> "watching":
        from gradcheck.pipeline.watched import Watching

        self.inside = Watching(self.options, self.bad).__enter__()
        return self

    def bad(self) -> BadGradient:
        """What is raised at a bad gradient."""
        assert self.inside is not None
        self.result = Result.of(self.inside.report(NAME, Ending("stopped", 0)))
        return BadGradient(self.result)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        inside, self.inside = self.inside, None
        if inside is None:
            return
        try:
            if not isinstance(error, BadGradient) or self.result is None:
                ended = "finished" if error is None else "raised"
                self.result = Result.of(inside.report(NAME, Ending(ended, 0, error)))
        finally:
            inside.__exit__()
        failed = any(f.severity == "error" for f in self.result.findings)
        if error is None and failed and self.options.on_bad == "stop":
            raise BadGradient(self.result)


def keras_callback(**options: Any) -> Any:
    """A callback for `model.fit(callbacks=[...])` that watches its training; options as of `watching`.

    Returns:
        A `keras.callbacks.Callback`; its `result` is the report once training has ended.

    Raises:
        BadGradient: from `fit`, at the first bad gradient.
        CannotCheck: an option is wrong.
    """
    from gradcheck.observing.callbacks import callback_class

    return callback_class()(watching(**options))
