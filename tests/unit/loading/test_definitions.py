"""Where a target is defined, and what comments say of it."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.loading import ignores_at, load
from gradcheck.loading.definitions import code_of, described
from gradcheck.records import Ignore, Lines

Write = Callable[[str, str | bytes], Path]

PLAIN = """
import functools
from said_elsewhere import imported, wrapped

# gradcheck: ignore[GC001] -- above
def f(x):  # gradcheck: ignore[GC002] -- beside
    y = x + 1  # gradcheck: ignore[GC003] -- inside
    return y

def g(x, k):  # gradcheck: ignore[GC001] -- of g
    return x * k

partial = functools.partial(g, k=2.0)  # gradcheck: ignore[GC002] -- of partial
annotated: object = lambda x: x  # gradcheck: ignore[GC001] -- lambda

@wrapped
@wrapped  # gradcheck: ignore[GC001] -- decorated
def decorated(x):
    return x

class Losses:
    def method(self, x):  # gradcheck: ignore[GC001] -- method
        return x

    @staticmethod
    def static(x):
        return x  # gradcheck: ignore[GC001] -- static

    def __call__(self, x):  # gradcheck: ignore[GC001] -- called
        return x

# gradcheck: ignore[GC002] -- instance
losses = Losses()

def make():  # gradcheck: ignore[GC002] -- make
    def inner(x):  # gradcheck: ignore[GC001] -- inner
        return x
    return inner

first, second = make(), make()  # gradcheck: ignore[GC002] -- a pair

if True:
    def conditional(x):  # gradcheck: ignore[GC001] -- conditional
        return x
"""

HELPERS = """
import functools

def wrapped(function):
    @functools.wraps(function)
    def outer(x):  # gradcheck: ignore[GC009] -- of all that is wrapped
        return function(x)
    return outer

def imported(x):  # gradcheck: ignore[GC001] -- elsewhere
    return x
