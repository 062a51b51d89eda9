"""What is said nearer to the run wins, input by input."""

import pytest

from gradcheck.domains import ValueDomain
from gradcheck.options import NOTHING_SAID, HoldOption, RangeOption, Said, ScanOptions
from gradcheck.precedence import for_all, named, only, over, strangers

UNIT, MASK = ValueDomain("unit"), ValueDomain("mask")
EVERYWHERE, X01, X23 = RangeOption(None, "0", "9"), RangeOption("x", "0", "1"), RangeOption("x", "2", "3")
WHOLE = Said(
    ranges=(X01, EVERYWHERE),
    holds=(HoldOption("x", "3"),),
    dtype="float16",
    against="m:g",
    seed=0,
    tolerance=0.0,
    shapes={"x": (2,)},
    domains={"y": UNIT},
    wrt=("x",),
    budget=3.0,
    order=1,
    exhaustive=False,
    modes=("xla",),
)


def test_nothing_said_changes_nothing() -> None:
    assert over(WHOLE, NOTHING_SAID) == WHOLE
    assert over(NOTHING_SAID, WHOLE) == WHOLE


def test_what_is_said_first_wins_even_where_it_is_nothing() -> None:
    """0 and false are words too."""
    other = Said(dtype="float64", seed=7, tolerance=0.5, budget=9.0, order=2, exhaustive=True, modes=("eager",))
    found = over(WHOLE, other)
    assert found == WHOLE
    assert over(other, WHOLE).exhaustive is True


@pytest.mark.parametrize(
    ("first", "second", "ranges", "domains"),
    [
        (Said(ranges=(X01,)), Said(ranges=(X23,)), (X01,), {}),
        (Said(ranges=(X01,)), Said(ranges=(EVERYWHERE,)), (X01, EVERYWHERE), {}),
        (Said(ranges=(EVERYWHERE,)), Said(ranges=(X01,), domains={"x": UNIT}), (EVERYWHERE,), {"x": UNIT}),
        (Said(domains={"x": UNIT}), Said(ranges=(X01,), domains={"x": MASK, "y": MASK}), (), {"x": UNIT, "y": MASK}),
        (Said(holds=(HoldOption("x", "1"),)), Said(ranges=(X01,), domains={"x": MASK}), (), {}),
    ],
)
def test_values_of_an_input(
    first: Said, second: Said, ranges: tuple[RangeOption, ...], domains: dict[str, ValueDomain]
) -> None:
    found = over(first, second)
    assert (found.ranges, found.domains) == (ranges, domains)


def test_what_is_said_of_all_holds_for_the_inputs_that_there_are() -> None:
    found = only(WHOLE, ["y"])
    assert (found.ranges, found.holds, found.shapes, found.domains, found.wrt) == (
        (EVERYWHERE,),
        (),
        {},
        {"y": UNIT},
        (),
    )
    assert (found.dtype, found.modes) == (WHOLE.dtype, WHOLE.modes)


def test_what_not_every_target_can_have_is_marked_where_it_is_a_projects_default() -> None:
    every = for_all(WHOLE)
    assert every.defaults == ("dtype", "modes")
    assert for_all(Said(modes=("xla",))).defaults == ("modes",)
    assert over(Said(dtype="float64"), every).defaults == ("modes",)
    assert over(over(Said(), Said(modes=("graph",))), every).completed.defaults == ("dtype",)


def test_names_that_are_no_input_and_what_was_meant() -> None:
    said = Said(shapes={"logit": (2,)}, ranges=(EVERYWHERE, X01), wrt=("weights",), holds=(HoldOption("labels", "1"),))
    assert list(named(said)) == [("shape", "logit"), ("range", "x"), ("hold", "labels"), ("wrt", "weights")]
    assert list(strangers(said, ["logits", "labels"])) == [
        ("shape", "logit", "did you mean logits?"),
        ("range", "x", "it has: logits, labels"),
    ]


def test_complete_options_are_words_too() -> None:
    assert over(ScanOptions(seed=3), WHOLE).completed.seed == 3
