"""Whatever stands in a configuration file, nothing but GC907 comes of it, in printable lines."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.configuration import Configuration, read
from gradcheck.configuration.models import Target, Top
from gradcheck.configuration.start import start_of
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import Said, ScanOptions

KEYS = sorted({f.alias or n for model in (Top, Target) for n, f in model.model_fields.items()} | {"code", "reason"})
WORDS = [
    "graph",
    "float32",
    "GC002",
    "0:1",
    "1:",
    ":",
    "one-hot",
    "10s",
    "a.json",
    "m:f",
    "variables",
    "",
    "-",
    "x" * 400,
]
SCALARS = st.one_of(
    st.sampled_from(WORDS).map(json.dumps),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8).map(json.dumps),
    st.integers(-3, 3).map(str),
    st.sampled_from(["0x" + "f" * 5000, "9" * 4000, "1e400", "-0.0", "nan", "-inf", "1e-320", "true", "false"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1979-05-27", "07:32:00", "1979-05-27T07:32:00Z"]),
    st.just("[" * 90 + "]" * 90),
)
NAMES = st.sampled_from(["x", "y", "n", '""', '"a b"', *KEYS])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)
TABLE = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)
FILES = st.tuples(TABLE, st.lists(TABLE, max_size=3))


def written(tables: tuple[dict[str, str], list[dict[str, str]]], prefix: str) -> str:
    """A top and tables of targets as TOML."""
    top, targets = tables
    lines = [f"[{prefix[:-1]}]"] if prefix else []
    lines += [f"{key} = {value}" for key, value in top.items()]
    for table in targets:
        lines += [f"[[{prefix}target]]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines)


def outcome(content: bytes, name: str) -> Configuration | tuple[str, ...]:
    """What comes of a file: a configuration, or lines of GC907; anything else fails."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, name).write_bytes(content)
        try:
            found = read(Path(directory))
        except CannotCheck as raised:
            error = raised
        else:
            assert isinstance(found.options_for("other:f", ["x", "y"], Said()), ScanOptions)
            return found
    assert error.code == BAD_CONFIGURATION
    assert all(line.isprintable() and 0 < len(line) <= 300 for line in error.messages)
    assert all(line.startswith((f"{name}: ", "and ")) for line in error.messages)
    return error.messages


@pytest.mark.slow
@settings(max_examples=700, deadline=None)
@given(FILES, st.sampled_from([("gradcheck.toml", ""), ("pyproject.toml", "tool.gradcheck.")]))
def test_tables_of_known_keys_with_any_values(tables: Any, place: tuple[str, str]) -> None:
    outcome(written(tables, place[1]).encode(), place[0])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["gradcheck.toml", "pyproject.toml"]))
def test_any_bytes(content: bytes, name: str) -> None:
    outcome(content, name)


WHOLE = start_of(own=True).replace("\n#", "\n").encode()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=3))
def test_a_file_that_was_cut_or_overwritten(start: int, end: int, new: bytes) -> None:
    lo, hi = sorted((start, end))
    outcome(WHOLE[:lo] + new, "gradcheck.toml")
    outcome(WHOLE[:lo] + new + WHOLE[hi:], "gradcheck.toml")


@pytest.mark.parametrize(("content", "good"), [(b"seed = 3", True), (b"seed = -3", False), (b"seed = ", False)])
def test_both_outcomes_can_happen(content: bytes, good: bool) -> None:
    assert isinstance(outcome(content, "gradcheck.toml"), Configuration) == good
