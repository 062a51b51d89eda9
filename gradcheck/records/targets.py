"""Targets: loaded, then traced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import NOTHING_SAID, Said
from gradcheck.program import Array, Observation, Program
from gradcheck.records.ignores import Ignore, Place
from gradcheck.repros import Line, Manifest

Tensor: TypeAlias = Any
"""A TensorFlow tensor; this layer must not import TensorFlow."""


@dataclass(frozen=True)
class Parameter:
    """One input of a loaded target.

    Attributes:
        name: as the function or the signature spells it, with the path inside a structure behind it.
        dtype: of a float, an integer or `bool`; None where nothing declares one, which means floats.
        shape: declared dimensions (None: any), or None where nothing declares them.
        keyword_only: whether it must be passed by name.
    """

    name: str
    dtype: str | None = None
    shape: tuple[int | None, ...] | None = None
    keyword_only: bool = False


@dataclass(frozen=True, eq=False)
class Recorded:
    """A point at which a training step went bad, that comes with a target.

    Attributes:
        point: an array an input, as points travel.
        wrt: what training differentiated by there.
        lines: the user's line of each operation, by a name that is part of its name in the graph.
        manifest: what was told of the step.
    """

    point: tuple[Array, ...]
    wrt: tuple[str, ...]
    lines: Mapping[str, Line]
    manifest: Manifest


@dataclass(frozen=True)
class LoadedTarget:
    """A target whose code or model is in memory, not traced yet.

    Attributes:
        name: as the user wrote it, or `file:function` for a discovered one.
        function: takes one tensor a parameter, returns a tensor or a structure of them.
        parameters: the inputs, in order, structures taken apart.
        autograph: whether Python control flow on tensors is to be converted.
        override_lost: whether a SavedModel names gradient overrides that were not saved with it.
        notes: what the user should know of how it was loaded.
        paste: lines of Python that put the callable into the name `f`.
        call: a format string over the names of the tensors: the call of `f`, `f({0}, {1})`.
        domains: which values an input is made for, by its name, where a convention tells.
        held: names of the inputs that training does not differentiate by: labels, masks, weights.
        takes_tensors: whether it is known to take whole tensors: a Keras model, loss or metric.
        said: of its scan, in the comment above the function.
        place: where it is defined in Python source; None of a saved model, and where that cannot be told.
        ignores: what comments say is not to count, of it and of the lines of its function.
        recorded: the bad step of a training run that it was saved at.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    autograph: bool = True
    override_lost: bool = False
    notes: tuple[str, ...] = ()
    paste: tuple[str, ...] = ()
    call: str = ""
    domains: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    takes_tensors: bool = False
    said: Said = NOTHING_SAID
    place: Place | None = None
    ignores: tuple[Ignore, ...] = ()
    recorded: Recorded | None = None

    @property
    def is_tensor(self) -> bool:
        """Whether it cannot be swept: it takes whole tensors, other dtypes, structures, or variables alone."""
        return (
            not self.parameters
            or self.takes_tensors
            or any(p.dtype not in (None, *FORMATS) or "[" in p.name or "." in p.name for p in self.parameters)
        )


@dataclass(frozen=True)
class Probe:
    """Intermediates of one version's forward and backward graph, to be looked at along the line.

    Attributes:
        run: from one tensor [block] an input to a list of tensors [block], one an intermediate.
        dangers: for each intermediate, the values at which an operation that reads it has no finite gradient.
    """

    run: Callable[..., list[Tensor]]
    dangers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Study:
    """One version at a single point, for real arithmetic and for causes.

    Attributes:
        program: (output, gradient), or (output,) where there is no gradient; of a tensor target all outputs, then the
            gradient by each input.
        observe: from one value, or array, an input to what TensorFlow computes there, for every tensor of the program.
        recast: makes a function that computes the outputs in float64; None where TensorFlow cannot.
        entered: the study of the branches that are taken at a point; None where there are none.
    """

    program: Program
    observe: Callable[[tuple[Any, ...]], Observation]
    recast: Callable[[], Callable[[tuple[Any, ...]], tuple[Array, ...]] | None] = lambda: None
    entered: "Callable[[tuple[Any, ...]], Study | None]" = lambda values: None


@dataclass(frozen=True)
class Version:
    """One way to get the gradient of a target with respect to one input, traced.

    Attributes:
        name: `autodiff`, `custom` or `against`.
        run: from one tensor [block] an input to (output [block], gradient [block] or None).
        failure: why the gradient cannot be computed, or None; then `run` gives (output, None).
        connected: whether autodiff returns a gradient at all.
        constants: small numeric constants of the forward and backward graph.
        probe: its intermediates, or None where they cannot be fetched.
        study: makes its program at a single point when first called; None where TensorFlow cannot inline it.
        sized: makes a traced function of blocks of any size when first called; None where the target takes none.
        in_doubles: makes the same of float64 tensors when first called; None where TensorFlow has no such form.
        in_mode: from `graph`, `eager` or `xla` to a function of tensors of any one size, to (output, gradient) or
            (output,); None where the version cannot be run so.
    """

    name: str
    run: Callable[..., tuple[Tensor, Tensor | None]]
    failure: str | None = None
    connected: bool = True
    constants: tuple[float, ...] = ()
    probe: Probe | None = None
    study: Callable[[], Study | None] = lambda: None
    sized: Callable[[], Any] = lambda: None
    in_doubles: Callable[[], Any] = lambda: None
    in_mode: Callable[[str], Callable[..., tuple[Tensor, ...]] | None] = lambda mode: None


@dataclass(frozen=True)
class TracedInput:
    """One float input of a traced target."""

    name: str
    fmt: FloatFormat
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Stop:
    """A `tf.stop_gradient` that the user's own code calls."""

    file: str | None
    line: int | None

    @property
    def place(self) -> str:
        """File name and line, as far as they are known."""
        return f"{PurePath(self.file).name}:{self.line}" if self.file else "line not known"


@dataclass(frozen=True)
class TracedTarget:
    """A target as TensorFlow graphs.

    Attributes:
        name: the target's name.
        inputs: its float inputs.
        versions: for each input, the versions of the gradient with respect to it; the first is `autodiff`.
        block: points that one call takes, at most.
        looped: whether a call runs its points one by one (data-dependent control flow) instead of as one tensor.
        stops: `tf.stop_gradient` calls in the forward graph.
        notes: what the user should know of how it was traced.
        mode: graph, eager or xla: what its versions run in.
    """

    name: str
    inputs: tuple[TracedInput, ...]
    versions: tuple[tuple[Version, ...], ...]
    block: int
    looped: bool
    stops: tuple[Stop, ...] = ()
    notes: tuple[str, ...] = ()
    mode: str = "graph"
