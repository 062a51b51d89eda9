"""Keywords of Python become the options of the command line."""

import inspect
from typing import Any

import numpy as np
import pytest

from gradcheck.api.asking import Options, request_of
from gradcheck.domains import ValueDomain
from gradcheck.errors import CannotCheck
from gradcheck.options import HoldOption, RangeOption, Said


def options(**said: Any) -> Said:
    return request_of("module:function", said).said


@pytest.mark.parametrize(
    ("said", "ranges"),
    [
        ((-1, 1), [(None, "-1", "1")]),
        ([-1, 1], [(None, "-1", "1")]),
        ("-1:1", [(None, "-1", "1")]),
        ("z=-1:1", [("z", "-1", "1")]),
        ({"x": (-1, 0.5), "y": "0:1"}, [("x", "-1", "0.5"), ("y", "0", "1")]),
        ([(-1, 0), (1, 2)], [(None, "-1", "0"), (None, "1", "2")]),
        ({"x": ["0:1", (2, 3)]}, [("x", "0", "1"), ("x", "2", "3")]),
        ((None, 1), [(None, "", "1")]),
        ((float("-inf"), float("inf")), [(None, "", "")]),
        ((np.float32(0.1), np.int64(2)), [(None, repr(float(np.float32(0.1))), "2")]),
    ],
)
def test_ranges_in_every_form(said: Any, ranges: list[tuple[str | None, str, str]]) -> None:
    assert options(range=said).ranges == tuple(RangeOption(*r) for r in ranges)


def test_every_other_option() -> None:
    found = options(
        hold={"y": 0.5},
        dtype=np.float16,
        shape={"x": (4, 3), "n": 2},
        domain={"y": "one-hot"},
        wrt="x",
        mode=["graph", "xla"],
        tolerance=0.01,
        exhaustive=True,
        order=2,
        budget="2m",
        seed=7,
    )
    assert found == Said(
        holds=(HoldOption("y", "0.5"),),
        dtype="float16",
        shapes={"x": (4, 3), "n": (2,)},
        domains={"y": ValueDomain("one-hot")},
        wrt=("x",),
        modes=("graph", "xla"),
        tolerance=0.01,
        exhaustive=True,
        order=2,
        budget=120.0,
        seed=7,
    )


def test_none_is_the_default_of_every_option() -> None:
    assert options(**dict.fromkeys(Options.__annotations__)) == options() == Said()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"range": (1, 0)}, "above"),
        ({"range": 3}, "not a range"),
        ({"range": ("a", 1)}, "not a range"),
        ({"range": (1, 2, 3)}, "not a range"),
        ({"range": (float("nan"), 1)}, "not a finite number"),
        ({"range": (object(), 1)}, "not a number"),
        ({"hold": 0.5}, "says of no input"),
        ({"hold": {"y": None}}, "not a number"),
        ({"shape": (4, 3)}, "says of no input"),
        ({"shape": {"x": (0,)}}, "not a shape"),
        ({"domain": {"x": "hot"}}, "domain"),
        ({"dtype": "float8"}, "write one of float16"),
        ({"mode": "lazy"}, "write one of graph"),
        ({"tolerance": 2}, "not a relative error"),
        ({"tolerance": "much"}, "not a"),
        ({"order": 3}, "write 1 or 2"),
        ({"seed": -1}, "whole number"),
        ({"budget": 0}, "not a time"),
    ],
)
def test_a_mistake_is_one_line(said: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotCheck) as caught:
        options(**said)
    assert caught.value.code == "GC907"
    assert words in caught.value.message


def test_an_unknown_keyword_is_a_type_error_with_the_nearest_one() -> None:
    with pytest.raises(TypeError, match="'rang'; did you mean range"):
        options(rang=(0, 1))


def test_two_objects_of_one_name_are_two_targets() -> None:
    def make(k: int) -> Any:
        return lambda x: k * x

    one, other = make(1), make(2)
    request = request_of(one, {"against": other})
    assert request.objects[request.text] is one
    assert request.said.against is not None
    assert request.objects[request.said.against] is other
    same = request_of(one, {"against": one})
    assert same.said.against == same.text


def test_the_signature_lists_every_option() -> None:
    import gradcheck

    parameters = inspect.signature(gradcheck.scan).parameters
    assert list(parameters) == ["target", *Options.__annotations__]
    assert all(f"{name}:" in (Options.__doc__ or "") for name in Options.__annotations__)
