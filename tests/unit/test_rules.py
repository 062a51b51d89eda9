"""The list of codes is that of the checks and of the errors, and each has its words."""

import re

import pytest

from gradcheck import checks, errors, rules
from gradcheck.checks import gc004, gc006
from gradcheck.rules import BY_CODE, ERRORS, FINDINGS, RULES, SCANNED, Rule
from gradcheck.vocabulary import CODES, SEVERITIES


def test_the_checks_agree_with_the_list() -> None:
    found = {(check.RULE.code, check.RULE.name) for check in (*checks.CHECKS, *checks.AT_POINTS, checks.gc007)}
    assert found == {(rule.code, rule.name) for rule in SCANNED}


def test_every_finding_is_a_code_of_the_command_line() -> None:
    assert tuple(rule.code for rule in FINDINGS) == CODES


def test_every_error_code_is_in_the_list() -> None:
    texts = {name: value for name, value in vars(errors).items() if isinstance(value, str)}
    codes = {name: value for name, value in texts.items() if re.fullmatch(r"GC\d+", value)}
    assert {(code, name.lower().replace("_", "-")) for name, code in codes.items()} == {
        (rule.code, rule.name) for rule in ERRORS
    }


def test_codes_are_in_order_and_unique() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert list(BY_CODE) == codes


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_has_words_that_fit_a_line_and_a_paragraph(rule: Rule) -> None:
    assert rule.severity in SEVERITIES
    assert 0 < len(rule.summary) <= 90
    assert not rule.summary.endswith(".")
    assert rule.explanation.endswith(".")
    assert rule.explanation.isprintable()


@pytest.mark.parametrize("check", [gc004, gc006], ids=lambda check: check.RULE.code)
def test_the_milder_ones_are_warnings(check: object) -> None:
    assert rules.BY_CODE[check.RULE.code].severity == "warning"  # type: ignore[attr-defined]
