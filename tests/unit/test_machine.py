"""Work spread over the cores: results in order, few tasks ahead, and an error where it belongs."""

from collections.abc import Iterator

import pytest

from gradcheck.machine import cores, guest, in_order, is_own, keep_memory


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(in_order(lambda n: n * n, range(100))) == [n * n for n in range(100)]


def test_only_a_few_tasks_are_taken_ahead() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = in_order(lambda n: n, tasks())
    assert next(results) == 0
    assert len(taken) <= 2 * cores() + 1
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 2 * cores() + 1


def test_an_error_comes_where_its_result_would() -> None:
    results = in_order(lambda n: 6 // (3 - n), range(5))
    assert [next(results) for _ in range(3)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_guest_leaves_settings_alone() -> None:
    assert is_own()
    with guest():
        assert not is_own()
        with guest():
            assert not is_own()
        assert not is_own()
    assert is_own()


def test_memory_is_kept_where_the_allocator_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, option: int, size: int) -> None:
            told.append((option, size))

    monkeypatch.setattr("ctypes.CDLL", lambda name: Library())
    keep_memory()
    assert [option for option, _ in told] == [-1, -3]
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())  # another C library
    keep_memory()
