"""Targets that are made by a call: `module:make_loss()`, `file.py:Class()`, `module:obj.make()`; and lines to paste."""

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gradcheck.loading import load

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]

CODE = """
    class Loss:
        def __init__(self, k=2.0):
            self.k = k
        def __call__(self, x):
            return x * self.k
        def method(self, x):
            return -x
        def make(self):
            return self.method

    obj = Loss(3.0)

    def f(x):
        return x + 1.0

    def make_loss():
        return Loss(5.0)

    def needs(k, *, j):
        return Loss(k)

    def raises():
        raise ValueError("boom")

    def exits():
        raise SystemExit("bye")

    def number():
        return 3.0

    def kind():
        return Loss

    THING = 4
"""

WORKING: dict[str, tuple[float, tuple[str, ...]]] = {
    "f": (3.0, ("from made import f",)),
    "obj": (6.0, ("from made import obj as f",)),
    "make_loss()": (10.0, ("from made import make_loss", "f = make_loss()")),
    "Loss()": (4.0, ("from made import Loss", "f = Loss()")),
    "obj.method": (-2.0, ("from made import obj", "f = obj.method")),
    "obj.make()": (-2.0, ("from made import obj", "f = obj.make()")),
    "Loss().method": (-2.0, ("from made import Loss", "owner = Loss()", "f = owner.method")),
}


@pytest.mark.parametrize("attribute", WORKING)
@pytest.mark.parametrize("place", ["made", "made.py"])
def test_what_a_name_stands_for(
    project: Path, write: Write, pasted: Callable[..., Any], place: str, attribute: str
) -> None:
    write("made.py", CODE)
    value, lines = WORKING[attribute]
    target = load(f"{place}:{attribute}")
    assert target.function(2.0) == value
    assert [p.name for p in target.parameters] == ["x"]
    assert target.paste == lines
    assert target.call == "f({0})"
    assert pasted(target, 2.0) == value


FAILING = {
    "raises()": "calling raises() raised ValueError: boom (made.py:24); it must work without arguments",
    "exits()": "calling exits() raised SystemExit: bye (made.py:27)",
    "needs()": "needs needs arguments (k, j); write a function without arguments that makes the target",
    "number()": "number() is a float, not a function; name something callable",
    "kind()": "kind() is a class; name a function, or an instance that can be called: {target}()",
    "THING()": "THING is a int, not a function; write a function without arguments",
    "nothing()": "made has no 'nothing'",
    "make_loss(3)": "'make_loss(3)' is no name; write name, name.name or name() without arguments",
    "kind()()": "'kind()' is no name",
    "f.": "'' is no name",
}


@pytest.mark.parametrize("attribute", FAILING)
def test_what_no_factory_makes(project: Path, write: Write, refused: Refused, attribute: str) -> None:
    write("made.py", CODE)
    target = f"made:{attribute}"
    message = refused("GC902", partial(load, target))
    assert message.startswith(f"{target}: ")
    assert FAILING[attribute].format(target=target) in message


def test_a_factory_that_is_not_called_is_answered_with_how_to_call_it(
    project: Path, write: Write, refused: Refused
) -> None:
    write("made.py", "def make(scale=2.0):\n    return lambda x: scale * x\n")
    message = refused("GC908", partial(load, "made:make"))
    assert message.startswith("made:make: no input to sweep: ")
    assert message.endswith(", or name made:make() if it makes what is to be scanned")
    assert [p.name for p in load("made:make()").parameters] == ["x"]


def test_ctrl_c_in_a_factory_is_no_error_of_the_target(project: Path, write: Write) -> None:
    write("made.py", "def make():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load("made:make()")


PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "plain.py": (("from plain import g as f",), "plain.py"),
    "sub/dir/plain.py": (('import sys; sys.path.insert(0, "sub/dir")', "from plain import g as f"), "sub/dir/plain.py"),
    "pack/__init__.py": (("from pack.inner import g as f",), "pack/inner.py"),
    "root/pack2/__init__.py": (
        ('import sys; sys.path.insert(0, "root")', "from pack2.inner import g as f"),
        "root/pack2/inner.py",
    ),
    "my-loss.py": (("import runpy", 'f = runpy.run_path("my-loss.py")["g"]'), "my-loss.py"),
    "sub/json.py": (
        ('import sys; sys.path.insert(0, "sub")', "import runpy", 'f = runpy.run_path("sub/json.py")["g"]'),
        "sub/json.py",
    ),
}


