"""Arrays of a saved step: what is written is read, and what is damaged is one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradcheck import npz
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.repros import Item


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(CannotCheck) as caught:
        call()
    assert caught.value.code == BAD_CONFIGURATION
    assert "\n" not in caught.value.message
    return caught.value.message


def test_arrays_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    arrays = {"a/b['x']": np.eye(2, dtype=np.float32), "text": np.array(["ä", ""]), "file": np.int64(3)}
    npz.write_arrays(path, arrays)
    items = (Item("x", "a/b['x']", "bfloat16", (2, 2)), Item("f", "file", "int64", ()))
    found = npz.read_arrays(path, items)
    assert found[0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found[1] == 3
    with np.load(path, allow_pickle=False) as archive:
        assert archive["text"].tolist() == ["ä", ""]


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        npz.write_arrays(tmp_path / "a.npz", {"a": np.array([{}], dtype=object)})


def test_objects_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    said = refused(lambda: npz.read_arrays(tmp_path / "a.npz", (Item("a", "a", "float32", (1,)),)))
    assert "Object arrays" in said


@pytest.mark.parametrize("size", [0, 1, 30, 100])
def test_a_truncated_archive_is_one_line(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.npz"
    npz.write_arrays(path, {"a": np.ones(40)})
    path.write_bytes(path.read_bytes()[:size])
    refused(lambda: npz.read_arrays(path, (Item("a", "a", "float64", (40,)),)))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (Item("x", "a", "float64", (41,)), "x is float64[40]"),
        (Item("x", "a", "float32", (40,)), "float32[40] is expected"),
        (Item("x", "b", "float64", (40,)), "holds no"),
    ],
)
def test_an_array_that_is_another_one_is_one_line(tmp_path: Path, item: Item, said: str) -> None:
    npz.write_arrays(tmp_path / "a.npz", {"a": np.ones(40)})
    assert said in refused(lambda: npz.read_arrays(tmp_path / "a.npz", (item,)))


def test_a_missing_archive_is_one_line(tmp_path: Path) -> None:
    assert "No such file" in refused(lambda: npz.read_arrays(tmp_path / "a.npz", ()))
