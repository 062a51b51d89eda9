"""The chain of one point fits 80 columns, marks the guilty operation, and is strict JSON."""

import json
import re
from dataclasses import replace
from importlib import resources
from math import inf, nan
from typing import Any

import jsonschema
import pytest

from gradcheck.records import Cause, Chain, Class, Link, Witness
from gradcheck.renderers.chain import chain_object, render_chain, shown
from gradcheck.renderers.styles import Style

SCHEMA = json.loads((resources.files("gradcheck.renderers") / "chain.schema.json").read_text(encoding="utf-8"))
SOURCE = "return tf.math.log(tf.exp(z) + 1)"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
EXP = Link("Exp", "exp(z)", "softplus.py:12", inf, 2.6881171418161356e43, 0.0, (nan,), (1.0,), True)
ADD = Link("AddV2", "exp(z) + 1", "softplus.py:12", inf, 2.6881171418161356e43, None, (), (), False)
LOG = Link("Log", "log(... + 1)", "softplus.py:12", inf, 100.0, 1.0, (0.0,), (3.72e-44,), False)
CAUSE = Cause(
    *("Mul", "Exp", "/home/me/softplus.py", 12, SOURCE, "Exp"),
    "exp(z) overflows to inf (softplus.py:12); its gradient is 0 * inf = NaN",
)
CHAIN = Chain(
    target="samples.softplus:my_softplus",
    version="autodiff",
    wrt="z",
    witness=Witness({"z": 100.0}, inf, nan, 100.0, 1.0),
    verdict=Class.NAN,
    links=(EXP, ADD, LOG),
    cause=CAUSE,
    trap=None,
)
RIGHT = replace(CHAIN, verdict=Class.FINITE, cause=None, links=(replace(EXP, guilty=False),))
TRAP = "tf.where (softplus.py:31) does not take log(exp(z) + 1) here, but multiplies its gradient by 0 " * 2


def strictly(text: str) -> Any:
    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    found = json.loads(text, parse_constant=refuse)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_the_chain_as_a_table() -> None:
    assert render_chain(CHAIN, "table", Style(unicode=False)).splitlines() == [
        "samples.softplus:my_softplus  at z = 100: the autodiff gradient is nan",
        "",
        "      operation     value    true       gradient in    out    true",
        "  --  ------------  -------  ---------  -------------  -----  --------",
        "  >   exp(z)        inf      2.688e+43  0              nan    1",
        "      exp(z) + 1    inf      2.688e+43  -",
        "      log(... + 1)  inf      100        1              0      3.72e-44",
        "",
        "  output inf (true 100)",
        "  gradient nan (true 1)",
        "  cause: exp(z) overflows to inf (softplus.py:12); its gradient is 0 * inf = NaN",
        "      return tf.math.log(tf.exp(z) + 1)",
    ]


def test_a_right_gradient_is_said_to_be_right() -> None:
    lines = render_chain(RIGHT, "table", Style()).splitlines()
    assert lines[0].endswith("the autodiff gradient is right")
    assert not any("cause" in line or "▶" in line for line in lines)


@pytest.mark.parametrize("verdict", [c for c in Class if c not in (Class.FINITE, Class.NONE)])
def test_every_other_verdict_is_named(verdict: Class) -> None:
    first = render_chain(replace(CHAIN, verdict=verdict), "table", Style()).splitlines()[0]
    assert first.endswith(f"gradient is {verdict.value}")


TINY = -1.2345678e-38
WIDE = Link(
    *("SelectV2", "where(z > 30, log(exp(z) + 1), z * z)", "m.py:1", TINY, TINY, TINY), (TINY,) * 3, (TINY,) * 3, True
)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [False, True])
def test_words_are_wrapped_and_a_long_formula_is_cut(width: int, unicode: bool) -> None:
    text = render_chain(replace(CHAIN, links=(*CHAIN.links, WIDE), trap=TRAP), "table", Style(width, unicode=unicode))
    table, _, words = text.partition("\n  cause: ")
    assert all(len(line) <= width for line in f"  cause: {words}".splitlines())
    assert "where" in table
    assert "log(exp(z) + 1), z * z)" not in table


def test_a_table_of_ordinary_numbers_is_not_wider_than_80_columns() -> None:
    assert max(map(len, render_chain(CHAIN, "table", Style()).splitlines())) <= 80


