"""Results of the last points are remembered, and no more of them than there is room for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradcheck.pipeline import recent
from gradcheck.pipeline.recent import Recent


def version(name: str = "autodiff", cotangent: str = "ones") -> Any:
    """Something with the names that tell versions apart."""
    return SimpleNamespace(name=name, cotangent=cotangent)


def points(count: int) -> list[tuple[Any, ...]]:
    return [(np.zeros(2),) for _ in range(count)]


def test_a_point_is_looked_at_once_a_version() -> None:
    asked: list[str] = []
    memory: Recent[int] = Recent()
    (point, equal) = points(2)
    for one in (version(), version("custom"), version("custom", "random signs"), version("custom")):
        for at in (point, equal, point):
            memory.of(one, at, lambda: asked.append("") or len(asked))  # type: ignore[func-returns-value]
    assert len(asked) == 6  # equal points are two points: results are told by identity, which costs nothing


def test_the_oldest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST", 3)
    memory: Recent[int] = Recent()
    every = points(5)
    for i, point in enumerate(every):
        memory.of(version(), point, lambda i=i: i)  # type: ignore[misc]
    assert [result for _, result in memory.known.values()] == [2, 3, 4]
    assert memory.of(version(), every[4], lambda: -1) == 4


def test_large_results_take_the_room_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "HELD", 100)
    memory: Recent[int] = Recent(lambda result: result)
    every = points(4)
    for point, size in zip(every, (10, 10, 40, 1000), strict=True):
        memory.of(version(), point, lambda size=size: size)  # type: ignore[misc]
        assert len(memory.known) == {10: len(memory.known), 40: 2, 1000: 1}[size]
