"""A baseline reads back as it was written; whatever else is in a file is one line."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.gate.baseline_file import NULLABLE, TEXTS, Entry, read, require_place, text_of
from gradcheck.options import BASELINE_BYTES
from gradcheck.vocabulary import CODES, MODES, SEVERITIES

ENTRY = Entry("m:f", "GC001", "error", "numerical", "autodiff", "z", "graph", "float32", 10, 20)
POINT = Entry("m:g", "GC002", "error", None, "custom", "x", "graph", "float64", None, None, "a.py", "tf.sqrt(x)")


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    dtype = draw(st.sampled_from(sorted(FORMATS)))
    fmt = FORMATS[dtype]
    end = st.integers(fmt.min_ordinal, fmt.max_ordinal)
    lo, hi = sorted((draw(end), draw(end))) if draw(st.booleans()) else (None, None)
    words = st.text(max_size=8)
    file, source = (None, None) if lo is not None else (draw(words | st.none()), draw(words | st.none()))
    return Entry(
        draw(words),
        draw(st.sampled_from(CODES)),
        draw(st.sampled_from(SEVERITIES)),
        draw(st.sampled_from(["numerical", "singular", None])),
        draw(st.sampled_from(["autodiff", "custom"])),
        draw(words),
        draw(st.sampled_from(MODES)),
        dtype,
        lo,
        hi,
        file,
        source,
    )


@given(st.lists(entries(), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_it_reads_back(tmp_path: Path, known: list[Entry]) -> None:
    path = tmp_path / "b.json"
    path.write_text(text_of(known), encoding="utf-8")
    assert set(read(path)) == set(known)
    assert text_of(read(path)) == text_of(reversed(known)) == text_of([*known, *known])


def test_one_finding_is_one_line_in_order() -> None:
    lines = text_of([POINT, ENTRY, replace(ENTRY, lo=-5, hi=3)]).splitlines()
    assert lines == [
        "{",
        '"gradcheck_baseline": 1,',
        '"findings": [',
        '{"target": "m:f", "code": "GC001", "severity": "error", "kind": "numerical", "version": "autodiff", "wrt": "z",'
        ' "mode": "graph", "dtype": "float32", "lo": -6e-45, "hi": 4e-45},',
        '{"target": "m:f", "code": "GC001", "severity": "error", "kind": "numerical", "version": "autodiff", "wrt": "z",'
        ' "mode": "graph", "dtype": "float32", "lo": 1.4e-44, "hi": 2.8e-44},',
        '{"target": "m:g", "code": "GC002", "severity": "error", "kind": null, "version": "custom", "wrt": "x",'
        ' "mode": "graph", "dtype": "float64", "file": "a.py", "source": "tf.sqrt(x)"}',
        "]",
        "}",
    ]
    assert text_of([]) == '{\n"gradcheck_baseline": 1,\n"findings": []\n}\n'
    assert json.loads(text_of([])) == {"gradcheck_baseline": 1, "findings": []}


def said(path: Path) -> str:
    with pytest.raises(CannotCheck) as raised:
        read(path)
    assert raised.value.code == BAD_CONFIGURATION
    assert raised.value.message.isprintable()
    assert raised.value.message.startswith("--baseline ")
    return raised.value.message


def changed(**fields: Any) -> bytes:
    """A file of one entry with other fields; None takes one away."""
    found = json.loads(text_of([ENTRY]))
    found["findings"][0] |= fields
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no baseline"),
        (text_of([ENTRY]).encode()[:-9], "no baseline"),
        (b"\x00\x01\xff\xfe", "utf-8"),
        (b"[]", "it has no gradcheck_baseline"),
        (b"null", "it has no gradcheck_baseline"),
        (b'{"schema_version": 1, "targets": []}', "it has no gradcheck_baseline"),
        (b'{"gradcheck_baseline": 2, "findings": []}', "version 2, and this is 1; write it anew"),
        (b'{"gradcheck_baseline": true, "findings": []}', "version True"),
        (b'{"gradcheck_baseline": 1}', "no list of findings"),
        (b'{"gradcheck_baseline": 1, "findings": {}}', "no list of findings"),
        (b'{"gradcheck_baseline": 1, "findings": [3]}', "finding 1 is no object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"gradcheck_baseline": ' + b"9" * 100_000 + b"}", "too long"),
        (changed(lo=float("nan")), "NaN is no number"),
        (changed(lo="-inf"), "'-inf' is no float32"),
        (changed(hi=1e39), "1e+39 is no float32"),
        (changed(hi=None), "None is no float32"),
        (changed(lo=True), "True is no float32"),
        (changed(hi=-1.0), "lo is above hi"),
        (changed(code="GC999"), "code is 'GC999'"),
        (changed(dtype="float8"), "dtype is 'float8'"),
        (changed(target=None), "target is None"),
        (changed(kind=3), "kind is 3"),
        (changed(strange=1), "has a key 'strange'"),
        (changed(wrt="\x1b[31m" + "x" * 10_000, code="\x1b[31m"), "code is"),
    ],
)
def test_what_is_no_baseline_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    assert words in said(path)


def test_places_that_hold_no_baseline_are_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    assert "symbolic links" in said(loop)
    assert "no regular file" in said(tmp_path)
    assert "no such file" in said(tmp_path / "none.json")
    assert "no such file" in said(tmp_path / "none" / "b.json")
    assert "null byte" in said(Path("a\0b"))
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in said(tmp_path / "pipe")
    if Path("/dev/zero").exists():
        assert "no regular file" in said(Path("/dev/zero"))
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(BASELINE_BYTES + 1)
    assert "larger than 16 MiB" in said(large)
    under = tmp_path / "large.json" / "b.json"
    assert "not a directory" in said(under)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_one_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text("{}")
    path.chmod(0)
    assert "permission denied" in said(path)


def test_a_place_to_write_to(tmp_path: Path) -> None:
    require_place(tmp_path / "b.json")
    for path, words in ((tmp_path, "a directory"), (tmp_path / "none" / "b.json", "no such directory")):
        with pytest.raises(CannotCheck, match=words):
            require_place(path)


plain = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([*CODES, *FORMATS])
)
keys = st.sampled_from([*TEXTS, *NULLABLE, "lo", "hi", "gradcheck_baseline", "findings", "x"])
nested = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A baseline with something wrong, or anything at all."""
    kind = draw(st.sampled_from(["bytes", "value", "fields", "cut", "swapped"]))
    good = text_of(draw(st.lists(entries(), max_size=3))).encode()
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "value":
        return json.dumps(draw(nested)).encode("utf-8", "surrogatepass")
    if kind == "fields":
        found = json.loads(good)
        for item in found["findings"]:
            item.update(draw(st.dictionaries(keys, nested, max_size=2)))
        found.update(draw(st.dictionaries(keys, nested, max_size=1)))
        return json.dumps(found).encode("utf-8", "surrogatepass")
    place = draw(st.integers(0, len(good) - 1))
    return good[:place] if kind == "cut" else good[:place] + draw(st.binary(min_size=1, max_size=2)) + good[place + 1 :]


@pytest.mark.slow
@given(contents())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=1500)
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    try:
        found = read(path)
    except CannotCheck:
        said(path)
    else:
        path.write_text(text_of(found), encoding="utf-8")  # what is taken for a baseline can be written again
        assert set(read(path)) == set(found)
