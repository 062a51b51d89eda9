"""Shapes whose points do not fit into memory are refused before any is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.domains import ValueDomain
from gradcheck.errors import BAD_CONFIGURATION
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.records import TensorInput
from gradcheck.tracing import memory
from gradcheck.tracing.memory import GIB, LIMITS, NUMBER, POINTS, check_fits, free_bytes, gib
from gradcheck.tracing.shapes import settle

Refused = Callable[[str, Callable[[], object]], str]
MEMINFO = "MemTotal:       24000000 kB\nMemAvailable:    8388608 kB\n"


def some(*shapes: tuple[int, ...]) -> tuple[TensorInput, ...]:
    return tuple(TensorInput(f"x{i}", "float32", shape, ValueDomain()) for i, shape in enumerate(shapes))


def system(root: Path, **files: str) -> Path:
    """A root directory in which a system tells of its memory."""
    named = {"meminfo": "proc/meminfo", "limit": LIMITS[0][0], "used": LIMITS[0][1], "old": LIMITS[1][0]}
    for name, text in files.items():
        path = root / named[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({"meminfo": MEMINFO}, 8 * GIB),
        ({"meminfo": MEMINFO, "limit": f"{3 * GIB}\n", "used": f"{GIB}\n"}, 2 * GIB),
        ({"meminfo": MEMINFO, "limit": "max\n", "used": f"{GIB}\n"}, 8 * GIB),
        ({"meminfo": MEMINFO, "old": f"{GIB}\n"}, 8 * GIB),
        ({"meminfo": MEMINFO, "limit": "5", "used": "6"}, 1),
    ],
)
def test_what_is_free_is_what_the_system_and_the_container_leave(
    tmp_path: Path, files: dict[str, str], free: int
) -> None:
    assert free_bytes(system(tmp_path, **files)) == free


def test_a_system_that_does_not_tell_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr("os.sysconf", unknown)
    assert free_bytes(tmp_path) is None
    monkeypatch.setattr(memory, "free_bytes", lambda: None)
    check_fits("t", some((10**9, 10**9)))


def test_the_limit_is_what_is_free(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 15 * NUMBER * POINTS)
    check_fits("t", some((5,), (2, 5)))
    message = refused(BAD_CONFIGURATION, lambda: check_fits("t", some((5,), (11, 1))))
    assert message.startswith("t: too large: x1=11,1: a point of 16 elements takes ")
    assert message.endswith(f"of {gib(15 * NUMBER * POINTS)} that are free; write smaller sizes, --shape x1=")


@pytest.mark.parametrize("shape", [(99999, 99999), (2**40, 2**40)])
def test_a_shape_beyond_all_memory_is_no_fault_of_the_target(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    def never(x: Any) -> Any:
        raise AssertionError("it is not even traced")

    monkeypatch.setattr(np, "arange", lambda *sizes: pytest.fail("allocated"))
    target = target_of("t", Call(never, arguments_of("t", never)), ())
    message = refused(BAD_CONFIGURATION, lambda: settle(target, {"x": shape}, {}, "float32"))
    assert f"x={shape[0]},{shape[1]}: a point of {shape[0] * shape[1]:,} elements takes " in message
    assert "GiB" in message
