"""Code that is pasted shows what the finding of a swept input says."""

import math
from typing import Any

import numpy as np
import pytest

from gradcheck import pipeline
from gradcheck.options import HoldOption, RangeOption, ScanOptions
from gradcheck.records import Finding

RANGE = (RangeOption(None, "-200", "200"),)


def findings(target: str, **options: Any) -> tuple[Finding, ...]:
    (report,) = pipeline.run((target,), ScanOptions(**options)).targets
    assert report.error is None
    return report.findings


def printed(lines: tuple[str, ...]) -> float:
    """What pasted lines print, run in a namespace of their own."""
    shown: list[Any] = []
    exec("\n".join(lines), {"print": shown.append})
    (found,) = shown
    return float(np.ravel(found.numpy())[0])


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("samples.softplus:where_softplus", {}),
        pytest.param("samples.softplus:my_softplus", {"modes": ("eager", "graph")}, marks=pytest.mark.slow),
        pytest.param("samples.losses:cross_entropy", {"holds": (HoldOption("label", "0"),)}, marks=pytest.mark.slow),
        pytest.param("samples.losses:distance", {"dtype": "float64"}, marks=pytest.mark.slow),
    ],
)
def test_what_is_pasted_prints_what_is_bad(target: str, options: dict[str, Any]) -> None:
    found = findings(target, ranges=RANGE, **options)
    assert found
    for finding in found:
        assert finding.witness is not None
        seen = finding.witness.output if finding.code == "GC006" else finding.witness.gradient
        assert seen is not None
        assert printed(finding.witness.paste) == pytest.approx(seen, rel=1e-5, nan_ok=True)
    assert any(not math.isfinite(f.witness.gradient or 0.0) for f in found if f.witness)


def test_a_gradient_that_training_does_not_run_is_not_pasted() -> None:
    found = findings("samples.softplus:my_better_softplus", ranges=RANGE)
    pastes = {f.version: f.witness.paste for f in found if f.witness}
    assert pastes["autodiff"] == ()
    assert pastes["custom"][-1] == "print(output(z))"


@pytest.mark.slow
def test_eager_code_is_not_compiled() -> None:
    found = findings("samples.softplus:my_softplus", ranges=RANGE, modes=("eager",))
    assert all(f.witness and "@tf.function" not in f.witness.paste for f in found)