"""


@pytest.fixture
def written(write: Write) -> None:
    write("said_here.py", PLAIN)
    write("said_elsewhere.py", HELPERS)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("name", "place", "reasons"),
    [
        ("f", "said_here.py:6", {"above", "beside"}),
        ("partial", "said_here.py:13", {"of partial", "of g"}),
        ("annotated", "said_here.py:14", {"lambda"}),
        ("decorated", "said_here.py:18", {"decorated"}),
        ("Losses.static", "said_here.py:26", set()),
        ("losses.method", "said_here.py:33", {"method", "instance"}),
        ("losses", "said_here.py:33", {"called", "instance"}),
        ("make()", "said_here.py:35", {"inner", "make"}),
        ("second", "said_here.py:40", {"inner", "a pair"}),
        ("conditional", "said_here.py:43", {"conditional"}),
        ("imported", "said_elsewhere.py:10", {"elsewhere"}),
    ],
)
def test_a_target_has_a_place_and_what_is_said_on_it(name: str, place: str, reasons: set[str]) -> None:
    for loaded in (load(f"said_here:{name}"), load(f"said_here.py:{name}")):
        assert loaded.place is not None
        assert loaded.place.text == place
        assert {i.reason for i in loaded.ignores if i.lines is None} == reasons
        assert all(i.by == "comment" for i in loaded.ignores)


@pytest.mark.usefixtures("written")
def test_what_is_said_inside_is_about_lines() -> None:
    (inside,) = (i for i in load("said_here:f").ignores if i.lines)
    assert inside == Ignore(("GC003",), "inside", "comment", "said_here.py:7", Lines("said_here.py", 7, 7))
    (static,) = load("said_here:Losses.static").ignores
    assert static.lines == Lines("said_here.py", 27, 27)


def test_functions_under_tensorflow(write: Write) -> None:
    write(
        "under.py",
        """\
        import tensorflow as tf

        @tf.custom_gradient  # gradcheck: ignore[GC001] -- custom
        def custom(x):
            def grad(dy):
                return dy  # gradcheck: ignore[GC002] -- in grad
            return x, grad

        @tf.function(jit_compile=True)
        def traced(x):  # gradcheck: ignore[GC001] -- traced
            return x

        def plain(x):  # gradcheck: ignore[GC001] -- plain
            return x

        applied = tf.custom_gradient(custom)
        compiled = tf.function(plain)  # gradcheck: ignore[GC002] -- compiled

        class Scale(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
            def __call__(self, x):  # gradcheck: ignore[GC001] -- module
                return x

        scale = Scale()

        class Layer(tf.keras.layers.Layer):
            def call(self, x):  # gradcheck: ignore[GC001] -- layer
                return x

        layer = Layer()
        dense = tf.keras.layers.Dense(3)  # gradcheck: ignore[GC001] -- dense
        """,
    )
    found = {
        name: load(f"under:{name}") for name in ("custom", "traced", "compiled", "applied", "scale", "layer", "dense")
    }
    said = {name: {i.reason for i in loaded.ignores if i.lines is None} for name, loaded in found.items()}
    assert said == {
        "custom": {"custom"},
        "traced": {"traced"},
        "compiled": {"compiled", "plain"},
        "applied": {"custom"},
        "scale": {"module"},
        "layer": {"layer"},
        "dense": {"dense"},
    }
    assert [found[name].place and found[name].place.line for name in ("custom", "compiled", "dense")] == [4, 17, 31]  # type: ignore[union-attr]
    assert [i.reason for i in found["custom"].ignores if i.lines] == ["in grad"]
    library = load("tensorflow.math:softplus")
    assert (library.place, library.ignores) == (None, ())


def test_mistakes_of_the_module_are_told_of_each_of_its_targets(write: Write) -> None:
    write("wrong.py", "def f(x):\n    return x\n\n# gradcheck: ignore[GC123]\n\ndef g(x):\n    return x\n")
    for name in ("f", "g"):
        (mistake,) = load(f"wrong:{name}").ignores
        assert (mistake.place, mistake.mistake) == ("wrong.py:4", "GC123: no such code; did you mean GC012?")


def test_lines_of_other_files(write: Write) -> None:
    path = str(
        write(
            "kit/helper.py",
            """\
            def inner(x):  # gradcheck: ignore[GC001] -- the function
                return g(
                    x
                )  # gradcheck: ignore[GC002] -- the line

            def other(x):
                return x  # gradcheck: ignore[GC2
            """,
        )
    )
    assert [(i.reason, i.place, i.lines) for i in ignores_at([(path, 2), (path, 2), ("/none.py", 1)])] == [
        ("the function", "kit/helper.py:1", Lines("kit/helper.py", 1, 4)),
        ("the line", "kit/helper.py:4", Lines("kit/helper.py", 2, 4)),
        ("", "kit/helper.py:7", None),
    ]
    assert [i.reason for i in ignores_at([(path, 1)])] == ["the function", ""]


def test_a_file_below_another_directory_has_its_whole_path(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("far.py", "def f(x):  # gradcheck: ignore -- x\n    return x\n")
    (path.parent / "sub").mkdir()
    monkeypatch.chdir(path.parent / "sub")
    loaded = load("../far.py:f")
    assert loaded.place is not None
    assert loaded.place.text == f"{path}:1"


def test_a_directory_behind_a_link_is_named_as_it_was_imported(write: Write, project: Path) -> None:
    write("real/linked.py", "def f(x):  # gradcheck: ignore -- f\n    return x  # gradcheck: ignore[GC001] -- x\n")
    write("real/__init__.py", "")
    (project / "link").symlink_to(project / "real")
    loaded = load("link.linked:f")
    assert loaded.place is not None
    assert (loaded.place.text, [i.place for i in loaded.ignores]) == (
        "link/linked.py:1",
        ["link/linked.py:1", "link/linked.py:2"],
    )


def test_what_wraps_itself_has_an_end(write: Write) -> None:
    write("endless.py", "def f(x):\n    return x\n\ndef g(x):\n    return x\n\nf.__wrapped__, g.__wrapped__ = g, f\n")
    endless = importlib.import_module("endless")
    assert code_of(endless.f) is not None
    place, _ = described(endless, "f", endless.f)
    assert place is not None


def test_an_object_that_lets_nothing_be_asked_is_defined_where_it_has_its_name(write: Write) -> None:
    write(
        "odd.py",
        """\
        class Odd:
            def __call__(self, x):
                return x

            def __getattr__(self, name):
                raise RuntimeError(name)

        odd = Odd()  # gradcheck: ignore -- odd
        """,
    )
    odd = importlib.import_module("odd")
    place, (ignore,) = described(odd, "odd", odd.odd)
    assert (place and place.text, ignore.reason) == ("odd.py:8", "odd")