def test_a_table_of_the_longest_numbers_is_not_wider_than_80_columns() -> None:
    chain = replace(CHAIN, links=(*CHAIN.links, WIDE))
    assert max(map(len, render_chain(chain, "table", Style()).splitlines())) <= 80


def test_of_several_gradients_the_first_is_shown_and_the_rest_are_in_the_json() -> None:
    chain = replace(CHAIN, links=(replace(LOG, leaving=(0.25, 0.5), true_leaving=(0.25, None)),))
    assert "0.25 ..." in render_chain(chain, "table", Style())
    (link,) = strictly(render_chain(chain, "json", Style()))["chain"]
    assert (link["gradient_out"], link["true_gradient_out"]) == ([0.25, 0.5], [0.25, None])


def test_unicode_ascii_and_colour() -> None:
    assert render_chain(CHAIN, "table", Style(unicode=False)).isascii()
    assert "▶" in render_chain(CHAIN, "table", Style())
    coloured = render_chain(CHAIN, "table", Style(colour=True))
    assert "\x1b" in coloured
    squeezed = [
        " ".join(t.replace("-", "").split()) for t in (ANSI.sub("", coloured), render_chain(CHAIN, "table", Style()))
    ]
    assert squeezed[0] == squeezed[1]


def test_the_next_step_is_told_and_without_a_line_there_is_none() -> None:
    text = render_chain(replace(CHAIN, trap="keep it out", cause=replace(CAUSE, source=None)), "table", Style())
    assert "  next: keep it out\n" in text
    assert SOURCE not in text


def test_the_chain_as_json() -> None:
    found = strictly(render_chain(CHAIN, "json", Style()))
    assert (found["schema_version"], found["verdict"], found["version"], found["wrt"]) == (1, "nan", "autodiff", "z")
    assert found["inputs"] == {"z": 100.0}
    assert (found["output"], found["gradient"]) == ("inf", "nan")
    assert (found["true_output"], found["true_gradient"]) == (100.0, 1.0)
    assert [link["op"] for link in found["chain"]] == ["Exp", "AddV2", "Log"]
    assert [link["guilty"] for link in found["chain"]] == [True, False, False]
    exp, add, _ = found["chain"]
    assert (exp["value"], exp["true_value"], exp["gradient_in"], exp["gradient_out"]) == (
        "inf",
        2.6881171418161356e43,
        0.0,
        ["nan"],
    )
    assert (add["gradient_in"], add["gradient_out"], add["true_gradient_out"]) == (None, [], [])
    assert found["cause"]["message"] == CAUSE.message
    assert found["suggestion"] is None


def test_what_is_not_known_is_null_and_the_text_is_ascii() -> None:
    unknown = replace(
        CHAIN,
        witness=Witness({"z": -0.0, "y": 0.5}, 0.0, None),
        verdict=Class.NONE,
        links=(Link("Round", "round(z)", "Round", None, None, None, (), (), False),),
        cause=None,
    )
    text = render_chain(unknown, "json", Style())
    assert text.isascii()
    assert text.endswith("}\n")
    found = strictly(text)
    assert found["gradient"] is found["true_gradient"] is found["cause"] is found["chain"][0]["value"] is None
    assert '"z": -0.0' in text


def test_the_schema_can_fail() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    good = chain_object(CHAIN)
    for bad in (
        {**good, "verdict": "zero"},
        {**good, "schema_version": 2},
        {**good, "inputs": {"z": "nan"}},
        {**good, "chain": [{**good["chain"][0], "guilty": None}]},
        {k: v for k, v in good.items() if k != "true_gradient"},
        {**good, "cause": {**good["cause"], "message": None}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(bad)


def test_every_key_is_in_the_schema() -> None:
    good = chain_object(CHAIN)
    assert set(good) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    link = SCHEMA["$defs"]["link"]
    assert set(good["chain"][0]) == set(link["properties"]) == set(link["required"])


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, "-"), (nan, "nan"), (inf, "inf"), (-inf, "-inf"), (0.0, "0"), (-1.23456e-38, "-1.235e-38"), (100.0, "100")],
)
def test_values_in_few_digits(value: float | None, wanted: str) -> None:
    assert shown(value) == wanted
