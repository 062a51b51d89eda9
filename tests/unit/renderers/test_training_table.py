"""Training runs in the table: the step, its gradients, the norms, the line, and what was watched."""

from dataclasses import replace

import pytest

from gradcheck.records import BadGradient, Norms, TrainingReport, TrainingWitness, WatchedOptimizer
from gradcheck.renderers import Style, render
from gradcheck.renderers.table import target_block
from gradcheck.renderers.training_table import gradient_rows, marks, norm_rows, training_findings
from tests.specimens import INF, NAN, REPORTS, STEP, TRAINED, TRAINED_CLEAN, TRAINED_RAISED, UNTRAINED

FINDING = TRAINED.findings[0]


def block(width: int = 80, unicode: bool = True) -> str:
    return target_block(TRAINED, Style(width, unicode=unicode))


def test_a_finding_says_step_optimizer_loss_gradients_line_and_what_next() -> None:
    text = block()
    for words in (
        "train.py  2 errors, 1 warning, 1 suppressed\n",
        "  GC001 error  NaN reached adam at step 119\n",
        "at step 119 of adam (optimizer 2), loss 0.52: 12 of 14 gradients bad\n",
        "all 5,120 NaN\n",
        "3 NaN, 2 inf of 10 (50.0%)\n",
        "and 4 more (--format json lists them all)\n",
        "cause: 0 * inf (train.py:12)\n",
        "line: train.py:12: loss = tf.math.log(tf.exp(z) + 1)\n",
        "re-run: the step was run again",
        "saved: repro/step-119\n",
        "next: use tf.math.softplus",
        "at step 3 of an update by hand, loss NaN: 1 of 1 gradient bad\n",
        "  note: a note\n",
        "watched: 120 steps, 2 optimizers (ftrl: 12 variables, adam: 8)",
    ):
        assert words in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_it_fits_its_width_and_its_encoding(width: int, unicode: bool) -> None:
    text = block(width, unicode)
    limit = width + (14 if width == 60 else 0)  # a row of a variable of six digits
    assert max(map(len, text.splitlines())) <= limit
    assert unicode or text.isascii()


def test_a_long_name_keeps_its_end() -> None:
    first, *_ = gradient_rows(STEP, Style())
    assert first.split()[0].startswith("...")
    assert first.split()[0].endswith("/dense_1/kernel")


@pytest.mark.parametrize(
    ("norms", "unicode", "expected"),
    [
        ((1.0, 10.0, 100.0, 1e7), True, "▁▂▃█"),
        ((1.0, 10.0, 100.0, 1e7), False, "_.:#"),
        ((0.5, 0.5), True, "▁▁"),
        ((0.5, NAN, INF, 0.0), False, "_NI0"),
        ((1e-320, 1e308), False, "_#"),
        ((NAN,), True, "N"),
        ((), True, ""),
    ],
)
def test_a_mark_stands_for_the_logarithm_of_a_norm(norms: tuple[float, ...], unicode: bool, expected: str) -> None:
    assert marks(norms, unicode) == expected


def test_marks_that_are_no_levels_are_explained_and_no_others() -> None:
    plain = replace(STEP, norms=(Norms("sgd", 1, (0, 1), (1.0, 2.0)),))
    assert norm_rows(plain, Style()) == [
        "      norms of the last steps' gradients, logarithmic:",
        "        sgd 0-1  ▁▃  1 to 2",
    ]
    assert norm_rows(STEP, Style())[0].endswith("logarithmic, N NaN, I inf:")
    assert norm_rows(replace(STEP, norms=()), Style()) == []


def test_what_is_next_is_said_once() -> None:
    text = "\n".join(training_findings((FINDING, FINDING), Style()))
    assert text.count("next: ") == 1


def test_a_bare_finding_is_a_line() -> None:
    bare = replace(FINDING, training=TrainingWitness(0, "sgd", 1, None, (), 1), cause=None, suggestion=None)
    assert training_findings((bare,), Style()) == [
        "  GC001 error  NaN reached adam at step 119",
        "      at step 0 of sgd (optimizer 1)",
    ]


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (BadGradient("v", "float32", (2,), 2, 2, 0), "all 2 NaN"),
        (BadGradient("v", "float32", (), 1, 0, 1), "inf"),
        (BadGradient("v", "float32", (4,), 4, 1, 1), "1 NaN, 1 inf of 4 (50.0%)"),
        (BadGradient("v", "float32", (4,), 4, 2, 2), "2 NaN, 2 inf of 4 (100.0%)"),
        (BadGradient("v", "float32", (100_000,), 100_000, 99_999, 0), "99,999 NaN of 100,000 (over 99.9%)"),
    ],
)
def test_the_share_is_never_rounded_to_nothing_or_all(gradient: BadGradient, words: str) -> None:
    (row,) = gradient_rows(replace(STEP, gradients=(gradient,)), Style())
    assert row.endswith(f"  {words}")


SHORT = TrainingReport(3, (WatchedOptimizer("adam", 1, 3, 1),), 1, "finished")


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (SHORT, "train.py  clean  3 steps, 1 optimizer (adam: 1 variable), no bad gradient"),
        (replace(SHORT, ended="limited"), "no bad gradient; stopped by --max-steps"),
        (replace(SHORT, ended="interrupted"), "no bad gradient; interrupted"),
        (replace(SHORT, ended="stopped"), "(adam: 1 variable); stopped by gradcheck"),
        (TRAINED_RAISED.training, "adam: 1 in 1 step), no bad gradient; the script raised"),
        (
            UNTRAINED.training,
            "0 steps: no variable was updated, so nothing was checked; the script exited with 3",
        ),
        (TrainingReport(1, (), 0, "finished"), "train.py  clean  1 step without an optimizer, no bad gradient"),
    ],
)
def test_a_clean_run_says_what_was_checked(training: TrainingReport, words: str) -> None:
    assert words in target_block(replace(TRAINED_CLEAN, target="train.py", training=training), Style(200))


@pytest.mark.parametrize("name", ["table", "json", "sarif", "junit", "github", "markdown", "html"])
def test_every_format_names_step_optimizer_and_line(name: str) -> None:
    text = render(REPORTS["training"], name, Style())
    for word in ("119", "adam", "train.py", "12", "GC001", "GC008"):
        assert word in text


def test_sarif_has_the_step_and_calls_the_script_a_module() -> None:
    import json

    result = json.loads(render(REPORTS["training"], "sarif", Style()))["runs"][0]["results"][0]
    assert {"step": 119, "optimizer": "adam", "order": 2, "loss": 0.52}.items() <= result["properties"].items()
    (location,) = result["locations"]
    assert location["logicalLocations"] == [{"fullyQualifiedName": "train.py", "kind": "module"}]
    assert location["physicalLocation"]["region"]["startLine"] == 12


def test_junit_names_a_finding_by_its_optimizer_not_by_its_step() -> None:
    text = render(REPORTS["training"], "junit", Style())
    assert 'name="GC001 nan-gradient: gradients of adam"' in text
    assert 'name="GC002 inf-gradient: gradients of updates by hand"' in text


def test_markdown_says_of_a_clean_run_what_was_checked() -> None:
    text = render(REPORTS["training"], "markdown", Style())
    assert "| package.train | clean: 120 steps, 2 optimizers (ftrl: 12 variables, adam: 8), no bad gradient |" in text
    assert text.count("train.py:12") == 2  # the cause, and the line
