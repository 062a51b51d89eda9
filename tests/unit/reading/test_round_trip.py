"""What was saved and read back is rendered to the same bytes."""

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from gradcheck.gate import exit_status
from gradcheck.options import GateOptions
from gradcheck.reading import read
from gradcheck.records import Report
from gradcheck.renderers import Style
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.table import render_table
from tests.specimens import HOSTILE, REPORTS, hostile

STYLES = (Style(), Style(60, unicode=False), Style(120, colour=True))


def assert_survives(report: Report) -> None:
    written = render_json(report, Style())
    again = read(written)
    assert render_json(again, Style()) == written
    for style in STYLES:
        assert render_table(again, style) == render_table(report, style)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_survives(name: str) -> None:
    assert_survives(REPORTS[name])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_survive(text: str) -> None:
    assert_survives(hostile(text))


@pytest.mark.parametrize("name", REPORTS)
def test_the_specimens_keep_to_the_schema(name: str) -> None:
    schema = json.loads((resources.files("gradcheck.renderers") / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(render_json(REPORTS[name], Style())))


@pytest.mark.parametrize("severity", ["info", "warning", "error"])
@pytest.mark.parametrize("name", REPORTS)
def test_the_gate_decides_the_same(name: str, severity: str) -> None:
    report, gate = REPORTS[name], GateOptions(fail_on=severity)
    assert exit_status(read(render_json(report, Style())), gate) == exit_status(report, gate)


NEW = {
    "target": ("place", "ignores"),
    "input": ("evaluated", "exhaustive", "varies", "truth", "curve"),
    "region": ("witness",),
    "finding": ("dtype", "at", "suppressed", "curve"),
    "witness": ("dtypes", "output_names"),
    "line": ("dtype",),
    "plane": ("dtypes", "ranges"),
    "map": ("cells",),
}
"""Fields that 0.1.0 did not write."""


def as_of_old(written: str) -> str:
    """The report as 0.1.0 wrote it."""
    report = json.loads(written)
    for target in report["targets"]:
        plane = target["plane"] or {"maps": []}
        parts = [
            ("target", [target]),
            ("input", target["inputs"]),
            ("region", target["regions"]),
            ("finding", target["findings"]),
            ("witness", [f["witness"] for f in target["findings"] if f["witness"]]),
            ("line", [f["line_interval"] for f in target["findings"] if f["line_interval"]]),
            ("plane", [plane]),
            ("map", plane["maps"]),
        ]
        for kind, found in parts:
            for part in found:
                for field in NEW[kind]:
                    part.pop(field, None)
    return json.dumps(report)


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in ("plane", "tensors", "all")])
def test_an_older_report_is_rendered_as_it_was(name: str) -> None:
    report = REPORTS[name]
    loud = [replace(t, findings=tuple(replace(f, suppressed=None) for f in t.findings)) for t in report.targets]
    expected = render_table(replace(report, targets=tuple(loud)), Style())  # nothing was suppressed then
    assert render_table(read(as_of_old(render_json(report, Style()))), Style()) == expected


@pytest.mark.parametrize("name", ["plane", "tensors", "all"])
def test_an_older_report_has_no_map_and_no_names_of_single_outputs(name: str) -> None:
    older = as_of_old(render_json(REPORTS[name], Style()))
    text = render_table(read(older), Style())
    assert len(text.splitlines()) >= len(render_table(REPORTS[name], Style()).splitlines()) - 22
    assert "gradient by x; x to the right" not in text
