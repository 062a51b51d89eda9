"""Engines for functions, swept over a range."""

from collections.abc import Callable
from typing import Any

import pytest

from gradcheck.engine import Engine
from gradcheck.errors import CannotCheck
from gradcheck.loading.signatures import parameters_of
from gradcheck.records import InputPlan, LoadedTarget
from gradcheck.tracing import trace

Refused = Callable[[str, Callable[[], object]], str]


@pytest.fixture(scope="session")
def engine_of() -> Callable[..., Engine]:
    """An engine for a function, one input swept over [lo, hi] of its dtype and the others held."""

    def build(
        function: Callable[..., Any],
        lo: float | None = None,
        hi: float | None = None,
        dtype: str | None = None,
        index: int = 0,
        held: float = 0.5,
        against: Callable[..., Any] | None = None,
    ) -> Engine:
        loaded = [LoadedTarget("t", f, parameters_of("t", f)) for f in (function, against) if f is not None]
        target = trace(loaded[0], dtype, *loaded[1:])
        fmt = target.inputs[index].fmt
        first = fmt.min_ordinal if lo is None else int(fmt.encode(lo))
        last = fmt.max_ordinal if hi is None else int(fmt.encode(hi))
        places = tuple(int(i.fmt.encode(held)) for i in target.inputs)
        return Engine(target, InputPlan(index, ((first, last),), places))

    return build


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Run something that must raise `CannotCheck` with a code; gives its message, which is one printable line."""

    def message_of(code: str, call: Callable[[], object]) -> str:
        with pytest.raises(CannotCheck) as raised:
            call()
        assert raised.value.code == code, raised.value.message
        assert raised.value.message.isprintable()
        assert "Traceback" not in raised.value.message
        return raised.value.message

    return message_of
