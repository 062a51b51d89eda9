"""Structured points: inside the domains, each once, few where they are large, and none of the promised ones missing."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.domains import parse_domain
from gradcheck.floats import FORMATS
from gradcheck.records.tensors import Batch, TensorInput
from gradcheck.search.structured import MANY, MOST_POINTS, SHORT, ordinary, structured

F32 = FORMATS["float32"]
TEXTS = ("any", "probability", "simplex", "one-hot", "positive", "unit", "mask", "integer:0:2", "-1:0.5", "5:6")


def tensor(shape: tuple[int, ...] = (), dtype: str = "float32", domain: str = "any", name: str = "x") -> TensorInput:
    """An input."""
    return TensorInput(name, dtype, shape, parse_domain(name, domain))


def points(
    *inputs: TensorInput, tables: tuple[NDArray[np.generic], ...] = (), scalars: tuple[float, ...] = ()
) -> Batch:
    """The structured points."""
    return structured(inputs, tables, scalars)


def has(batch: Batch, *wanted: object) -> bool:
    """Whether a point is among them (-0 is 0)."""
    good = np.ones(len(batch[0]), dtype=np.bool_)
    for values, value in zip(batch, wanted, strict=True):
        good &= (values == np.asarray(value)).reshape(len(values), -1).all(axis=1)
    return bool(good.any())


@pytest.mark.parametrize("dtype", [*FORMATS, "int32", "bool"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2), (0,), (2, 0), (1, 1)])
def test_points_are_inside_and_each_there_once(dtype: str, text: str, shape: tuple[int, ...]) -> None:
    inputs = (tensor(shape, dtype, text), tensor((2,), name="y"))
    batch = points(*inputs, tables=(np.ones((3,), np.float32),), scalars=(0.3,))
    assert 20 < len(batch[0]) <= MOST_POINTS
    for item, values in zip(inputs, batch, strict=True):
        assert values.dtype == item.array_dtype
        assert values.shape[1:] == item.shape
        assert item.domain.contains(values, item.fmt).all()
    assert len({(a.tobytes(), b.tobytes()) for a, b in zip(*batch, strict=True)}) == len(batch[0])


def test_the_order_is_always_the_same_and_simple_points_come_first() -> None:
    inputs = (tensor((2, 3)), tensor((2, 3), name="y"))
    first, again = points(*inputs), points(*inputs)
    assert [a.tobytes() for a in first] == [a.tobytes() for a in again]
    assert not any(values[0].any() for values in first)
    kinds = [len({*x.ravel(), *y.ravel()} - {0.0, 1.0, -1.0}) for x, y in zip(*first, strict=True)]
    assert np.mean(kinds[:100]) <= 1
    assert np.mean(kinds[-100:]) > 6


@pytest.mark.parametrize("name", FORMATS)
def test_special_values_fill_an_input(name: str) -> None:
    fmt = FORMATS[name]
    batch = points(tensor((2,), name))
    limits = [fmt.largest, fmt.smallest_normal, fmt.smallest_subnormal, 2.0**-fmt.mantissa_bits]
    for value in (0.0, 0.5, 1.0, 2.0, 20.0, 50.0, 1e-8, 1e-4, *limits, 0.1 * fmt.largest):
        held = float(fmt.decode(fmt.encode(value)))
        assert has(batch, [held, held])
        assert has(batch, [-held, -held])
    with np.errstate(over="ignore"):
        assert any(np.isfinite(np.exp(x[0] - 1)) and np.exp(x[0]) > fmt.largest for x in batch[0] if x[0] == x[1])
        lost = fmt.smallest_subnormal / 2
        assert any(np.exp(x[0]) <= lost < np.exp(x[0] + 1) for x in batch[0] if x[0] == x[1])
    assert any((np.signbit(x) & (x == 0)).all() for x in batch[0])


def test_thresholds_of_float64_are_its_own() -> None:
    batch = points(tensor((), "float64"))
    assert all(has(batch, value) for value in (710.0, -710.0, 709.0, -709.0, 746.0, -746.0))
    assert all(has(points(tensor()), value) for value in (89.0, -89.0, 104.0, -104.0))


def test_places_are_singled_out() -> None:
    base = ordinary((2, 3), 0)
    batch = points(tensor((2, 3)))
    held = F32.decode(F32.encode(base))
    for place in range(6):
        one, gap = np.zeros(6), held.ravel().copy()
        one[place], gap[place] = 1, 0
        assert has(batch, one.reshape(2, 3))
        assert has(batch, gap.reshape(2, 3))
    assert has(batch, held * [[1], [0]])
    assert has(batch, held * [1, 0, 1])
    assert any((x == 0).sum() == 2 and (x[0, :2] == 0).all() for x in batch[0])
    assert any((x[0] == x[1]).all() and len(set(x[0])) == 3 for x in batch[0])
    assert any((x == x[:, :1]).all() and x[0, 0] != x[1, 0] for x in batch[0])
    assert any(x[0, 0] == F32.largest and not x.ravel()[1:].any() for x in batch[0])
    assert any(x[0, 0] == F32.largest and (x.ravel()[1:] < 1).all() and x.ravel()[1:].all() for x in batch[0])
    assert any(x[0, 0] == 100 and (x.ravel()[1:] == -100).all() for x in batch[0])
    assert any((np.diff(x.ravel()) > 0).all() for x in batch[0])


def test_matrices() -> None:
    x = points(tensor((3, 3), "float64"))[0]
    t = x.swapaxes(1, 2)
    eye = np.eye(3)
    assert all(has((x,), m) for m in (eye, 2 * eye, -eye, np.diag([1, 1, 2]), eye[::-1], eye[[1, 0, 2]], eye + 1))
    moderate = (np.abs(x).max((1, 2)) < 10) & (np.abs(x).max((1, 2)) > 0.1)
    symmetric = (x == t).all((1, 2)) & moderate & (x != 0).all((1, 2))
    assert max(np.linalg.eigvalsh(m)[0] for m in x[symmetric]) > 0.1
    assert ((x == -t).all((1, 2)) & moderate).any()
    assert ((x == np.triu(x)).all((1, 2)) & (x == 0).sum((1, 2)).__eq__(3)).any()
    ranks = {int(np.linalg.matrix_rank(m)) for m in x[moderate]}
    assert ranks == {1, 2, 3}
    assert ((x[:, 0] == x[:, 2]).all(1) & (x[:, 0] != x[:, 1]).all(1)).any()


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("salt", [0, 1, 2, 3])
def test_ordinary_values_are_ordinary(size: int, salt: int) -> None:
    x = ordinary((size, size), salt)
    assert len(set(x.ravel())) == size * size
    assert x.min() >= 0.1
    assert x.max() < 1
    assert np.linalg.cond(x) < 100
    assert not (x == ordinary((size, size), salt + 1)).any()


def test_inputs_meet() -> None:
    x, y = points(tensor((2, 3)), tensor((2, 3), name="y"))
    same = x == y
    busy = np.array([len(set(a.ravel())) == 6 for a in x])
    assert (same.all((1, 2)) & busy).any()
    assert (same[:, 0].all(1) & ~same[:, 1].any(1) & busy).any()
    assert (same[:, 0, 0] & (same.sum((1, 2)) == 1) & busy).any()
    assert ((x == -y).all((1, 2)) & busy).any()
    assert (~same.any((1, 2)) & busy).any()
    assert has((x, y), np.zeros((2, 3)), np.ones((2, 3)))
    assert has((x, y), np.ones((2, 3)), np.zeros((2, 3)))
    saturated = np.full((2, 3), -100.0)
    saturated[0, 0] = 100
    assert has((x, y), saturated, -saturated)


def test_inputs_of_other_shapes_meet_in_a_row() -> None:
    x, y = points(tensor((2, 3)), tensor((3,), name="y"))
    assert any((a[0] == b).all() and len(set(b)) == 3 and len(set(a.ravel())) == 6 for a, b in zip(x, y, strict=True))


def test_every_pattern_comes_with_ordinary_others() -> None:
    x, y = points(tensor((3,)), tensor((), name="y"))
    alone = {row.tobytes() for row in points(tensor((3,)))[0]}
    own = float(F32.decode(F32.encode(ordinary((), 2))))
    assert alone - {row.tobytes() for row in x[y == own]} <= {
        F32.decode(F32.encode(ordinary((3,), salt))).tobytes() for salt in (0, 1)
    }


def test_labels_take_their_extremes() -> None:
    x, labels = points(tensor((2, 3)), tensor((2,), "int32", "integer:0:4", "labels"))
    saturated = np.full((2, 3), -100.0)
    saturated[0, 0] = 100
    assert all(has((x, labels), saturated, wanted) for wanted in ([0, 0], [4, 4], [0, 4]))
    x, hot = points(tensor((2, 3)), tensor((2, 3), "float32", "one-hot", "hot"))
    eye = np.eye(3)
    assert all(has((x, hot), saturated, eye[wanted]) for wanted in ([0, 0], [2, 2], [0, 2]))
    x, mask = points(tensor((2, 3)), tensor((3,), "bool", "any", "mask"))
    masks = ([False] * 3, [True] * 3, [False, True, False])
    assert all(has((x, mask), saturated, wanted) for wanted in masks)
    assert has((x, mask), F32.decode(F32.encode(ordinary((2, 3), 1))), [True, False, False])


def test_constants_of_the_graph() -> None:
    table = np.array([3.5, -7.25, 11.0], np.float32)
    x, y = points(
        tensor((2, 3)), tensor((3,), name="y"), tables=(table, np.ones((4,)), np.array(["no"])), scalars=(0.375,)
    )
    assert has((x, y), [table, table], table)
    assert has((x, y), np.full((2, 3), 0.375), np.full(3, 0.375))
    assert not any((a == 3.5).any() for a in points(tensor((2, 3)))[0])


@pytest.mark.slow
def test_large_inputs_have_a_short_list() -> None:
    item = tensor((MANY + 1,))
    batch = points(item)
    assert 10 <= len(batch[0]) <= SHORT
    assert has(batch, np.zeros(item.shape))
    assert has(batch, -np.ones(item.shape))
    assert 2 <= len(points(tensor((1_000_000,)))[0]) <= 5


def test_it_is_fast_and_bounded() -> None:
    inputs = (tensor((2, 3)), tensor((2, 3), name="y"))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        points(*inputs)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.06
    assert len(points(*(tensor((2, 3), name=f"x{k}") for k in range(12)))[0]) == MOST_POINTS
