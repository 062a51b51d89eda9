"""What is worth scanning in a file or module."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gradcheck.loading import expand, load, make_working_directory_importable
from gradcheck.loading.discovery import discover

Write = Callable[[str, str | bytes], Path]
Refused = Callable[[str, Callable[[], object]], str]

DECORATED = """
    import tensorflow
    import tensorflow as tf
    import tensorflow.compat.v2 as other
    from tensorflow import custom_gradient

    @tf.custom_gradient
    def plain(x):
        return x, lambda dy: dy

    @tensorflow.custom_gradient
    def full_name(x):
        return x, lambda dy: dy

    @other.custom_gradient
    def other_prefix(x):
        return x, lambda dy: dy

    @custom_gradient
    def bare(x):
        return x, lambda dy: dy

    @tf.function
    @tf.custom_gradient
    def stacked(x):
        return x, lambda dy: dy

    @tf.function
    def no_gradient_of_its_own(x):
        return x

    def helper(x):
        return x, lambda dy: dy

    assigned = tf.custom_gradient(helper)
    called = tf.custom_gradient(f=helper)
    value = tf.function(helper)

    def outer(x):
        @tf.custom_gradient
        def inner(y):
            return y, lambda dy: dy
        return inner(x)
"""


def test_custom_gradient_decorators_and_calls_in_source_order(write: Write) -> None:
    path = write("decorated.py", DECORATED)
    assert discover(path) == ("plain", "full_name", "other_prefix", "bare", "stacked", "assigned", "called")


def test_custom_gradient_imported_under_another_name(write: Write) -> None:
    imported = "from tensorflow import custom_gradient as cg"
    path = write("aliased.py", f"{imported}\n\n@cg\ndef f(x):\n    return x, lambda dy: dy\n\ng = cg(f)\n")
    assert discover(path) == ("f", "g")


def test_another_name_for_the_decorator_is_no_target(write: Write) -> None:
    path = write("renamed.py", "import tensorflow as tf\n\ncg = tf.custom_gradient\n\n@cg\ndef f(x): ...\n")
    assert "cg" not in discover(path)


def test_scan_comments(write: Write) -> None:
    path = write(
        "marked.py",
        """
        import functools
        import tensorflow as tf

        # gradcheck: scan
        def marked(x):
            return x

        #gradcheck:scan
        def without_spaces(x):
            return x

        # gradcheck: scan this one too, please
        def with_more_words(x):
            return x

        # gradcheck: scan
        @tf.function
        @tf.autograph.experimental.do_not_convert
        def above_decorators(x):
            return x

        # gradcheck: scan
        # Of a whole block of comments,
        # any line may be the mark.
        def first_of_a_block(x):
            return x

        # The last line
        # gradcheck: scan
        def last_of_a_block(x):
            return x

        # gradcheck: scan
        half = functools.partial(marked, 0.5)

        # gradcheck: scan
        double = lambda x: x * 2
        """,
    )
    assert discover(path) == (
        *("marked", "without_spaces", "with_more_words", "above_decorators"),
        *("first_of_a_block", "last_of_a_block", "half", "double"),
    )


def test_what_is_no_mark(write: Write) -> None:
    path = write(
        "unmarked.py",
        '''
        """
        # gradcheck: scan
        """

        TEXT = """
        # gradcheck: scan"""
        def under_a_string(x):
            return x

        # please do not gradcheck: scan
        def in_the_middle(x):
            return x

        # gradcheck: scan
        Y = 2
        def behind_a_marked_constant(x):
            return x
        ''',
    )
    assert set(discover(path)) <= {"Y"}


def test_a_function_that_is_both_decorated_and_marked_is_found_once(write: Write) -> None:
    path = write("both.py", "import tensorflow as tf\n# gradcheck: scan\n@tf.custom_gradient\ndef f(x): ...\n")
    assert discover(path) == ("f",)


@pytest.mark.parametrize(
    "content",
    [
        b"# gradcheck: scan\r\ndef f(x):\r\n    return x\r\n",
        b"\xef\xbb\xbf# gradcheck: scan\ndef f(x):\n    return x\n",
        "# -*- coding: latin-1 -*-\n# gradcheck: scan\ndef f(x):\n    'é'\n    return x\n".encode("latin-1"),
        "# gradcheck: scan\ndef f(x):\n    'é 漢'\n    return x\n".encode(),
        b"# gradcheck: scan\ndef f(x):\n    return x",
        b"\x0c\n# gradcheck: scan\ndef f(x):\n    return x\n",
    ],
    ids=["windows line ends", "byte order mark", "latin-1", "utf-8", "no newline at the end", "form feed"],
)
def test_every_file_that_python_imports_is_read(write: Write, content: bytes) -> None:
    write("encoded.py", content)
    assert load("encoded.py:f").function(3.0) == 3.0
    assert expand("encoded.py") == ("encoded.py:f",)


def test_a_file_and_a_module_stand_for_what_is_in_them(project: Path, write: Write) -> None:
    write("decorated.py", DECORATED)
    names = ("plain", "full_name", "other_prefix", "bare", "stacked", "assigned", "called")
    assert expand("decorated.py") == tuple(f"decorated.py:{name}" for name in names)
    assert expand("decorated") == tuple(f"decorated:{name}" for name in names)
    assert [load(target).parameters[0].name for target in expand("decorated")] == ["x"] * 7


def test_a_named_function_stands_for_itself_without_any_import(project: Path) -> None:
    assert expand("not_there:f") == ("not_there:f",)


def test_a_package_is_what_its_init_file_holds(project: Path, write: Write) -> None:
    write("some_package/__init__.py", "# gradcheck: scan\ndef f(x):\n    return x\n")
    assert expand("some_package") == ("some_package:f",)


@pytest.mark.parametrize("content", ["", "def f(x):\n    return x\n"])
def test_nothing_to_scan(project: Path, write: Write, refused: Refused, content: str) -> None:
    write("nothing.py", content)
    for text in ("nothing.py", "nothing"):
        message = refused("GC902", partial(expand, text))
        assert message.startswith(f"{text}: nothing to scan in it; name a function, {text}:FUNCTION,")
    assert "tensorflow.nn:FUNCTION" in refused("GC902", lambda: expand("tensorflow.nn"))


def test_a_file_that_cannot_be_imported_cannot_be_searched(project: Path, write: Write, refused: Refused) -> None:
    write("broken.py", "# gradcheck: scan\ndef f(x): return x\nraise ValueError('boom')\n")
    assert "ValueError: boom (broken.py:3)" in refused("GC901", lambda: expand("broken.py"))


def test_the_working_directory_is_importable(project: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    write("elsewhere/local_losses.py", "def f(x): return x")
    monkeypatch.chdir(project / "elsewhere")
    make_working_directory_importable()
    make_working_directory_importable()
    assert sys.path.count(str(project / "elsewhere")) == 1
    assert load("local_losses:f").function(1.0) == 1.0


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("# gradcheck: scan\n\ndef f(x): return x\n", "1: # gradcheck: scan: it is read on a line of its own"),
        ("def f(x): return x  # gradcheck: scan\n", "1: # gradcheck: scan: it is read on a line of its own"),
        ("x = 1\n# gradcheck: scna\ndef f(x): return x\n", "2: '# gradcheck: scna' is unknown; write"),
        ("# Gradcheck: Scan\ndef f(x): return x\n", "1: '# Gradcheck: Scan' is unknown; write"),
        (
            "class A:\n    # gradcheck: scan\n    def g(x): return x\n",
            "2: # gradcheck: scan: only functions at the top",
        ),
        (
            "if True:\n    # gradcheck: scan\n    def g(x): return x\n",
            "2: # gradcheck: scan: only functions at the top",
        ),
        ("def f(x):\n    # gradcheck: scan\n    return x\n", "2: # gradcheck: scan: only functions at the top"),
        ("X = 1  # gradcheck: scan\ndef f(x): return x\n", "1: # gradcheck: scan: it is read on a line of its own"),
        ("# gradcheck: scanner\ndef f(x): return x\n", "1: '# gradcheck: scanner' is unknown"),
        ("# gradcheck: scan\nasync def f(x): return x\n", "1: # gradcheck: scan: only functions at the top"),
        ("# gradcheck: scan\nclass A: pass\n", "1: # gradcheck: scan: only functions at the top"),
    ],
)
def test_a_mark_that_is_not_read_is_told(write: Write, refused: Refused, source: str, says: str) -> None:
    path = write("odd.py", source)
    message = refused("GC907", lambda: discover(path))
    assert message.startswith(f"odd.py:{says}")


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    # gradcheck: scan range=x=-1:1\n    def g(x): return x\n",  # read where A.g is named
        "# gradcheck: ignore -- why\ndef f(x): return x\n",
        "TEXT = '# gradcheck: scna'\n",
        "# gradcheck scan\ndef f(x): return x\n",
    ],
)
def test_what_asks_for_no_scan_is_left_alone(write: Write, source: str) -> None:
    assert discover(write("fine.py", source)) == ()


def test_functions_of_one_line(write: Write) -> None:
    assert discover(write("short.py", "# gradcheck: scan\ndef f(x): return x\n# gradcheck: scan\ng = h = f\n")) == (
        "f",
        "g",
        "h",
    )