@pytest.mark.parametrize("first", PLACES)
def test_lines_to_paste_for_files(
    project: Path, write: Write, pasted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    lines, file = PLACES[first]
    write(first, "")
    write(file, "def g(x): return x * 7.0\n")
    target = load(f"{file}:g")
    assert target.paste == lines
    assert pasted(target, 2.0) == 14.0


def test_lines_to_paste_outside_the_working_directory(project: Path, write: Write, monkeypatch: Any) -> None:
    path = write("elsewhere/far_away.py", "def g(x): return x\ndef make(): return g\n")
    (project / "here").mkdir()
    monkeypatch.chdir(project / "here")
    assert load(f"{path}:g").paste == (
        f'import sys; sys.path.insert(0, "{path.parent}")',
        "from far_away import g as f",
    )


def test_lines_to_paste_for_a_factory_in_a_file_of_any_name(project: Path, write: Write, pasted: Any) -> None:
    write("my-loss.py", "def g(x): return x * 7.0\nclass A:\n    def m(self, x): return -x\ndef make(): return g\n")
    assert load("my-loss.py:make()").paste[1] == 'f = runpy.run_path("my-loss.py")["make"]()'
    assert pasted(load("my-loss.py:make()"), 2.0) == 14.0
    assert pasted(load("my-loss.py:A().m"), 2.0) == -2.0


def test_lines_to_paste_for_a_namespace_that_a_package_makes_up(project: Path, write: Write, pasted: Any) -> None:
    code = "import types\nspace = types.ModuleType('space')\nspace.g = lambda x: x * 7.0\n"
    write("made_up/__init__.py", code)
    target = load("made_up.space:g")
    assert target.paste == ("from made_up import space", "f = space.g")
    assert pasted(target, 2.0) == 14.0
    assert load("tensorflow.math:acos").paste == ("from tensorflow.math import acos as f",)


def test_a_module_of_tensorflow_without_a_call_lists_its_functions(
    project: Path, write: Write, refused: Refused
) -> None:
    write(
        "modules.py",
        """
        import tensorflow as tf

        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(2.0)

            @tf.function(input_signature=[tf.TensorSpec([None])])
            def predict(self, x):
                return x * self.w

            @tf.function
            def loss(self, x, labels):
                return x

            @tf.function
            def _private(self, x):
                return x

        class Callable(Net):
            def __call__(self, x):
                return self.predict(x)

        net, called = Net(), Callable()
        """,
    )
    message = refused("GC902", lambda: load("modules:net"))
    assert message.endswith(
        "net is a Net without __call__; name one of its functions: modules:net.loss, modules:net.predict"
    )
    assert load("modules:net.predict").parameters[0].shape == (None,)
    assert load("modules:net.loss").held == ("labels",)
    assert load("modules:called").parameters[0].name == "x"


@pytest.mark.slow
def test_what_a_factory_made_outlives_it(project: Path, write: Write, pasted: Callable[..., Any]) -> None:
    write(
        "short_lived.py",
        """
        import tensorflow as tf

        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(2.0)

            @tf.function(input_signature=[tf.TensorSpec([])])
            def predict(self, x):
                return x * self.w

            @tf.function(input_signature=[])
            def weight(self):
                return self.w * 2.0
        """,
    )
    for text in ("short_lived:Net().predict", "short_lived.py:Net().predict"):
        target = load(text)
        gc.collect()
        assert target.function(3.0).numpy() == 6.0
        assert target.paste == ("from short_lived import Net", "owner = Net()", "f = owner.predict")
        assert pasted(target, 3.0).numpy() == 6.0
    weight = load("short_lived:Net().weight")
    assert (weight.parameters, weight.call, weight.is_tensor) == ((), "f()", True)
