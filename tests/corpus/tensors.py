"""The tensor corpus: its rows, and what a scan of one must and must not report."""

import json
from pathlib import Path
from typing import Any

from gradcheck import options as opt
from gradcheck import parsing
from gradcheck.records import Finding, TargetReport

HERE = Path(__file__).parent
TARGETS = HERE / "tensor_targets"

ANYWHERE = ("GC006", "GC008", "GC009")
"""Codes that are told once, by whichever input."""


def rows() -> list[dict[str, Any]]:
    """All rows."""
    found: list[dict[str, Any]] = json.loads((HERE / "tensors.json").read_text())
    return found


def options_of(row: dict[str, Any]) -> opt.ScanOptions:
    """The options of a row."""
    words = row["options"]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    every = {key: [v for k, v in pairs if k == key] for key, _ in pairs}
    return opt.ScanOptions(
        ranges=tuple(parsing.parse_range(v) for v in every.get("--range", ())),
        holds=tuple(parsing.parse_hold(v) for v in every.get("--hold", ())),
        dtype=every.get("--dtype", [None])[0],
        shapes=dict(parsing.parse_shape(v) for v in every.get("--shape", ())),
        domains=dict(parsing.parse_domain_option(v) for v in every.get("--domain", ())),
        wrt=tuple(every.get("--wrt", ())),
        order=int(every.get("--order", ["1"])[0]),
    )


def missed(row: dict[str, Any], report: TargetReport) -> list[str]:
    """What a row expects and a report does not hold; labels are not differentiated by unless they are asked for."""
    by = set(report.search.wrt) if report.search else None
    expected = [e for e in row["expect"] if (by is None or e["wrt"] in by) and "excused" not in e]
    return [f"{e['code']} by {e['wrt']}" for e in expected if not any(meets(f, e) for f in report.findings)]


def meets(finding: Finding, expected: dict[str, Any]) -> bool:
    """Whether a finding is the one that is expected."""
    return finding.code == expected["code"] and (finding.wrt == expected["wrt"] or finding.code in ANYWHERE)


def off_line(row: dict[str, Any], report: TargetReport) -> list[str]:
    """Findings of an expected kind none of which names an expected line."""
    wrong = []
    for expected in row["expect"]:
        causes = [f.cause for f in report.findings if meets(f, expected) and f.cause is not None]
        lines = [cause.line for cause in causes]
        if causes and expected["lines"] and not set(lines) & set(expected["lines"]):
            wrong.append(f"{expected['code']} by {expected['wrt']}: {lines}, not {expected['lines']}")
    return wrong


def errors(report: TargetReport) -> list[str]:
    """Findings that fail a scan."""
    return sorted({f"{f.code} by {f.wrt}" for f in report.findings if f.severity == "error"})
