"""What user code raised, in one line: its type, its words, its line."""

import pytest

from gradcheck.tracing.failures import explain, raised

STAGED = """in user code:

    File "/x/losses.py", line 3, in zero  *
        y = 1 / 0

    ZeroDivisionError: division by zero
"""
OWN = """in user code:

    File "/x/losses.py", line 3, in f  *
        raise ValueError("TypeError: no")

    ValueError: TypeError: no
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("StagingError", STAGED, ("ZeroDivisionError", "division by zero\n")),
        ("ValueError", OWN, ("ValueError", "TypeError: no\n")),
        ("ValueError", "plain", ("ValueError", "plain")),
        ("Odd", "in user code:\n  nothing", ("Odd", "in user code:\n  nothing")),
    ],
)
def test_the_type_and_the_words(name: str, text: str, said: tuple[str, str]) -> None:
    assert raised(name, text) == said


def test_what_autograph_wraps_is_told_as_the_user_raised_it() -> None:
    class StagingError(Exception):
        pass

    assert explain(StagingError(STAGED)) == "ZeroDivisionError: division by zero (losses.py:3)"
