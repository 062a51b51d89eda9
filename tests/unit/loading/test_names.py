"""Taking a target's text apart: nothing is imported, only the file system is asked."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gradcheck.loading.names import Place, TargetName, parse

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module:function", TargetName(Place.MODULE, "module", "function")),
        ("package.module:outer.inner", TargetName(Place.MODULE, "package.module", "outer.inner")),
        ("package.module", TargetName(Place.MODULE, "package.module", "")),
        ("tensorflow.math:acos", TargetName(Place.MODULE, "tensorflow.math", "acos")),
        ("not_installed:function", TargetName(Place.MODULE, "not_installed", "function")),
    ],
)
def test_dotted_names_are_modules(project: Path, text: str, expected: TargetName) -> None:
    assert parse(text) == expected


def test_a_python_file_may_be_anywhere_and_have_any_stem(project: Path, write: Write) -> None:
    write("losses.py", "")
    path = write("sub/my-loss 2.py", "")
    assert parse("losses.py") == TargetName(Place.FILE, "losses.py", "")
    assert parse("sub/my-loss 2.py:f") == TargetName(Place.FILE, "sub/my-loss 2.py", "f")
    assert parse(f"{path}:f") == TargetName(Place.FILE, str(path), "f")


@pytest.mark.parametrize("file", ["saved_model.pb", "saved_model.pbtxt"])
def test_a_directory_with_a_model_in_it_is_a_saved_model(project: Path, write: Write, file: str) -> None:
    write(f"models/1/{file}", "")
    for text in ("models/1", "models/1/"):
        assert parse(text) == TargetName(Place.SAVED_MODEL, "models/1", "")
    assert parse("models/1:serving_default") == TargetName(Place.SAVED_MODEL, "models/1", "serving_default")


def test_a_package_in_the_working_directory_is_a_module(project: Path, write: Write) -> None:
    write("losses/__init__.py", "")
    assert parse("losses:f") == TargetName(Place.MODULE, "losses", "f")


def test_no_such_file(project: Path, refused: Refused) -> None:
    message = refused("GC901", lambda: parse("losses.py:f"))
    assert message.startswith("losses.py:f: no such file: losses.py;")


def test_a_directory_that_holds_no_model(project: Path, write: Write, refused: Refused) -> None:
    write("data/values.csv", "")
    for text in ("data", "data/", "data:serving_default", str(project / "data")):
        assert refused("GC906", partial(parse, text)).startswith(f"{text}: the directory holds no saved_model.pb;")


@pytest.mark.parametrize("name", ["values.txt", "model.h5", "values.csv"])
def test_a_file_that_is_not_python(project: Path, write: Write, refused: Refused, name: str) -> None:
    write(name, "")
    for text in (name, f"{name}:f"):
        message = refused("GC901", partial(parse, text))
        assert message.startswith(f"{text}: is neither a .py file nor a SavedModel directory;")


@pytest.mark.parametrize("text", ["no/such/place", "no/such/place:f", "two words:f", "a:b:c", "losses-2:f", "1st:f"])
def test_a_text_that_names_nothing(project: Path, refused: Refused, text: str) -> None:
    assert refused("GC901", lambda: parse(text)).startswith(f"{text}: no such file, directory or module;")


@pytest.mark.parametrize("text", ["", ":", ":f"])
def test_a_text_without_a_place_names_no_directory(project: Path, refused: Refused, text: str) -> None:
    assert "saved_model" not in refused("GC901", lambda: parse(text))


def test_a_keras_file_holds_one_model(project: Path, write: Write, refused: Refused) -> None:
    write("models/net.keras", "")
    assert parse("models/net.keras") == TargetName(Place.KERAS_FILE, "models/net.keras", "")
    message = refused("GC902", lambda: parse("models/net.keras:serving_default"))
    assert message.endswith("a .keras file holds one model and no names; write models/net.keras")
    assert "no such file: model.keras" in refused("GC901", lambda: parse("model.keras"))


def test_a_factory_keeps_its_parentheses(project: Path, write: Write) -> None:
    write("losses.py", "")
    assert parse("losses:make()") == TargetName(Place.MODULE, "losses", "make()")
    assert parse("losses.py:obj.make()") == TargetName(Place.FILE, "losses.py", "obj.make()")


def test_nothing_is_imported(project: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*arguments: Any, **named: Any) -> Any:
        raise AssertionError(f"imported {arguments}")

    write("losses.py", "raise SystemExit")
    monkeypatch.setattr("builtins.__import__", explode)
    assert parse("losses.py:f").attribute == "f"
    assert parse("losses:f").attribute == "f"
