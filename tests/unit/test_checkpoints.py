"""Whoever keeps it last is asked and told; where nobody does, nothing happens."""

from collections.abc import Mapping

from gradcheck import checkpoints


class Book:
    """Keeps everything."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, bytes]] = {}

    def read(self, name: str) -> Mapping[str, bytes]:
        return self.kept.get(name, {})

    def write(self, name: str, part: str, content: bytes) -> None:
        self.kept.setdefault(name, {})[part] = content


def test_nobody_keeps_anything() -> None:
    checkpoints.write("f", "x", b"1")
    assert checkpoints.read("f") is None


def test_the_innermost_keeper_is_asked_and_told() -> None:
    outer, inner = Book(), Book()
    with checkpoints.kept_by(outer):
        checkpoints.write("f", "x", b"1")
        with checkpoints.kept_by(inner):
            assert checkpoints.read("f") == {}
            checkpoints.write("f", "y", b"2")
        assert checkpoints.read("f") == {"x": b"1"}
    assert inner.kept == {"f": {"y": b"2"}}
    assert checkpoints.read("f") is None
