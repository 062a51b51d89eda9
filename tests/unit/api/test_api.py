"""Scans inside a process that is the user's: objects in memory, and what is global stays as it was."""

import asyncio
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import gradcheck
from gradcheck.records import Report

ROOT = Path(__file__).parents[3]


def sqrt_of(x: Any) -> Any:
    return tf.sqrt(x)


def codes(result: gradcheck.Result) -> set[str]:
    return {f.code for f in result.findings}


def test_importing_gradcheck_imports_nothing_else() -> None:
    program = "import gradcheck, sys; print(sorted({'numpy', 'tensorflow', 'typer', 'rich'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == "[]\n"
    assert "scan" in dir(gradcheck)
    with pytest.raises(AttributeError, match="no attribute 'scam'"):
        gradcheck.scam  # noqa: B018


def test_a_function_in_memory() -> None:
    result = gradcheck.scan(sqrt_of, range=(0, 1))
    assert isinstance(result, Report)
    (target,) = result.targets
    assert target.target.endswith("test_api.sqrt_of")
    assert codes(result) == {"GC002"}
    cause = target.findings[0].cause
    assert cause is not None
    assert (Path(cause.file or "").name, cause.source) == ("test_api.py", "return tf.sqrt(x)")
    assert str(result).startswith(f"{target.target}  1 error\n")
    assert '"schema_version": 1' in result.render("json")


def test_a_healthy_function_is_clean() -> None:
    result = gradcheck.scan(lambda x: x * x, range=[(0, 1), (2, 3)])
    assert result.findings == ()
    assert str(result).startswith("tests.unit.api.test_api.test_a_healthy_function_is_clean.<locals>.<lambda>  clean")


def test_a_function_without_source_lines_is_told_without_them() -> None:
    names: dict[str, Any] = {"tf": tf}
    exec("f = lambda x: tf.sqrt(x)", names)
    result = gradcheck.scan(names["f"], range=(0, 1))
    assert codes(result) == {"GC002"}
    cause = result.findings[0].cause
    assert cause is not None
    assert (cause.op, cause.file, cause.line) == ("SqrtGrad", None, None)


@pytest.mark.slow
def test_a_name_that_is_defined_again_is_another_function() -> None:
    def scanned(body: str) -> set[str]:
        names: dict[str, Any] = {"tf": tf}
        exec(f"def f(x):\n    return {body}", names)
        return codes(gradcheck.scan(names["f"], range=(0, 1)))

    assert scanned("tf.sqrt(x)") == {"GC002"}
    assert scanned("x * x") == set()
    assert scanned("tf.sqrt(x)") == {"GC002"}


class Inverse(tf.Module):
    def __call__(self, x: Any) -> Any:
        return 1 / x


class Bare(tf.Module):
    @tf.function
    def square(self, x: Any) -> Any:
        return x * x


@pytest.mark.slow
def test_a_module_a_layer_and_a_bound_function() -> None:
    found = gradcheck.scan(Inverse(name="inverse"), dtype=tf.float16, against=sqrt_of)
    assert found.targets[0].target == "Inverse(inverse)"
    assert found.targets[0].versions == ("autodiff", "against")
    layer = tf.keras.layers.Dense(2, name="last")
    assert gradcheck.scan(layer, shape={"inputs": (2, 3)}, budget=0.2).targets[0].target == "Dense(last)"
    assert gradcheck.scan(Bare().square, range=(0, 1)).findings == ()


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("no_such_module:f", "GC901", "no module named"),
        (Inverse, "GC902", "it is a class; pass a function, or an instance"),
        (Bare(), "GC902", "pass one of its functions: square"),
        (3.0, "GC902", "it is a float, not a function"),
        (lambda: 1.0, "GC908", "no input to sweep"),
    ],
)
def test_what_cannot_be_checked_raises(target: Any, code: str, words: str) -> None:
    with pytest.raises(gradcheck.CannotCheck) as caught:
        gradcheck.scan(target)
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_text_of_several_targets_keeps_the_good_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "several_here.py").write_text(
        "# gradcheck: scan\ndef good(x):\n    return x * x\n\n\n# gradcheck: scan\ndef bad(x):\n    raise ValueError\n"
    )
    monkeypatch.chdir(tmp_path)
    result = gradcheck.scan("several_here.py", range=(0, 1))
    assert [t.error.code if t.error else t.status for t in result.targets] == ["clean", "GC903"]
    assert "GC903 several_here.py:bad" in str(result)
    with pytest.raises(gradcheck.CannotCheck, match="GC903"):
        gradcheck.assert_finite_gradients("several_here.py", range=(0, 1))


