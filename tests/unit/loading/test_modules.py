"""Importing the user's module or file, and finding the function in it: user code may do anything."""

import math
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gradcheck.loading import load
from gradcheck.loading.attributes import attribute
from gradcheck.loading.modules import import_file, import_module, source_path

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]


def test_a_module_by_its_name(project: Path, write: Write) -> None:
    path = write("some_losses.py", "ANSWER = 42")
    module = import_module("some_losses")
    assert module.ANSWER == 42
    assert source_path(module) == path.resolve()


def test_a_namespace_that_a_package_makes_up_is_a_module_too() -> None:
    namespace = import_module("tensorflow.math")
    assert isinstance(namespace, types.ModuleType)
    assert attribute(namespace, "tensorflow.math:acos", "acos") is import_module("tensorflow").math.acos


def test_a_file_is_imported_once_and_found_under_its_own_name(project: Path, write: Write) -> None:
    path = write("some_losses.py", "TIMES = []\nTIMES.append(1)")
    module = import_file(path)
    assert import_file(path) is module
    assert import_module("some_losses") is module
    assert module.TIMES == [1]


def test_a_file_imports_its_neighbours_from_anywhere(project: Path, write: Write) -> None:
    write("sub/neighbour.py", "ANSWER = 42")
    path = write("sub/main_losses.py", "from neighbour import ANSWER")
    assert import_file(path).ANSWER == 42


def test_a_file_of_a_package_is_imported_as_a_part_of_it(project: Path, write: Write) -> None:
    write("root/pack_a/__init__.py", "")
    write("root/pack_a/inner/__init__.py", "")
    write("root/pack_a/constants.py", "ANSWER = 42")
    path = write("root/pack_a/inner/losses.py", "from ..constants import ANSWER")
    module = import_file(path)
    assert (module.__name__, module.ANSWER) == ("pack_a.inner.losses", 42)


def test_a_stem_that_is_no_identifier(project: Path, write: Write) -> None:
    assert import_file(write("my-loss.py", "ANSWER = 42")).ANSWER == 42


@pytest.mark.parametrize("stem", ["json", "math", "gradcheck", "queue"])
def test_a_file_does_not_take_the_place_of_a_module_of_the_same_name(project: Path, write: Write, stem: str) -> None:
    before = sys.modules.get(stem)
    module = import_file(write(f"{stem}.py", "ANSWER = 42"))
    assert module.ANSWER == 42
    assert sys.modules.get(stem) is before


def test_files_of_one_name_in_several_directories_are_told_apart(project: Path, write: Write) -> None:
    paths = [write(f"{place}/same_stem.py", f"PLACE = {place!r}") for place in ("one", "two", "three")]
    assert [import_file(path).PLACE for path in [*paths, *paths]] == ["one", "two", "three"] * 2


def test_files_of_one_package_name_in_several_directories_are_told_apart(project: Path, write: Write) -> None:
    for place in ("one", "two"):
        write(f"{place}/same_package/__init__.py", "")
        write(f"{place}/same_package/losses.py", f"PLACE = {place!r}")
    assert [import_file(project / p / "same_package" / "losses.py").PLACE for p in ("one", "two")] == ["one", "two"]


def test_a_file_is_run_once_even_if_its_name_is_taken(project: Path, write: Write) -> None:
    import_file(write("one/taken.py", ""))
    path = write("two/taken.py", "import sys\nsys.taken_runs = getattr(sys, 'taken_runs', 0) + 1\ndef f(x): return x")
    try:
        for _ in range(3):
            import_file(path)
        assert sys.taken_runs == 1  # type: ignore[attr-defined]
    finally:
        del sys.taken_runs  # type: ignore[attr-defined]


def test_a_file_that_raised_is_not_left_half_imported(project: Path, write: Write, refused: Refused) -> None:
    path = write("broken_once.py", "raise ValueError('first')")
    refused("GC901", lambda: load("broken_once.py:f"))
    assert "broken_once" not in sys.modules
    path.write_text("def f(x):\n    return x * 1.0\n")
    assert load("broken_once.py:f").parameters[0].name == "x"


@pytest.mark.parametrize("name", ["not_there", "not_there.at_all", "tensorflow.not_there", "os.not_there"])
def test_no_such_module(project: Path, refused: Refused, name: str) -> None:
    message = refused("GC901", lambda: load(f"{name}:f"))
    assert message.startswith(f"{name}: no module named 'not_there") or f"no module named {name!r}" in message
    assert "run gradcheck in the directory that holds it, or install it" in message


