"""Functions as loaded and traced targets, and what comes out of them at points."""

import importlib.util
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.errors import CannotCheck
from gradcheck.floats import Doubles
from gradcheck.loading.signatures import parameters_of
from gradcheck.records import LoadedTarget, TracedTarget
from gradcheck.tracing import trace

Load = Callable[..., LoadedTarget]
Trace = Callable[..., TracedTarget]
Run = Callable[..., tuple[Doubles, Doubles | None]]
Concrete = Callable[..., Any]
Refused = Callable[[str, Callable[[], object]], str]


@pytest.fixture(scope="session")
def load_function() -> Load:
    """A function as a loaded target."""

    def load(function: Callable[..., Any], name: str = "t", **fields: Any) -> LoadedTarget:
        return LoadedTarget(name, function, parameters_of(name, function), **fields)

    return load


@pytest.fixture(scope="session")
def trace_function(load_function: Load) -> Trace:
    """A function as a traced target, perhaps against another one."""

    def traced(
        function: Callable[..., Any], dtype: str | None = None, against: Callable[..., Any] | None = None
    ) -> TracedTarget:
        return trace(load_function(function), dtype, load_function(against, "other") if against else None)

    return traced


@pytest.fixture(scope="session")
def run_version() -> Run:
    """Output and gradient of a version at points, the other inputs held, as float64."""

    def run(
        target: TracedTarget, version: str, points: list[float], wrt: int = 0, held: float = 0.5
    ) -> tuple[Doubles, Doubles | None]:
        (chosen,) = (v for v in target.versions[wrt] if v.name == version)
        blocks = [
            tf.constant(np.resize(points, target.block) if i == wrt else np.full(target.block, held), traced.fmt.name)
            for i, traced in enumerate(target.inputs)
        ]
        y, gradient = chosen.run(*blocks)
        assert y.shape == [target.block]
        columns = [None if t is None else t.numpy().astype(np.float64)[: len(points)] for t in (y, gradient)]
        assert columns[0] is not None
        return columns[0], columns[1]

    return run


@pytest.fixture(scope="session")
def concrete() -> Concrete:
    """A function traced for one float32 tensor of a shape."""

    def traced(function: Callable[..., Any], shape: tuple[int, ...] = (4,)) -> Any:
        return tf.function(function).get_concrete_function(tf.TensorSpec(shape, tf.float32))

    return traced


@pytest.fixture
def user_module(tmp_path: Path) -> Callable[..., ModuleType]:
    """Import a module of the user's from a file, which is `user_code.py` if not said otherwise."""

    def write(code: str, name: str = "user_code.py") -> ModuleType:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import tensorflow as tf\n" + textwrap.dedent(code), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("user_code", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return write


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Run something that must raise `CannotCheck` with a code; gives its message, which is one printable line."""

    def message_of(code: str, call: Callable[[], object]) -> str:
        with pytest.raises(CannotCheck) as raised:
            call()
        assert raised.value.code == code, raised.value.message
        assert raised.value.message.isprintable()
        assert "Traceback" not in raised.value.message
        return raised.value.message

    return message_of