@pytest.mark.slow
def test_assert_finite_gradients() -> None:
    gradcheck.assert_finite_gradients(sqrt_of, range=(0.5, 1))
    with pytest.raises(AssertionError, match=r"GC002 error  the autodiff gradient is inf on \[0, ") as caught:
        gradcheck.assert_finite_gradients(sqrt_of, range=(0, 1))
    assert isinstance(caught.value, gradcheck.GradientError)
    assert codes(caught.value.result) == {"GC002"}
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # from one process to another
    gradcheck.assert_finite_gradients(sqrt_of, range=(0, 1), codes=("GC001",))
    gradcheck.assert_finite_gradients(Inverse(), range=(1e-30, 1), fail_on="error")
    with pytest.raises(AssertionError):
        gradcheck.assert_finite_gradients(Inverse(), range=(1e-30, 1), codes="GC", fail_on="warning")
    with pytest.raises(gradcheck.CannotCheck, match="write one of info, warning, error"):
        gradcheck.assert_finite_gradients(sqrt_of, range=(0.5, 1), fail_on="everything")


def accepted(x: Any) -> Any:  # gradcheck: ignore[GC002] -- it never comes near 0 in training
    return tf.sqrt(x)


@pytest.mark.slow
def test_what_a_comment_ignores_does_not_fail() -> None:
    gradcheck.assert_finite_gradients(accepted, range=(0, 1))
    (finding,) = gradcheck.scan(accepted, range=(0, 1)).findings
    assert finding.suppressed is not None
    assert finding.suppressed.reason == "it never comes near 0 in training"


@pytest.mark.slow
def test_what_is_global_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "global_here.py").write_text("import random\nrandom.seed(3)\ndef f(x):\n    return x * x\n")
    monkeypatch.chdir(tmp_path)
    tf.random.set_seed(5)
    random.seed(1)
    np.random.seed(2)

    def state() -> Any:
        handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
        numpy_state = [str(part) for part in np.random.get_state()]
        keras = tf.keras.layers.Dense(1).name
        settings = (np.geterr(), tf.config.functions_run_eagerly(), threading.active_count(), Path.cwd())
        return list(sys.path), list(warnings.filters), dict(os.environ), handlers, numpy_state, keras, settings

    tf.keras.backend.clear_session()
    before, drawn = state(), random.getstate()
    tf.keras.backend.clear_session()
    gradcheck.scan("global_here.py:f", range=(0, 1))
    gradcheck.scan(sqrt_of, range=(0, 1), exhaustive=False)
    assert random.getstate() == drawn
    assert state() == before
    tf.random.set_seed(None)


@pytest.mark.slow
def test_settings_of_the_user_do_not_disturb_a_scan() -> None:
    tf.config.run_functions_eagerly(True)
    try:
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            assert codes(gradcheck.scan(tf.function(sqrt_of), range=(0, 1))) == {"GC002"}
            assert "GC001" in codes(gradcheck.scan(lambda x: tf.norm(x), shape={"x": (2,)}, budget=0.5))
        assert tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)


def test_in_a_process_that_has_run_tensorflow_every_float_can_be_run() -> None:
    tf.constant(1.0) + 1.0
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    result = gradcheck.scan(sqrt_of, dtype="float16", range=(0, 1), exhaustive=True)
    assert result.targets[0].sweeps[0].exhaustive
    assert tf.config.threading.get_intra_op_parallelism_threads() == threads


@pytest.mark.slow
def test_from_a_running_event_loop_and_from_two_threads_at_once() -> None:
    async def inside() -> set[str]:
        return codes(gradcheck.scan(sqrt_of, range=(0, 1)))

    assert asyncio.run(inside()) == {"GC002"}

    found: dict[str, set[str]] = {}
    functions = {"root": sqrt_of, "square": lambda x: x * x}
    path = list(sys.path)
    threads = [
        threading.Thread(target=lambda n=n, f=f: found.update({n: codes(gradcheck.scan(f, range=(0, 1)))}))
        for n, f in functions.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"root": {"GC002"}, "square": set()}
    assert sys.path == path


def test_a_notebook_shows_the_table_and_text_stays_text() -> None:
    def bad(x: Any) -> Any:
        return tf.sqrt(x)

    bad.__qualname__ = "<script>alert(1)</script>"
    result = gradcheck.scan(bad, range=(0, 1))
    html = result._repr_html_()
    assert html.startswith("<pre ")
    assert html.rstrip().endswith("</pre>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "GC002 error</span>" in html


@pytest.mark.slow
def test_a_file_that_uses_it_passes_mypy_strict(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "import gradcheck\n\n\n"
        "def square(x: float) -> float:\n    return x * x\n\n\n"
        "result: gradcheck.Result = gradcheck.scan(square, range=(-1, 1), hold={'y': 0.5}, mode='graph', order=2)\n"
        "names: list[str] = [target.target for target in result.targets]\n"
        "gradcheck.assert_finite_gradients(square, range={'x': '0:1'}, codes=('GC',), exhaustive=True)\n"
        "try:\n    gradcheck.scan('m:f', against=square)\n"
        "except gradcheck.CannotCheck as error:\n    message: str = error.message\n"
    )
    (tmp_path / "wrong.py").write_text(
        "import gradcheck\ngradcheck.scan('m:f', order='x')\ngradcheck.scan('m:f', rang=1)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}

    def mypy(file: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, file], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    right, wrong = mypy("user.py"), mypy("wrong.py")
    assert right.returncode == 0, right.stdout
    assert wrong.stdout.count("error:") == 2, wrong.stdout