RAISING = {
    "raises ValueError": ("x = 1\nraise ValueError('boom')", "importing it raised ValueError: boom", 2),
    "exits": ("import sys\n\nsys.exit('bye')", "importing it raised SystemExit: bye", 3),
    "exits with 0": ("raise SystemExit(0)", "importing it raised SystemExit: 0", 1),
    "many lines": ("raise ValueError('one\\n  two\\n\\tthree')", "ValueError: one two three", 1),
    "imports what is not there": ("import not_there", "ModuleNotFoundError: No module named 'not_there'", 1),
    "raises in a function": ("def f(x):\n    return 1 / x\n\nf(0)", "ZeroDivisionError: division by zero", 2),
    "recursion": ("def f():\n    f()\nf()", "RecursionError", 2),
    "generator exit": ("raise GeneratorExit", "importing it raised GeneratorExit", 1),
}


@pytest.mark.parametrize("case", RAISING)
def test_a_module_that_raises_on_import(project: Path, write: Write, refused: Refused, case: str) -> None:
    code, words, line = RAISING[case]
    write("user_code.py", code)
    for target in ("user_code.py:f", "user_code:f"):
        message = refused("GC901", partial(load, target))
        assert message.startswith(target.rpartition(":")[0] + ": ")
        assert words in message
        assert f"(user_code.py:{line})" in message


@pytest.mark.parametrize(
    ("code", "line"),
    [("def f(:\n    pass", 1), ("x = 1\n\nif x\n    y = 2\n", 3), ("if 1:\n\tx = 1\n        y = 2\n", 3)],
)
def test_a_syntax_error_names_the_line(project: Path, write: Write, refused: Refused, code: str, line: int) -> None:
    write("not_python.py", code)
    for target in ("not_python.py:f", "not_python:f"):
        message = refused("GC901", partial(load, target))
        assert "not valid Python" in message
        assert f"not_python.py:{line})" in message


@pytest.mark.parametrize("content", [b"x = 1\x00\n", b'x = "\xff\xfe"\n', b"\x7fELF\x02\x01\x00\x00"])
def test_bytes_that_are_no_source(project: Path, write: Write, refused: Refused, content: bytes) -> None:
    write("binary.py", content)
    assert refused("GC901", lambda: load("binary.py:f")).startswith("binary.py: ")


def test_ctrl_c_while_importing_is_not_an_import_error(project: Path, write: Write) -> None:
    write("interrupted.py", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load("interrupted.py:f")


def test_no_such_function_with_a_hint(project: Path, write: Write, refused: Refused) -> None:
    write("some_losses.py", "def cross_entropy(x): return x\nclass outer:\n    inner_name = staticmethod(abs)")
    assert refused("GC902", lambda: load("some_losses.py:cros_entropy")) == (
        "some_losses.py:cros_entropy: some_losses has no 'cros_entropy'; did you mean cross_entropy?"
    )
    assert "did you mean inner_name?" in refused("GC902", lambda: load("some_losses:outer.inner_nam"))
    assert "did you mean acos?" in refused("GC902", lambda: load("tensorflow.math:acoss"))
    assert "did you mean" not in refused("GC902", lambda: load("some_losses.py:zzzzzzzz"))


def test_a_class_instead_of_a_function(project: Path, write: Write, refused: Refused) -> None:
    write("classes.py", "class Loss:\n    def __call__(self, x): return x\n")
    message = refused("GC902", lambda: load("classes.py:Loss"))
    assert (
        message
        == "classes.py:Loss: Loss is a class; name a function, or an instance that can be called: classes.py:Loss()"
    )


@pytest.mark.parametrize(("value", "kind"), [("3.0", "float"), ("None", "NoneType"), ("'text'", "str")])
def test_something_that_cannot_be_called(project: Path, write: Write, refused: Refused, value: str, kind: str) -> None:
    write("values.py", f"THING = {value}")
    assert f"THING is a {kind}, not a function;" in refused("GC902", lambda: load("values.py:THING"))


def test_an_attribute_that_raises_when_it_is_asked_for(project: Path, write: Write, refused: Refused) -> None:
    write("lazy.py", "def __getattr__(name):\n    raise RuntimeError(f'cannot make {name}')\n")
    with pytest.raises(Exception, match="cannot make f") as raised:
        load("lazy.py:f")
    assert type(raised.value).__name__ == "CannotCheck"


def test_dotted_attributes(project: Path, write: Write) -> None:
    write("nested_names.py", "class space:\n    @staticmethod\n    def f(x): return -x\n")
    assert load("nested_names.py:space.f").function(2.0) == -2.0
    assert load("math:exp").function is math.exp


def test_names_of_targets_are_as_the_user_wrote_them(project: Path, write: Write) -> None:
    write("sub/named.py", "def f(x): return x")
    assert load("sub/named.py:f").name == "sub/named.py:f"
