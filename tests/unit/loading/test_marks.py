"""What the comment above a function says of its scan; nothing here imports TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.domains import ValueDomain
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading import load
from gradcheck.loading.marks import said_above
from gradcheck.loading.scan_comments import marks_above
from gradcheck.options import NOTHING_SAID, HoldOption, RangeOption, Said, ScanOptions

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]

X11 = RangeOption("x", "-1", "1")


def said(path: Path, name: str, *inputs: str) -> Said:
    """What is said of a name, from the source alone."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    return said_above(module, name, None, inputs)


def test_every_word(write: Write) -> None:
    path = write(
        "every.py",
        """
        # gradcheck: scan range=x=-1:1 range=:5 shape=x=4,3 shape=y= domain=y=one-hot
        # The mean of a batch.
        # gradcheck: scan hold=t=0.5 dtype=float16 mode=graph mode=xla wrt=x wrt=variables -- range=q is no word here
        def f(x, y, t): ...
        """,
    )
    assert said(path, "f", "x", "y", "t") == Said(
        ranges=(X11, RangeOption(None, "", "5")),
        shapes={"x": (4, 3), "y": ()},
        domains={"y": ValueDomain("one-hot")},
        holds=(HoldOption("t", "0.5"),),
        dtype="float16",
        modes=("graph", "xla"),
        wrt=("x", "variables"),
    )


NAMED = """
    import functools

    # gradcheck: scan range=x=-1:1
    @functools.lru_cache
    @functools.wraps(len)
    def decorated(x): ...

    # gradcheck: scan
    def silent(x): ...

    # gradcheck: scan range=x=-1:1

    def behind_an_empty_line(x): ...

    class Losses:
        # gradcheck: scan range=x=-1:1
        def inner(x): ...

        # gradcheck: scan range=x=-1:1
        assigned = staticmethod(lambda x: x)

    # gradcheck: scan range=x=-1:1
    annotated: object = lambda x: x

    # gradcheck: scan range=x=0:1
    def twice(x): ...

    # gradcheck: scan range=x=-1:1
    def twice(x): ...

    def other(x): ...
    x = 1  # gradcheck: scan range=x=-1:1
"""


@pytest.mark.parametrize(
    ("name", "speaks"),
    [
        ("decorated", True),
        ("silent", False),
        ("behind_an_empty_line", False),
        ("Losses.inner", True),
        ("Losses.assigned", True),
        ("Losses.missing", False),
        ("annotated", True),
        ("twice", True),
        ("other", False),
        ("x", False),
        ("nowhere", False),
    ],
)
def test_what_a_name_is_given_to(write: Write, name: str, speaks: bool) -> None:
    assert said(write("named.py", NAMED), name, "x") == (Said(ranges=(X11,)) if speaks else NOTHING_SAID)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("rang=x=0:1", "there is no such word; did you mean range?, or a reason behind --"),
        ("please", "there is no such word; write one of range, shape, domain, hold, dtype, mode, wrt, or a reason"),
        ("range", "range: it says nothing; write range=VALUE, without blanks"),
        ("range=", "it says nothing"),
        ("range=x=1:0", "range x=1:0: 1 is above 0; write the smaller end first: x=0:1"),
        ("range=x", "range x: not a range; write [NAME=]LO:HI"),
        ("range=q=0:1", "there is no input 'q'; it has: x, labels"),
        ("domain=label=one-hot", "there is no input 'label'; did you mean labels?"),
        ("domain=x=hot", "domain x=hot: 'hot' is no domain; write any"),
        ("shape=x=0", "shape x=0: not a shape"),
        ("hold=x=much", "hold x=much: 'much' is not a number"),
        ("dtype=float23", "dtype float23: unknown; write one of float16"),
        ("mode=fast", "mode fast: unknown; write one of graph"),
    ],
)
def test_a_word_that_is_not_understood_is_one_line_with_file_and_line(
    write: Write, refused: Refused, word: str, words: str
) -> None:
    path = write("wrong.py", f"\n# gradcheck: scan range=x=0:9\n# gradcheck: scan {word}\ndef f(x, labels): ...\n")
    message = refused(BAD_CONFIGURATION, lambda: said(path, "f", "x", "labels"))
    assert message.startswith("wrong.py:3: # gradcheck: scan")
    assert words in message


