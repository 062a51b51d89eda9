"""Training runs of saved reports: what is wrong with one is a line that says where."""

import json
from typing import Any

import pytest

from gradcheck.errors import CannotCheck
from gradcheck.reading import read
from gradcheck.renderers import Style
from gradcheck.renderers.json_report import render_json
from tests.specimens import REPORTS, TRAINED


def saved() -> Any:
    return json.loads(render_json(REPORTS["training"], Style()))


def test_the_records_come_back() -> None:
    (again, *_) = read(json.dumps(saved())).targets
    assert again.training == TRAINED.training
    assert repr(again.findings) == repr(TRAINED.findings)  # there are NaN in them


def test_a_training_run_is_neither_swept_nor_searched() -> None:
    target = saved()["targets"][0]
    assert [target[key] for key in ("elementwise", "coverage", "truth", "search", "plane")] == [None] * 5
    finding = target["findings"][0]
    assert [finding[key] for key in ("lo", "hi", "at", "witness")] == [None] * 4
    assert finding["version"] == "training"
    assert finding["training"]["loss"] == 0.52
    assert finding["training"]["norms"][1]["norms"][-2:] == ["inf", "nan"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("training", "ended"), "somehow", "targets[0].training.ended: it is 'somehow'"),
        (("training", "steps"), -1, "training.steps: it is -1"),
        (("findings", 0, "training", "order"), 0, "findings[0].training.order: it is 0"),
        (("findings", 0, "training", "loss"), "much", "training.loss: it is 'much'"),
        (("findings", 0, "training", "norms", 0, "steps"), [1], "its steps and norms differ in length"),
        (("findings", 0, "training", "gradients", 1, "nan"), 9, "its nan and inf are more than its entries"),
        (("findings", 0, "version"), "trained", "it is 'trained'"),
    ],
)
def test_a_mistake_is_told_with_its_place(path: tuple[Any, ...], value: Any, words: str) -> None:
    document = saved()
    part = document["targets"][0]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(CannotCheck) as raised:
        read(json.dumps(document))
    assert words in raised.value.message
