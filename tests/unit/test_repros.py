"""A saved step's manifest: what is written is read, and what is damaged is one line."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck import repros
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.repros import BadGradient, Item, Line, Manifest, Origin

WHOLE = Manifest(
    gradcheck="1",
    tensorflow="2",
    python="3",
    script="train.py",
    step=3,
    optimizer="adam",
    order=1,
    code="GC001",
    mode="eager",
    loss=0.5,
    variables=2,
    gradients=(BadGradient("w", "float32", (2, 1), 2, 2, 0),),
    inputs=(Item("batch['x']", "batch_x", "float32", (2, 3)),),
    others=(),
    weights=(Item("w", "w", "bfloat16", (2, 1)),),
    parameters=("w",),
    wrt=("w",),
    cause=Origin("SqrtGrad", "Sqrt", "train.py", 9, "loss = tf.sqrt(x)", "sqrt(x) is 0"),
    trap=None,
    lines={"op1_Sqrt": Line("train.py", 9, "loss = tf.sqrt(x)")},
    no_graph="",
    shows=True,
    notes=("a note",),
)


def kept(directory: Path, text: str) -> Path:
    (directory / repros.MANIFEST).write_text(text, "utf-8")
    return directory


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(CannotCheck) as caught:
        call()
    assert caught.value.code == BAD_CONFIGURATION
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("loss", [0.5, math.inf, -math.inf, None])
def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, loss: float | None) -> None:
    manifest = replace(WHOLE, loss=loss)
    assert repros.read(kept(tmp_path, repros.written(manifest))) == manifest


def test_a_loss_that_is_nan_is_a_word_in_strict_json(tmp_path: Path) -> None:
    text = repros.written(replace(WHOLE, loss=math.nan, cause=None, optimizer=None, order=None))
    assert json.loads(text)["loss"] == "nan"
    found = repros.read(kept(tmp_path, text))
    assert found.loss is not None
    assert math.isnan(found.loss)
    assert (found.cause, found.optimizer, found.order) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "other"}, "not a manifest of gradcheck"),
        ({"schema_version": 2}, "schema_version is 2"),
        ({"step": "three"}, "step: int is expected"),
        ({"step": True}, "step: int is expected"),
        ({"step": None}, "step"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": [{"name": "x"}]}, "key is missing"),
        ({"inputs": [{"name": "x", "key": "x", "dtype": "float32", "shape": ["2"]}]}, "shape"),
        ({"cause": []}, "cause"),
        ({"cause": "sqrt"}, "an object is expected"),
        ({"lines": []}, "lines"),
        ({"wrt": "w"}, "wrt: a list of str"),
        ({"loss": "much"}, "could not convert"),
        ({"loss": []}, "loss: float is expected"),
    ],
)
def test_a_manifest_of_another_form_is_one_line(tmp_path: Path, change: dict[str, object], said: str) -> None:
    known = {**json.loads(repros.written(WHOLE)), **change}
    assert said in refused(lambda: repros.read(kept(tmp_path, json.dumps(known))))


def test_a_field_that_is_missing_is_named(tmp_path: Path) -> None:
    known = json.loads(repros.written(WHOLE))
    del known["shows"]
    assert "shows is missing" in refused(lambda: repros.read(kept(tmp_path, json.dumps(known))))


@pytest.mark.parametrize("text", ["", "{", "[]", '"a"', "null", "[" * 100_000, '{"kind": "gradcheck-repro"'])
def test_a_file_that_is_no_manifest_is_one_line(tmp_path: Path, text: str) -> None:
    refused(lambda: repros.read(kept(tmp_path, text)))


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / repros.MANIFEST).write_bytes(b"\xff\xfe\x00")
    refused(lambda: repros.read(tmp_path))


def test_only_a_repro_or_an_empty_directory_is_replaced(tmp_path: Path) -> None:
    repros.refuse(tmp_path / "new")
    repros.refuse(tmp_path)
    (tmp_path / "thesis.tex").touch()
    assert "holds other files" in refused(lambda: repros.refuse(tmp_path))
    assert "it is a file" in refused(lambda: repros.refuse(tmp_path / "thesis.tex"))
    kept(tmp_path, "{}")
    assert repros.is_repro(tmp_path)
    repros.refuse(tmp_path)
