"""gradcheck from Python: in a notebook, in a test, in a training script.

In: a target, as a text or as an object in this process, and options. Out: a report, or an `AssertionError` that reads
like one. Principle: the process is the user's. The scan runs in it, and leaves what is global in it as it was; a target
that crashes or hangs takes it along, which `gradcheck scan` prevents.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcheck import configuration, gate, pipeline
from gradcheck.api.asking import Options, Request, documented, request_of
from gradcheck.api.result import Result
from gradcheck.api.surroundings import left_as_they_were
from gradcheck.api.training import BadGradient, keras_callback, watching
from gradcheck.configuration import EMPTY
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading.memory import known_as
from gradcheck.vocabulary import SEVERITIES

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from gradcheck.records import Finding

__all__ = [
    "BadGradient",
    "CannotCheck",
    "GradientError",
    "Options",
    "Result",
    "assert_finite_gradients",
    "keras_callback",
    "scan",
    "watching",
]

Target: TypeAlias = Any
"""A text, as on the command line, or something callable: a function, a lambda, a Keras object, a `tf.Module`."""

NOT_FINITE = ("GC001", "GC002", "GC009")
"""Codes of gradients that are no finite number: NaN, infinite, raised."""


class GradientError(AssertionError):
    """A gradient that is not what it should be; its text is the report's table.

    Attributes:
        result: the report.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(str(result))

    def __reduce__(self) -> "tuple[type[GradientError], tuple[Result]]":
        return GradientError, (self.result,)


@documented
def scan(target: Target, /, **options: "Unpack[Options]") -> Result:
    """Sweep a target over its inputs and report where its gradient goes bad.

    The scan runs in this process and is not cached. A text has the options that the project's configuration gives it
    too; an object has those that are passed here alone.

    Args:
        target: `"module:function"` or whatever else `gradcheck scan` takes, or a function, lambda, Keras layer, loss,
            model or `tf.Module` in memory.
        **options: see `Options`; they are called and mean what they do on the command line.

    Returns:
        The report: frozen dataclasses, which a notebook shows as a table.

    Raises:
        CannotCheck: nothing could be checked, or an option is wrong. Of a module or file that holds several targets,
            those that could not be checked have an `error` in the report instead.
    """
    result = scanned(request_of(target, options))
    errors = [report.error for report in result.targets if report.error]
    if errors and len(errors) == len(result.targets):
        raise CannotCheck(errors[0].code, errors[0].message)
    return result


def assert_finite_gradients(
    target: Target,
    /,
    *,
    codes: Sequence[str] = NOT_FINITE,
    fail_on: str = "error",
    **options: "Unpack[Options]",
) -> None:
    """Raise `GradientError`, an `AssertionError`, where a gradient of `target` is NaN or infinite, or raises.

    Args:
        target: as for `scan`.
        codes: which findings fail; beginnings of codes do: `("GC",)` is all of them.
        fail_on: the lowest severity that fails, `"info"`, `"warning"` or `"error"`.
        **options: as for `scan`.

    Raises:
        GradientError: its text is the table that `gradcheck scan` prints.
        CannotCheck: a target could not be checked, or an option is wrong.
    """
    __tracebackhide__ = True  # pytest shows the line that called this
    result = scan(target, **options)
    for report in result.targets:
        if report.error:
            raise CannotCheck(report.error.code, report.error.message)
    if failing(result, codes, fail_on):
        raise GradientError(result)


def failing(result: Result, codes: Sequence[str], fail_on: str) -> "tuple[Finding, ...]":
    """The findings that fail."""
    if fail_on not in SEVERITIES:
        raise CannotCheck(BAD_CONFIGURATION, f"fail_on={fail_on!r}: unknown; write one of {', '.join(SEVERITIES)}")
    starts = (codes,) if isinstance(codes, str) else tuple(codes)
    severities = SEVERITIES[SEVERITIES.index(fail_on) :]
    return tuple(
        f for f in result.findings if f.severity in severities and f.code.startswith(starts) and not f.suppressed
    )


def scanned(request: Request) -> Result:
    """The report of a request, with what is to be ignored marked; what cannot be checked is in it.

    What the project's configuration says is about texts alone, what comments say about objects too.
    """
    with left_as_they_were(), known_as(request.objects):
        configured = EMPTY if request.text in request.objects else configuration.read(Path.cwd())
        report = pipeline.run((request.text,), request.said, configured=configured)
        gating = replace(configured.gate, write_baseline=None)
        return Result.of(gate.judged(report, gating, configured.ignores_for, request.is_whole).report)