def test_a_file_elsewhere_is_named_by_its_whole_path(
    tmp_path_factory: pytest.TempPathFactory, refused: Refused, project: Path
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "far.py"
    path.write_text("# gradcheck: scan rang=0:1\ndef f(x): ...\n")
    assert refused(BAD_CONFIGURATION, lambda: said(path, "f", "x")).startswith(f"{path}:1: ")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"def f(:\n# gradcheck: scan a\n", b"'''\n# gradcheck: scan a\n", b""]
)
def test_what_is_no_source_says_nothing(write: Write, content: bytes) -> None:
    assert said(write("broken.py", content), "f", "x") == NOTHING_SAID


MODULE = """
    import functools

    # gradcheck: scan range=x=-1:1
    def f(x):
        return x

    @functools.wraps(f)
    def wrapped(x):
        return f(x)

    def make():
        # gradcheck: scan range=x=-1:1
        def made(x):
            return x
        return made

    half = functools.partial(f)

    class Scale:
        # gradcheck: scan range=x=-1:1
        def __call__(self, x):
            return x

    scale = Scale()
"""


@pytest.mark.parametrize(
    ("target", "speaks"),
    [
        ("spoken:f", True),
        ("spoken.py:f", True),
        ("again:f", True),
        ("again:renamed", True),
        ("spoken:wrapped", True),
        ("spoken:make()", True),
        ("spoken:half", False),
        ("spoken:scale", True),
    ],
)
def test_a_target_says_the_same_however_it_is_named(write: Write, target: str, speaks: bool) -> None:
    write("spoken.py", MODULE)
    write("again.py", "from spoken import f\nfrom spoken import f as renamed\n")
    assert load(target).said == (Said(ranges=(X11,)) if speaks else NOTHING_SAID)


def test_a_bad_comment_of_one_function_does_not_stop_another(write: Write, refused: Refused) -> None:
    write("mixed.py", "# gradcheck: scan rang=1\ndef bad(x): ...\n\n# gradcheck: scan\ndef good(x): ...\n")
    assert load("mixed:good").said == NOTHING_SAID
    assert "mixed.py:1: # gradcheck: scan rang=1" in refused(BAD_CONFIGURATION, lambda: load("mixed:bad"))


def test_a_source_that_says_nothing_to_gradcheck_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's are long."""

    def slow(*_: Any) -> None:
        raise AssertionError("it is taken apart")

    monkeypatch.setattr("gradcheck.loading.scan_comments.own_lines", slow)
    assert marks_above("# scan\ndef f(x): ...\n") == {}
    with pytest.raises(AssertionError):
        marks_above("# gradcheck: scan 1\ndef f(x): ...\n")


ALPHABET = st.sampled_from(
    [*"=:,.-x019 ", "range=", "shape=", "hold=", "domain=", "mode=", "wrt=", "e400", "one-hot", "--"]
)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(st.one_of(st.lists(ALPHABET, max_size=8).map("".join), st.text(max_size=12)))
def test_whatever_stands_in_a_comment_nothing_but_gc907_comes_of_it(words: str) -> None:
    from gradcheck.loading.marks import together

    for marks in marks_above(f"# gradcheck: scan {words}\ndef f(x): ...\n").values():
        try:
            assert isinstance(together("a.py", marks, ["x"]).completed, ScanOptions)
        except CannotCheck as error:
            found = error
            assert (found.code, found.message.isprintable()) == (BAD_CONFIGURATION, True)
