"""Whatever is in a file, it is a report or one line that says what is wrong and where; and a report can be rendered."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck import reading
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.gate import exit_status
from gradcheck.options import GateOptions
from gradcheck.reading import read, read_file
from gradcheck.records import Report
from gradcheck.renderers import FORMATS, Style, render
from gradcheck.renderers.json_report import render_json
from tests.specimens import REPORTS

WRITTEN = {name: render_json(report, Style()) for name, report in REPORTS.items()}
FUZZED = [name for name in REPORTS if name not in ("all", "many")]
"""The others are made of the same parts."""

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["nan", "-inf", "float16", "float64", "GC001", "none", "outside", "custom", 2**63, -1, 1e39, [], {}, [[]], [[1, "nan"]], {"shape": [9, 9]}])
    | st.lists(st.integers(-9, 9) | st.text(max_size=2) | st.none(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


PATHS = {name: list(paths(json.loads(WRITTEN[name]))) for name in FUZZED}


def refused(text: str) -> str:
    with pytest.raises(CannotCheck) as caught:
        read(text, "report.json")
    assert caught.value.code == BAD_CONFIGURATION
    assert caught.value.message.startswith("report.json: ")
    assert caught.value.message.isprintable()
    return caught.value.message


def assert_one_line_or_renderable(text: str) -> bool:
    """Whether it was accepted."""
    try:
        report = read(text, "report.json")
    except CannotCheck as error:
        said = error
    else:
        return assert_renderable(report)
    assert said.code == BAD_CONFIGURATION
    assert said.message.startswith("report.json: ")
    return False


def assert_renderable(report: Report) -> bool:
    for name in FORMATS:
        shown = render(report, name, Style())
        assert name == "html" or all(line.isprintable() for line in shown.split("\n"))  # a page has its own program
        shown.encode("utf-8")
    exit_status(report, GateOptions(fail_on="warning"))
    return True


fuzz = settings(max_examples=1000, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@fuzz
@given(data=st.data())
def test_a_report_changed_anywhere(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FUZZED))
    report = json.loads(WRITTEN[name])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PATHS[name]))
        place = report
        try:
            for key in path[:-1]:
                place = place[key]
            if not path:
                report = data.draw(VALUES)
            elif data.draw(st.booleans()):
                place[path[-1]] = data.draw(VALUES)
            elif isinstance(place, dict):
                place.pop(path[-1], None)
            else:
                place.insert(path[-1], data.draw(st.sampled_from(place) if place else VALUES))
        except (LookupError, TypeError, AttributeError):  # the place is gone
            break
    assert_one_line_or_renderable(json.dumps(report))


@pytest.mark.slow
@fuzz
@given(data=st.data())
def test_a_report_cut_or_changed_by_the_byte(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytearray(WRITTEN[data.draw(st.sampled_from(FUZZED))].encode())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    check_bytes(bytes(content), tmp_path_factory)


@pytest.mark.slow
@fuzz
@given(content=st.binary(max_size=200))
def test_random_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    check_bytes(content, tmp_path_factory)


def check_bytes(content: bytes, places: pytest.TempPathFactory) -> None:
    path = places.getbasetemp() / "report.json"
    path.write_bytes(content)
    with contextlib.suppress(CannotCheck):
        assert_renderable(read_file(str(path)))


def test_the_fuzz_accepts_some() -> None:
    assert assert_one_line_or_renderable(WRITTEN["tensors"])
    assert not assert_one_line_or_renderable(WRITTEN["tensors"][:-9])


def changed(name: str, *path: Any, to: Any) -> str:
    report = json.loads(WRITTEN[name])
    place = report
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(report)


T, F = ("targets", 0), ("targets", 0, "findings", 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1 is no JSON (Expecting value); give what gradcheck scan --output report.json wrote"),
        (WRITTEN["swept"][:500], "is no JSON"),
        ('{"a": NaN}', "it is no JSON (NaN is no number)"),
        ("[" * 100_000, "it is nested too deeply"),
        ("[]", "it is a list; it should be an object"),
        ("{}", "it has no 'schema_version'; is it what gradcheck scan --format json wrote?"),
        ("9" * 5000, "it is no JSON"),
        (changed("swept", "schema_version", to=2), "schema_version: it is 2; it should be 1; read it with the gradcheck"),
        (changed("swept", "schema_version", to=True), "schema_version: it is True"),
        (changed("swept", "targets", to=None), "targets: it is None; it should be a list"),
        (changed("swept", *T, "target", to=3), "targets[0].target: it is 3; it should be a text"),
        (changed("swept", *F, "code", to="GC000"), "targets[0].findings[0].code: it is 'GC000'; it should be one of GC001"),
        (changed("swept", *F, "masked", to=0), "targets[0].findings[0].masked: it is 0; it should be true or false"),
        (changed("swept", *F, "lo", to=1e39), "targets[0].findings[0].lo: it is 1e+39; it should be a float32"),
        (changed("swept", *F, "hi", to=-1), "targets[0].findings[0]: its lo is above its hi"),
        (changed("swept", *T, "versions", to=["custom"]), "targets[0].versions: autodiff is not among them"),
        (changed("swept", *T, "versions", to=["autodiff", "custom"]), "custom has no class here, and is a version of"),
        (changed("swept", *T, "inputs", 0, "ranges", to=[]), "there should be ranges"),
        (changed("swept", *T, "inputs", 0, "ranges", to=[[0.0, 1.0]]), "targets[0].regions[0]: it is not in the ranges"),
        (changed("swept", *T, "inputs", 0, "dtype", to="int8"), "it should be one of float16"),
        (changed("swept", *T, "regions", 0, "input", to="y"), "targets[0].regions[0].input: it is 'y'; it should be one of z"),
        (changed("plane", *T, "inputs", 1, "name", to="x"), "several inputs are called 'x'"),
        (changed("plane", *T, "plane", "inputs", to=["x"]), "targets[0].plane.inputs: a plane has two inputs"),
        (changed("plane", *T, "plane", "maps", 0, "cells", 0, to="?"), "its lines should be equally long"),
        (changed("tensors", *F, "witness", "gradient", to=[[1.0], [1.0, 2.0]]), "its lists are not equally long"),
        (changed("tensors", *F, "witness", "gradient", to=["x"]), "it should hold numbers of one kind alone"),
        (changed("tensors", *F, "witness", "gradient", to={"shape": [10**9] * 9}), "no tensor has so many elements"),
        (changed("tensors", *T, "inputs", 0, "domain", to="prob"), "did you mean probability?"),
        (changed("tensors", *T, "search", "points", "lines", to=-2), "a whole number from 0 on"),
        (changed("error", *T, "error", "code", to="GC001"), "it should be one of GC901"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_line_with_its_place(text: str, says: str) -> None:
    assert says in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        changed("swept", *F, "suggestion", to=""),
        changed("swept", *F, "message", to=""),
        changed("swept", *F, "cause", "message", to="\n"),
        changed("swept", *T, "target", to=""),
        changed("swept", *T, "modes", to=[]),
        changed("swept", *T, "inputs", to=[]),
        changed("plane", *T, "plane", "maps", 0, "cells", to=[]),
        changed("tensors", *T, "search", "wrt", to=[]),
        changed("tensors", *F, "witness", "inputs", to={}),
        changed("tensors", *F, "witness", "gradient", to=[]),
        changed("tensors", *F, "witness", "gradient", to={"shape": [1 << 20, 1 << 20], "not_finite": 3}),
        changed("error", *T, "error", "message", to=""),
    ],
)
def test_odd_reports_that_can_be_rendered(text: str) -> None:
    assert_one_line_or_renderable(text)


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    for name, says in [
        ("missing.json", "No such file or directory"),
        ("loop.json", os.strerror(40)),
        ("binary.json", "byte 128 is no UTF-8"),
        (".", "Is a directory"),
        ("nul\0", "null"),
    ]:
        with pytest.raises(CannotCheck, match=says):
            read_file(str(tmp_path / name))


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SIZE_LIMIT", 1 << 20)
    (tmp_path / "huge.json").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(CannotCheck, match="larger than 1 MB"):
        read_file(str(tmp_path / "huge.json"))


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_text(WRITTEN["swept"], encoding="utf-8-sig")
    assert read_file(str(tmp_path / "bom.json")) == read(WRITTEN["swept"])
