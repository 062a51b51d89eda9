"""From what was seen of a run to a report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import (
    CLEAN,
    NEXT,
    STABLE,
    Watching,
    advice,
    from_outside,
    function_at,
    message_of,
    reported,
    watched,
)
from gradcheck.program import Node, Place, Program
from gradcheck.records import BadGradient, Cause, Study, TrainingWitness
from gradcheck.rules import WATCHED
from gradcheck.scripts import Ending, Script, Stopped

CODE = "import math\n\ndef loss(x):\n    return (\n        math.sqrt(x)\n    )\n\nclass A:\n    def loss(self):\n        return 1\n"


@pytest.mark.parametrize(("line", "name"), [(1, None), (3, "loss"), (5, "loss"), (6, "loss"), (7, None), (10, None)])
def test_function_of_a_line(tmp_path: Path, line: int, name: str | None) -> None:
    path = tmp_path / "train.py"
    path.write_text(CODE)
    assert function_at(str(path), line) == name


def test_no_function_where_the_source_is_gone_or_broken(tmp_path: Path) -> None:
    assert function_at(str(tmp_path / "gone.py"), 1) is None
    (tmp_path / "broken.py").write_text("def (")
    assert function_at(str(tmp_path / "broken.py"), 1) is None


def test_what_is_looked_for_on_request_has_advice_of_its_own() -> None:
    assert NEXT.keys() == {"GC003", "GC008", *(rule.code for rule in WATCHED)}
    assert all(advice(code, None) == words for code, words in NEXT.items())


def test_a_script_without_steps_is_clean_and_ends_as_it_does(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text("import sys\nsys.exit(3)\n")
    report, ending = watched(Script(str(path), None), WatchOptions())
    (target,) = report.targets
    assert (ending.kind, ending.status, target.findings) == ("exited", 3, ())
    assert target.training is not None
    assert (target.training.ended, target.training.status, target.training.steps) == ("exited", 3, 0)


TRAINS = """def train():
    with tf.GradientTape() as tape:
        loss = 1

async def other():
    loss = 2

def fits(model):
    model.fit()

def scaled(x):
    return x.scale
