"""Objects of this process as targets: what they are called, and that texts stand for them here alone."""

import functools
import threading
from typing import Any

import pytest

from gradcheck import loading
from gradcheck.errors import CannotCheck
from gradcheck.loading.memory import is_known, known_as, name_of


def square(x: Any) -> Any:
    return x * x


class Named:
    name = "mine"

    def __call__(self, x: Any) -> Any:
        return x


class Nameless:
    def method(self, x: Any) -> Any:
        return x


def test_names() -> None:
    module = __name__
    assert name_of(square) == f"{module}.square"
    assert name_of(functools.partial(square)) == f"{module}.square"
    assert name_of(lambda x: x).endswith("test_names.<locals>.<lambda>")
    assert name_of(Nameless().method) == f"{module}.Nameless.method"
    assert name_of(Named()) == "Named(mine)"
    assert name_of(Nameless()) == "Nameless"
    assert name_of(3) == "int"
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def f(x): return x", names)
    assert name_of(names["f"]) == "f"


def test_a_text_stands_for_an_object_within_alone() -> None:
    with known_as({"mine": square}):
        assert is_known("mine")
        assert loading.expand("mine") == ("mine",)
        loaded = loading.load("mine")
        assert (loaded.name, loaded.function, [p.name for p in loaded.parameters]) == ("mine", square, ["x"])
        seen: list[bool] = []
        thread = threading.Thread(target=lambda: seen.append(is_known("mine")))
        thread.start()
        thread.join()
        assert seen == [False]
    assert not is_known("mine")
    with pytest.raises(CannotCheck, match="no module named 'mine'"):
        loading.load("mine:square")


def test_it_is_pasted_by_a_name_that_leads_to_it() -> None:
    def inner(x: Any) -> Any:
        return x

    with known_as({"a": square, "b": inner, "c": lambda x: x}):
        assert loading.load("a").paste == (f"from {__name__} import square as f",)
        assert loading.load("b").paste == loading.load("c").paste == ()
