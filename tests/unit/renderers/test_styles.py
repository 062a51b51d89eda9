"""Words are dressed where the reader's terminal has colours, and only there."""

import pytest

from gradcheck.renderers.styles import COLOURS, Style


@pytest.mark.parametrize("role", [*COLOURS, None])
def test_without_colour_a_word_stays_as_it_is(role: str | None) -> None:
    assert Style(colour=False).paint("nan", role) == "nan"


@pytest.mark.parametrize("role", list(COLOURS))
def test_with_colour_a_word_is_dressed_and_undressed_again(role: str) -> None:
    painted = Style(colour=True).paint("nan", role)
    assert painted.startswith("\x1b[")
    assert painted.endswith("nan\x1b[0m")


def test_a_word_without_a_role_is_not_dressed() -> None:
    assert Style(colour=True).paint("nan", None) == "nan"


def test_severities_look_different() -> None:
    dressed = {Style(colour=True).paint("x", severity) for severity in ("error", "warning", "info", "good")}
    assert len(dressed) == 4


def test_a_file_is_80_columns_of_unicode_without_colour() -> None:
    assert Style() == Style(width=80, colour=False, unicode=True)