"""


@pytest.mark.parametrize(("line", "name"), [(3, None), (6, None), (9, None), (12, "scaled")])
def test_what_trains_is_nothing_to_scan(tmp_path: Path, line: int, name: str | None) -> None:
    path = tmp_path / "train.py"
    path.write_text(TRAINS)
    assert function_at(str(path), line) == name


def cause_at(file: str | None, line: int | None, node: str = "x", op: str = "Placeholder") -> Cause:
    return Cause(op, None, file, line, None, node)


def test_advice_names_the_function_that_can_be_scanned(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(CODE)
    assert advice("GC001", cause_at(str(path), 5, op="Log")) == f"{STABLE}; and scan it: gradcheck scan {path}:loss"
    assert advice("GC002", cause_at(str(path), 1, op="Log")) == STABLE
    assert advice("GC001", cause_at(None, None, op="Log")) == STABLE
    assert advice("GC002", None) is None  # nothing is known of it
    assert advice("GC001", cause_at(str(path), 5)) == CLEAN, "no form of the function is to blame for its data"


# what came from outside


def study(values: Any, read: bool = True) -> Study:
    """A batch that is read, at first within TensorFlow, then by the user twice."""
    places = [None, Place("gone.py", 7, "first(x)"), Place("gone.py", 8, "again(x)")]
    readers = [Node(f"read_{i}", "Abs", ((0, 0),), place=place) for i, place in enumerate(places)] if read else []
    program = Program((Node("x", "Placeholder"), *readers), (0,), ((0, 0),))
    return Study(program, lambda point: {(0, 0): np.asarray(values, np.float64)})


def test_a_batch_that_holds_nan_is_the_cause_by_its_name() -> None:
    cause = from_outside(study([[np.nan, 1.0], [np.inf, 2.0]]), cause_at(None, None))
    assert cause is not None
    assert (cause.file, cause.line, cause.source, cause.op) == ("gone.py", 7, "first(x)", "Placeholder")
    said = (
        "x is not finite when it comes in: 2 of 4 numbers in it, the first at [0, 0], are NaN or infinite,"
        " where it is read first (gone.py:7)"
    )
    assert cause.message == said


def test_one_that_no_line_reads_has_none() -> None:
    cause = from_outside(study([np.nan] * 2000, read=False), cause_at("elsewhere.py", 3))
    assert cause is not None
    assert (cause.file, cause.line, cause.source) == (None, None, None)
    said = "2,000 of 2,000 numbers in it, the first at [0], are NaN or infinite"
    assert cause.message == f"x is not finite when it comes in: {said}"


def test_an_operation_is_a_cause_as_it_is() -> None:
    cause = cause_at("train.py", 3, op="Sqrt")
    assert from_outside(study([1.0]), cause) is cause
    assert from_outside(study([1.0]), None) is None
    part = Cause("Mul", "Log", "train.py", 3, None, "x")
    assert from_outside(study([1.0]), part) is part


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_batch_with_nan_is_told_by_the_name_of_its_argument(mode: str) -> None:
    import keras
    import tensorflow as tf

    weights, sgd = tf.Variable([[3.0], [4.0]], name="weights"), keras.optimizers.SGD(0.1)
    sgd.build([weights])

    def step(rows: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.matmul(rows, weights) ** 2)  # reads it
        sgd.apply([tape.gradient(loss, weights)], [weights])

    batch = np.ones((10, 2), np.float32)
    batch[3] = np.nan
    run: Callable[[Any], Any] = step if mode == "eager" else tf.function(step)
    with Watching(WatchOptions(every=1)) as watching:
        with pytest.raises(Stopped):
            run(tf.constant(batch))
        (target,) = watching.report("train.py", Ending("stopped", 0)).targets
    (found,) = target.findings
    assert found.cause is not None
    said = "rows is not finite when it comes in: 2 of 20 numbers in it, the first at [3, 0], are NaN"
    assert found.cause.message.startswith(said)
    assert found.cause.source == "loss = tf.reduce_sum(tf.matmul(rows, weights) ** 2)  # reads it"
    assert found.suggestion == CLEAN


# sentences, and the report


BAD = BadGradient("w", "float32", (2,), 2, 1, 0)


@pytest.mark.parametrize(
    ("code", "optimizer", "gradients", "words"),
    [
        ("GC001", "adam", 2, "step 7: optimizer 1 (adam) was given a gradient that is NaN, of 2 of 5 variables"),
        ("GC002", None, 1, "step 7: the gradient of 1 variable that the script updates by hand is infinite"),
        ("GC001", None, 2, "step 7: the gradient of 2 variables that the script updates by hand is NaN"),
        ("GC001", "adam", 0, "step 7: a variable of optimizer 1 (adam) became NaN"),
        ("GC001", None, 0, "step 7: a variable became NaN"),
    ],
)
def test_sentences(code: str, optimizer: str | None, gradients: int, words: str) -> None:
    order = 1 if optimizer else None
    assert message_of(code, TrainingWitness(7, optimizer, order, None, (BAD,) * gradients, 5)) == words


def test_a_run_without_tensorflow_is_said() -> None:
    target = reported("train.py", None, Ending("exited", 3))
    assert target.notes == ("the script did not import TensorFlow",)
    assert target.training is not None
    assert (target.training.ended, target.training.status, target.training.steps) == ("exited", 3, 0)


SCRIPT = """
import keras
import tensorflow as tf

weights, sgd = tf.Variable([3.0, 4.0], name="weights"), keras.optimizers.SGD(0.1, name="sgd")


def length(x):
    return tf.sqrt(tf.reduce_sum(x**2))


for number in range(6):
    with tf.GradientTape() as tape:
        loss = length(weights * (0.0 if number == 3 else 1.0))
    try:
        sgd.apply([tape.gradient(loss, weights)], [weights])
    except BaseException as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("options", "ended", "steps", "found", "printed"),
    [
        (WatchOptions(), "finished", 3, [3], "Stopped\n" * 3),
        (WatchOptions(on_bad="warn"), "finished", 6, [3], ""),
        (WatchOptions(max_steps=2), "limited", 2, [], "Stopped\n" * 5),
    ],
)
def test_a_script(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: WatchOptions,
    ended: str,
    steps: int,
    found: list[int],
    printed: str,
) -> None:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    report, ending = watched(Script(str(path), None), options)
    (target,) = report.targets
    assert target.training is not None
    assert (target.training.ended, target.training.steps, ending.status) == (ended, steps, 0)
    assert [f.training.step for f in target.findings if f.training] == found
    assert capsys.readouterr().out == printed
    for finding in target.findings:
        assert finding.cause is not None
        assert (finding.cause.line, finding.cause.forward_op) == (9, "Sqrt")
        assert finding.suggestion == f"{STABLE}; and scan it: gradcheck scan {finding.cause.file}:length"
