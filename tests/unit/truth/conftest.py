"""Functions with their judges, without a sweep."""

from collections.abc import Callable
from typing import Any

import pytest

from gradcheck.floats import FORMATS
from gradcheck.options import TOLERANCES
from gradcheck.records import Study
from gradcheck.truth.judging import Judge, Line
from gradcheck.truth.oracle import Oracle

StudyOf = Callable[..., Study]


@pytest.fixture(scope="session")
def judge_for(study_of: StudyOf) -> Callable[..., Judge]:
    """The judge of a function of one input (or of one with the others held); with `custom`, of its own gradient too."""

    def build(
        function: Callable[..., Any],
        dtype: str = "float32",
        *,
        custom: bool = False,
        tolerance: float | None = None,
        index: int = 0,
        held: tuple[float, ...] = (0.0,),
    ) -> Judge:
        oracle = Oracle(study_of(function, dtype=dtype, wrt=index).program, index)
        names: tuple[str, ...] = ("autodiff",)
        exact: dict[str, Oracle] = {}
        if custom:
            program = study_of(function, "custom", dtype, index).program
            names, exact = ("autodiff", "custom"), {"custom": Oracle(program, index, program.outputs[1])}
        fmt = FORMATS[dtype]
        line = Line(fmt, index, held, ((fmt.min_ordinal, fmt.max_ordinal),))
        return Judge(oracle, exact, names, line, TOLERANCES[dtype] if tolerance is None else tolerance)

    return build
