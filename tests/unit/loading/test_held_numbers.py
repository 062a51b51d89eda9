"""Arguments that are annotated as Python numbers are passed as such where they are held."""

from collections.abc import Callable
from typing import Any, TypedDict

import pytest

from gradcheck.errors import BAD_CONFIGURATION
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.held_numbers import with_numbers
from gradcheck.loading.signatures import arguments_of
from gradcheck.records import LoadedTarget

Refused = Callable[[str, Callable[[], object]], str]


class Batch(TypedDict):
    p: Any


def loaded(function: Callable[..., Any]) -> LoadedTarget:
    return target_of("t", Call(function, arguments_of("t", function)), ())


def mixed(x: Any, n: int, y: Any, *, deep: bool, scale: Any) -> Any:
    return x, n, y, deep, scale


def quoted(x: Any, n: "int") -> Any:
    return x, n


def first_only(n: int, x: Any) -> Any:
    return n, x


def test_numbers_are_bound_and_the_others_keep_their_places() -> None:
    target = with_numbers(loaded(mixed), {"n": "2", "deep": "1"})
    assert [(p.name, p.keyword_only) for p in target.parameters] == [("x", False), ("y", True), ("scale", True)]
    found = target.function(1.0, y=3.0, scale=4.0)
    assert found == (1.0, 2, 3.0, True, 4.0)
    assert type(found[1]) is int
    assert found[3] is True
    assert target.call.format("x", "y", "scale") == "f(x, 2, y, deep=True, scale=scale)"


@pytest.mark.parametrize(
    ("function", "value", "found", "call"),
    [(quoted, "3", ("x", 3), "f({0}, 3)"), (first_only, "1e1", (10, "x"), "f(10, {0})")],
)
def test_annotations_say_what_is_a_number(function: Callable[..., Any], value: str, found: Any, call: str) -> None:
    target = with_numbers(loaded(function), {"n": value})
    assert target.call == call
    assert target.function(x="x") == found


def test_what_is_no_annotated_number_stays_a_tensor() -> None:
    target = loaded(mixed)
    assert with_numbers(target, {"x": "0.5"}) is target
    assert with_numbers(target, {"n": "2"}, tensors={"n"}) is target

    def structured(batch: Batch, n: int) -> Any:
        return batch["p"] * n

    packed = loaded(structured)
    assert with_numbers(packed, {"n": "2"}) is packed

    def by_place(x: Any, n: int, /) -> Any:
        return x * n

    placed = loaded(by_place)
    assert with_numbers(placed, {"n": "2"}) is placed


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [("n", "2.5", "n is a Python int; write a whole number"), ("deep", "2", "deep is a Python bool; write 0 or 1")],
)
def test_a_value_of_another_kind_is_refused(refused: Refused, name: str, value: str, wanted: str) -> None:
    message = refused(BAD_CONFIGURATION, lambda: with_numbers(loaded(mixed), {name: value}))
    assert message == f"t: --hold {name}={value}: {wanted}"
