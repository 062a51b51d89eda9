"""Search: planted bugs are found, what is run follows from the seed, and every point lies in its domain."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.domains import parse_domain
from gradcheck.program import Array
from gradcheck.records import Batch, Pull, TensorInput
from gradcheck.search import GOOD, KEPT, MOST_GOOD, Ground, Sightings, base_points, search

Rule = Callable[[Batch], Any]
STAGES = ["structured", "lines", "low-discrepancy"]


def tensor(shape: tuple[int, ...] = (3,), dtype: str = "float32", domain: str = "any", name: str = "x") -> TensorInput:
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


class Run:
    """A search for points where a rule holds."""

    def __init__(self, rule: Rule, *inputs: TensorInput, points: int = 3000, seed: int = 0, **fields: Any) -> None:
        self.batches: list[Batch] = []
        self.inputs, self.rule, self.evaluated = inputs, rule, 0
        ground = Ground(
            inputs,
            self.classify,
            fields.pop("pull", lambda: None),
            fields.pop("tables", ()),
            fields.pop("scalars", ()),
            lambda: points - self.evaluated,
            lambda: 512,
            seed,
            **fields,
        )
        self.found: Sightings = search(ground)

    def classify(self, batch: Batch) -> Array:
        """NaN gradients where the rule holds; everything is checked on the way."""
        for item, values in zip(self.inputs, batch, strict=True):
            assert values.dtype == item.array_dtype
            assert item.domain.contains(values, item.fmt).all()
        self.batches.append(batch)
        self.evaluated += len(batch[0])
        bad = np.asarray(self.rule(batch), dtype=np.int64)
        return np.stack([np.zeros_like(bad), bad], axis=1)

    @property
    def stage(self) -> str | None:
        """Which stage found it first."""
        return self.found.first.get((0, 1))


def flat(batch: Batch, k: int = 0) -> Array:
    return batch[k].reshape(len(batch[k]), -1)


def never(batch: Batch) -> Any:
    return np.zeros(len(batch[0]))


@pytest.mark.parametrize(
    ("rule", "stage"),
    [
        (lambda b: (flat(b) == 0).all(1), "structured"),
        (lambda b: (flat(b) == 0).any(1), "structured"),
        (lambda b: flat(b).max(1) > 88.8, "structured"),
        (lambda b: (flat(b)[:, 0] == flat(b)[:, 1]) & (flat(b)[:, 0] != flat(b)[:, 2]), "structured"),
        (lambda b: (flat(b)[:, 1] > 1.3) & (flat(b)[:, 1] < 1.9) & (flat(b)[:, 0] < 1), "lines"),
        (lambda b: (flat(b)[:, 0] > 20 * flat(b)[:, 1] ** 2 + 1) & (flat(b)[:, 2] < -0.01), None),
    ],
)
def test_planted_bugs_are_found_whatever_the_seed(rule: Rule, stage: str | None) -> None:
    for seed in range(3):
        run = Run(rule, tensor(), seed=seed)
        assert run.found.bad, seed
        assert stage in (None, run.stage)
        (points,) = run.found.bad.values()
        assert all(rule(tuple(a[None] for a in p)).all() for p in points)


def test_two_inputs_that_are_equal_are_met() -> None:
    run = Run(lambda b: (b[0] == b[1]).all(1) & (b[0] != b[0][:, :1]).any(1), tensor(), tensor(name="y"))
    assert run.stage == "structured"


@pytest.mark.parametrize("value", [0.125, 17.25, 1234.5])
def test_constants_of_the_graph_are_met(value: float) -> None:
    def rule(batch: Batch) -> Any:
        return (flat(batch) == value).all(1)

    assert Run(rule, tensor()).stage is None
    assert Run(rule, tensor(), scalars=(value,)).stage == "structured"
    assert Run(rule, tensor(), tables=(np.full(3, value),)).stage == "structured"


def same(one: Run, other: Run) -> bool:
    """Whether two searches ran the same points."""
    if len(one.batches) != len(other.batches):
        return False
    pairs = zip(one.batches, other.batches, strict=True)
    return all(np.array_equal(a, b) for x, y in pairs for a, b in zip(x, y, strict=True))


def test_the_same_seed_runs_the_same_points_and_another_one_others() -> None:
    inputs = (tensor((2, 3)), tensor((2,), "int32", "integer:0:2", "y"))
    assert same(Run(never, *inputs), Run(never, *inputs))
    assert not same(Run(never, *inputs), Run(never, *inputs, seed=1))


@pytest.mark.parametrize(
    "text", ["any", "probability", "simplex", "one-hot", "positive", "unit", "mask", "integer:-2:7", "-1:0.5", "3:3"]
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_every_point_lies_in_its_domain(text: str, dtype: str) -> None:
    if dtype == "int32" and text in ("-1:0.5",):
        pytest.skip("no range of integers")
    run = Run(never, tensor((2, 3), dtype, text), tensor((2,), name="y"), points=12000)
    assert list(run.found.run) == STAGES


def test_no_more_points_are_run_than_may_be() -> None:
    for points in (1, 48, 700):
        run = Run(never, tensor(), points=points)
        assert run.evaluated == sum(run.found.run.values()) <= points
        assert not run.found.cut


def test_without_floats_only_structured_points_are_run() -> None:
    run = Run(never, tensor((3,), "int32"), tensor((2,), "bool", name="y"))
    assert list(run.found.run) == ["structured"]


def test_the_clock_stops_it_and_that_is_said() -> None:
    looks: list[int] = []
    run = Run(never, tensor(), late=lambda: looks.append(1) or len(looks) > 2)  # type: ignore[func-returns-value]
    assert run.found.cut
    assert len(run.batches) == 2


def test_points_are_pulled_toward_dangers_at_last() -> None:
    target = np.array([0.3125, -7.0, 2.5])

    def measure(batch: Batch, weights: Array) -> tuple[Array, tuple[Array | None, ...]]:
        way = batch[0] - target
        return (way**2).sum(1, keepdims=True), (2 * way * weights,)

    run = Run(lambda b: (b[0] == target).all(1), tensor(), pull=lambda: Pull(("sqrt",), measure, 64), points=6000)
    assert run.stage == "guided"


def test_a_sign_that_changes_between_two_points_is_followed_to_the_float() -> None:
    edge = float(np.float32(0.7310586))

    def measure(batch: Batch, weights: Array) -> tuple[Array, tuple[Array | None, ...]]:
        return batch[0][:, :1] - edge, (None,)

    run = Run(lambda b: b[0][:, 0] == edge, tensor((1,)), pull=lambda: Pull(("log",), measure, 64), points=6000)
    assert run.stage in ("guided", None)
    beside = np.concatenate([b[0][:, 0] for b in run.batches])
    assert np.abs(beside - edge).min() <= 6e-8


def codes(*rows: list[int]) -> Array:
    return np.array(rows)


def test_sightings_keep_the_first_points_of_each_kind_and_forget_the_usual_ones() -> None:
    found = Sightings()
    n = KEPT + 10
    batch = (np.arange(4 * n),)
    found.add("structured", batch, codes(*([[0, 0]] * n + [[0, 1]] * n + [[2, 1]] * n + [[0, 4]] * n)), (0, 4))
    assert {kind: len(points) for kind, points in found.bad.items()} == {(0, 1): KEPT, (2, 1): KEPT}
    assert [int(p[0]) for p in found.bad[0, 1][:2]] == [n, n + 1]
    assert len(found.good) == GOOD
    found.add("lines", batch, codes(*([[0, 1]] * 4 * n)), (0, 4))
    assert found.first == {(0, 1): "structured", (2, 1): "structured"}
    assert found.run == {"structured": 4 * n, "lines": 4 * n}
    assert len(found.bad[0, 1]) == KEPT


def test_good_points_are_kept_two_of_a_batch_and_never_too_many() -> None:
    found = Sightings()
    for _ in range(100):
        found.add("lines", (np.arange(10),), np.zeros((10, 2), np.int64), (0,))
    assert len(found.good) == MOST_GOOD
    assert [int(p[0]) for p in found.good[:2]] == [0, 9]


def test_base_points_are_zeros_an_ordinary_point_ones_and_mixed_signs() -> None:
    zeros, plain, ones, mixed = base_points((tensor((2, 2)), tensor((), "int32", "integer:1:3", "y")))
    assert (zeros[0].tolist(), zeros[1].tolist()) == ([[0, 0], [0, 0]], 1)
    assert ones[0].tolist() == [[1, 1], [1, 1]]
    assert len(set(plain[0].ravel())) == 4
    assert (plain[0] > 0).all()
    assert (mixed[0] < 0).any()
    assert (mixed[0] > 0).any()
