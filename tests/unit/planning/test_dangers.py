"""Planted danger points of intermediates end up, to the exact float, among the ordinals."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck import options as opt
from gradcheck.bisection import Codes
from gradcheck.floats import FORMATS, Doubles, FloatFormat, Ordinals
from gradcheck.planning.dangers import danger_ordinals
from gradcheck.records import InputPlan

FLOAT32, FLOAT64 = FORMATS["float32"], FORMATS["float64"]


@dataclass
class Eye:
    """Looks at numpy functions of the input: their classes and signs (if `signs`) and their distances from 0."""

    fmt: FloatFormat
    functions: list[Callable[[Doubles], Doubles]]
    signs: bool = True
    asked: list[Ordinals] = field(default_factory=list)

    def __call__(self, ordinals: Ordinals) -> tuple[Codes, NDArray[np.float64]]:
        self.asked.append(ordinals)
        x = self.fmt.decode(ordinals)
        with np.errstate(all="ignore"):
            values = np.array([f(x) for f in self.functions]).reshape(len(self.functions), len(x))
        codes = np.where(np.isnan(values), 3, np.sign(values) * (1 + np.isinf(values)))
        codes = codes if self.signs else np.zeros_like(codes)
        return codes.astype(np.int64), np.abs(values)


def at(value: float, fmt: FloatFormat = FLOAT32) -> int:
    return int(fmt.encode(value))


def whole(fmt: FloatFormat) -> InputPlan:
    return InputPlan(0, ((fmt.min_ordinal, fmt.max_ordinal),), (0,))


def dangers(eye: Eye, plan: InputPlan | None = None, seed: int = 0) -> set[int]:
    """What is found, checked to be sorted, distinct and in the plan."""
    plan = plan or whole(eye.fmt)
    found = danger_ordinals(plan, eye.fmt, eye, seed)
    assert (found[1:] > found[:-1]).all()
    assert all(any(lo <= o <= hi for lo, hi in plan.segments) for o in found.tolist())
    return set(found.tolist())


def touching(*places: int, fmt: FloatFormat) -> list[Callable[[Doubles], Doubles]]:
    """|x - c| for the float c at each place: as near to 0 as it gets there, and never through it."""

    def distance_from(c: float) -> Callable[[Doubles], Doubles]:
        return lambda x: np.abs(x - c)

    return [distance_from(float(fmt.decode(np.array([place]))[0])) for place in places]


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize(
    "function",
    [lambda x: x - 3.7, lambda x: np.abs(x - 3.7), lambda x: (x - 3.7) ** 2, lambda x: 1 - (3.7 / x)],
    ids=["crossing", "touching", "square", "pole"],
)
def test_a_planted_zero_is_found(fmt: FloatFormat, function: Callable[[Doubles], Doubles]) -> None:
    found = dangers(Eye(fmt, [function]))
    assert {at(3.7, fmt) + step for step in range(-2, 3)} <= found


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=lambda fmt: fmt.name)
@given(data=st.data())
def test_a_crossing_anywhere_is_found(fmt: FloatFormat, data: st.DataObject) -> None:
    place = data.draw(st.integers(fmt.min_ordinal + 2, fmt.max_ordinal) | st.integers(-at(1.0, fmt), at(1.0, fmt)))

    def look(ordinals: Ordinals) -> tuple[Codes, NDArray[np.float64]]:
        return (ordinals >= place).astype(np.int64)[None, :], np.empty((0, len(ordinals)))

    found = danger_ordinals(whole(fmt), fmt, look, seed=0)
    assert {place - 1, place} <= set(found.tolist())


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=lambda fmt: fmt.name)
@given(data=st.data())
def test_a_nearest_approach_anywhere_is_found(fmt: FloatFormat, data: st.DataObject) -> None:
    place = data.draw(st.integers(fmt.min_ordinal + 4096, fmt.max_ordinal - 4096))
    assert place in dangers(Eye(fmt, touching(place, fmt=fmt), signs=False))


@settings(max_examples=30)
@given(places=st.sets(st.integers(at(1e-30), at(1e30)), min_size=2, max_size=4))
def test_nearest_approaches_of_several_intermediates_are_all_found(places: set[int]) -> None:
    assert places <= dangers(Eye(FLOAT32, touching(*places, fmt=FLOAT32), signs=False))


def test_an_intermediate_with_many_nearest_approaches() -> None:
    """|sin x| touches 0 at the multiples of pi; the floats nearest to those that are followed are found."""
    eye = Eye(FLOAT32, [lambda x: np.abs(np.sin(x))], signs=False)
    plan = InputPlan(0, ((at(1.0), at(40.0)),), (0,))
    assert {at(k * np.pi) for k in range(1, 13)} <= dangers(eye, plan)


def test_becoming_nan_and_infinite_is_found() -> None:
    found = dangers(Eye(FLOAT32, [lambda x: np.log(x - 2.5), lambda x: np.where(x > 77.7, np.inf, 1.0)]))
    assert {at(2.5), at(2.5) + 1, at(3.5), at(77.7), at(77.7) + 1} <= found


def test_of_an_oscillation_the_crossings_nearest_to_one_are_found() -> None:
    eye = Eye(FLOAT32, [np.sin, lambda x: x - 1e30])
    found = dangers(eye)
    assert {at(np.pi), at(-np.pi), at(2 * np.pi), at(1e30)} <= found
    assert len(found) < 200 * (2 * opt.MAX_PROBE_CHANGES + 2 + 2 * opt.MAX_MINIMA)


def test_every_intermediate_has_its_own_share_of_crossings() -> None:
    busy: list[Callable[[Doubles], Doubles]] = [lambda x: np.sin(x * 1e5)] * 3
    assert at(3.7) in dangers(Eye(FLOAT32, [*busy, lambda x: x - 3.7, *busy]))


def test_looks_are_few() -> None:
    eye = Eye(FLOAT64, [lambda x: x - 3.7, lambda x: (x + 5.3) ** 2, np.sin])
    dangers(eye)
    assert len(eye.asked) <= 1 + 64 + 64
    assert len(eye.asked[0]) < 1.2 * opt.PROBE_STRATA
    assert max(len(ordinals) for ordinals in eye.asked[1:]) <= 3 * max(opt.MAX_PROBE_CHANGES, 10 * opt.MAX_MINIMA)


def test_nothing_to_look_at_is_no_danger() -> None:
    assert dangers(Eye(FLOAT32, [])) == set()
    assert dangers(Eye(FLOAT32, [np.ones_like])) == set()


def test_nan_distances_are_far_away() -> None:
    eye = Eye(FLOAT32, [lambda x: np.where(np.abs(x) < 2, np.nan, np.abs(x - 3.7))], signs=False)
    assert at(3.7) in dangers(eye)


def test_what_is_found_depends_on_the_seed_alone() -> None:
    eye = Eye(FLOAT32, [lambda x: np.sin(x * 7)])
    assert dangers(eye, seed=1) == dangers(eye, seed=1)


@pytest.mark.parametrize("signs", [False, True])
def test_nothing_is_looked_at_outside_of_the_plan(signs: bool) -> None:
    segments = ((at(-3.0), at(-2.0)), (at(1.0), at(2.0)))
    eye = Eye(FLOAT32, [lambda x: x - 0.5, lambda x: x + 2.5, lambda x: x - 1.5, lambda x: x * x - x / 2], signs)
    found = dangers(eye, InputPlan(0, segments, (0,)))
    assert {at(-2.5), at(1.5)} <= found
    outside = [FLOAT32.text(int(o)) for o in np.concatenate(eye.asked) if not any(a <= o <= b for a, b in segments)]
    assert outside == []
