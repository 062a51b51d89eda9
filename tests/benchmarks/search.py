"""Recall, precision and time of the search on the tensor corpus, and three simple samplers beside it.

    python tests/benchmarks/search.py [--samplers] [NAME...]

A row of tests/corpus/tensors.json is found where every expected code is reported for its input. A false alarm is an
error on a stable row. The samplers run as many points as the search did, through the same traced target: normal,
uniform in [-10, 10], and linspace(-10, 10) in every element; they see what is not finite, and no more.
"""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.corpus import tensors

NOT_FINITE = ("GC001", "GC002")


def main(names: list[str]) -> None:
    """Run the rows whose target holds one of the names; all without one."""
    rows = [r for r in tensors.rows() if matches(r, names)]
    os.chdir(tensors.TARGETS)
    warm()
    results = [measured(row) for row in rows]
    sick = [r for r in results if not r["stable"]]
    well = [r for r in results if r["stable"]]
    found = sum(r["found"] for r in sick)
    alarms = sum(bool(r["errors"]) for r in well)
    reported = sum(bool(r["errors"]) for r in results)
    print(f"\nrecall     {found}/{len(sick)}")
    print(f"precision  {reported - alarms}/{reported} targets with errors have a defect; {alarms} false alarms")
    times = sorted(r["seconds"] for r in results)
    if times:
        print(
            f"time       {sum(times) / len(times):.2f} s a target on average, median {times[len(times) // 2]:.2f},"
            f" worst {times[-1]:.2f}"
        )
    found_after = sorted(r["first"] for r in sick)
    if found_after:
        print(
            f"found      after {sum(found_after) / len(found_after):.2f} s on average, the rest is shrinking and explaining"
        )
    visible = [r for r in sick if r["not_finite"]]
    for sampler in SAMPLERS if "--samplers" in sys.argv else ():
        print(
            f"{sampler:10s} {sum(r['samplers'][sampler] for r in visible)}/{len(visible)} of the rows with NaN or inf"
        )
    print(f"{'search':10s} {sum(r['found'] for r in visible)}/{len(visible)}")


@contextlib.contextmanager
def noting(first: list[float]) -> Iterator[None]:
    """Note the time at which the first bad point is confirmed: met, run alone, and an error by all that is known of it."""
    from gradcheck.pipeline import cases

    take, finite_case = cases.take, cases.finite_case

    def note(case: Any) -> None:
        if case is not None and cases.is_error(case):
            first.append(time.perf_counter())

    def taken(kept: Any, key: Any, case: Any) -> None:
        note(case)
        take(kept, key, case)

    def finite(*arguments: Any) -> Any:
        case = finite_case(*arguments)
        note(case)
        return case

    with mock.patch.object(cases, "take", taken), mock.patch.object(cases, "finite_case", finite):
        yield


def matches(row: dict[str, Any], names: list[str]) -> bool:
    """Whether a row was asked for."""
    return not names or any(n in row["target"] for n in names)


def warm() -> None:
    """TensorFlow, FLINT and the stages are imported before the clock starts."""
    import tensorflow as tf

    from gradcheck import pipeline
    from gradcheck.pipeline import tensors as searched
    from gradcheck.tracing import tensors as traced

    tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([2]))
    assert all(module.__name__ for module in (pipeline, searched, traced))


def measured(row: dict[str, Any]) -> dict[str, Any]:
    """One row: what was reported, and how long it took."""
    from gradcheck.pipeline import scan

    options = tensors.options_of(row)
    first: list[float] = []
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), noting(first):
        report = scan(row["target"], options)
    seconds = time.perf_counter() - start
    missed, errors = tensors.missed(row, report), tensors.errors(report)
    lines = tensors.off_line(row, report)
    status = report.error.message if report.error else ""
    alarm = bool(row["stable"] and errors) or bool(status)
    mark = "MISSED" if missed else "ALARM" if alarm else "LINE" if lines else "ok"
    said = [*missed, *(errors if row["stable"] else []), *lines, status]
    print(f"{mark:7s} {seconds:5.2f} s  {row['target']:44s} {'; '.join(said)}".rstrip(), flush=True)
    points = sum(report.search.points.values()) if report.search else 4096
    visible = any(e["code"] in NOT_FINITE for e in row["expect"])
    return {
        "stable": row["stable"],
        "found": not missed and not status,
        "errors": errors,
        "seconds": seconds,
        "first": first[0] - start if first else seconds,
        "not_finite": visible,
        "samplers": sampled(row, options, points)
        if visible and "--samplers" in sys.argv
        else dict.fromkeys(SAMPLERS, False),
    }


SAMPLERS = ("normal", "uniform", "linspace")


def sampled(row: dict[str, Any], options: Any, points: int) -> dict[str, bool]:
    """Whether each simple sampler meets a gradient that is not finite where the outputs are, or at all."""
    from gradcheck import loading
    from gradcheck.engine.tensors import TensorEngine
    from gradcheck.errors import CannotCheck
    from gradcheck.pipeline.asked_domains import domains_of
    from gradcheck.tracing.tensors import Wanted, trace_tensors

    rng = np.random.default_rng(0)
    try:
        loaded = loading.load(row["target"])
        domains = domains_of(loaded, options)
        target = trace_tensors(loaded, Wanted(options.shapes, domains, options.wrt, options.dtype or "float32"))
    except CannotCheck:
        return dict.fromkeys(SAMPLERS, False)
    engine = TensorEngine(target)
    n = min(points, 200 if engine.alone else 8192)
    drawn: dict[str, Callable[[tuple[int, ...]], Any]] = {
        "normal": lambda s: rng.standard_normal((n, *s)),
        "uniform": lambda s: rng.uniform(-10, 10, (n, *s)),
        "linspace": lambda s: np.broadcast_to(np.linspace(-10, 10, n).reshape((n, *(1,) * len(s))), (n, *s)).copy(),
    }
    seen = {}
    for name, draw in drawn.items():
        batch = tuple(i.domain.project(draw(i.shape).astype(i.array_dtype), i.fmt) for i in target.inputs)
        codes = engine.classify(batch)
        seen[name] = bool(np.isin(codes[:, 1:], (1, 2, 5)).any())
    return seen


if __name__ == "__main__":
    main([a for a in sys.argv[1:] if not a.startswith("--")])
