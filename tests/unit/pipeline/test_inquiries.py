"""One point of one target: points from the command line and from files, versions, and what is asked amiss."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import CannotCheck
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_at
from gradcheck.pipeline.inquiries import explain
from gradcheck.records import Chain, Class

CODE = """
    import tensorflow as tf

    def softplus(z):
        return tf.math.log(tf.exp(z) + 1)

    def where_softplus(z):
        return tf.where(z > 30, z, softplus(z))

    @tf.custom_gradient
    def better_softplus(z):
        def gradient(dy):
            return dy / (1 + 1 / tf.exp(z))
        return softplus(z), gradient

    @tf.custom_gradient
    def wrong(x):
        return x * x, lambda dy: dy * 3.0 * x

    def ratio(numerator, denominator):
        return numerator / denominator

    def inverse(x):
        return 1.0 / x

    def rounded(x):
        return tf.round(x)
"""


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Chain]:
    """Explain a function of the module above."""
    monkeypatch.chdir(tmp_path)
    import textwrap

    (tmp_path / "asked.py").write_text(textwrap.dedent(CODE), encoding="utf-8")

    def asked(name: str, *at: str, wrt: str | None = None, version: str | None = None, **options: Any) -> Chain:
        points = tuple(option for text in at for option in parse_at(text))
        return explain(f"asked.py:{name}", points, wrt, version, ScanOptions(**options))

    return asked


Ask = Callable[..., Chain]


def refused(call: Callable[[], Chain]) -> str:
    with pytest.raises(CannotCheck) as raised:
        call()
    assert raised.value.code == "GC907"
    assert raised.value.message.isprintable()
    return raised.value.message


HEXADECIMAL = "parse_at takes hexadecimal numbers, numbers() does not: exit status 101"
HELD = "at_point holds the asked input too, at the first number, and the message speaks of --hold"
NOT_FLUSHED = "exact_at and local_errors_at do not flush a subnormal input, Judge.values does"


@pytest.mark.parametrize(
    "at",
    [
        *("100", "z=100", "z = 100"),
        "0x1.9p+6",
    ],
)
def test_a_point_with_and_without_a_name(ask: Ask, at: str) -> None:
    chain = ask("softplus", at)
    assert (chain.target, chain.version, chain.wrt) == ("asked.py:softplus", "autodiff", "z")
    assert dict(chain.witness.inputs) == {"z": 100.0}
    assert chain.verdict is Class.NAN
    assert chain.witness.output == math.inf
    assert (chain.witness.true_output, chain.witness.true_gradient) == (100.0, 1.0)
    assert chain.cause is not None
    assert (chain.cause.forward_op, chain.cause.line) == ("Exp", 5)
    assert [link.op for link in chain.links if link.guilty] == ["Exp"]
    assert chain.trap is None


@pytest.mark.parametrize(
    ("name", "at", "verdict"),
    [
        ("softplus", "1", Class.FINITE),
        ("softplus", "88", Class.VANISHED),
        ("where_softplus", "100", Class.NAN),
        ("rounded", "0.3", Class.NONE),
    ],
)
def test_the_verdict_is_that_of_real_arithmetic(ask: Ask, name: str, at: str, verdict: Class) -> None:
    chain = ask(name, at)
    assert chain.verdict is verdict
    assert (chain.cause is None) == (verdict in (Class.FINITE, Class.NONE))


def test_the_where_trap_is_told(ask: Ask) -> None:
    trap = ask("where_softplus", "100").trap
    assert trap is not None
    assert "second tf.where" in trap


@pytest.mark.slow
def test_the_version_is_what_training_runs_if_not_said_otherwise(ask: Ask) -> None:
    assert (ask("better_softplus", "100").version, ask("better_softplus", "100").verdict) == ("custom", Class.FINITE)
    stripped = ask("better_softplus", "100", version="autodiff")
    assert (stripped.version, stripped.verdict) == ("autodiff", Class.NAN)
    wrong = ask("wrong", "3")
    assert (wrong.version, wrong.verdict) == ("custom", Class.WRONG)
    assert wrong.cause is not None
    assert wrong.cause.source == "return x * x, lambda dy: dy * 3.0 * x"


def test_a_version_that_is_not_there_names_those_that_are(ask: Ask) -> None:
    assert refused(lambda: ask("softplus", "1", version="custom")).endswith("--gradient custom: it has: autodiff")
    assert refused(lambda: ask("wrong", "1", version="against")).endswith("it has: autodiff, custom")


@pytest.mark.parametrize(
    ("at", "wrt", "inputs", "gradient", "asked"),
    [
        (("4", "denominator=8"), None, {"numerator": 4.0, "denominator": 8.0}, 0.125, "numerator"),
        (("numerator=4,denominator=8",), None, {"numerator": 4.0, "denominator": 8.0}, 0.125, "numerator"),
        (("denominator=8,numerator=4",), None, {"numerator": 4.0, "denominator": 8.0}, -0.0625, "denominator"),
        (("4", "denominator=8"), "denominator", {"numerator": 4.0, "denominator": 8.0}, -0.0625, "denominator"),
        (("denominator=8",), None, {"numerator": 0.5, "denominator": 8.0}, -0.5 / 64, "denominator"),
        (("denominator=8",), "numerator", {"numerator": 0.5, "denominator": 8.0}, 0.125, "numerator"),
    ],
)
def test_several_inputs(
    *,
    ask: Ask,
    at: tuple[str, ...],
    wrt: str | None,
    inputs: dict[str, float],
    gradient: float,
    asked: str,
) -> None:
    chain = ask("ratio", *at, wrt=wrt)
    assert (dict(chain.witness.inputs), chain.wrt) == (inputs, asked)
    assert chain.witness.gradient == pytest.approx(gradient, rel=1e-6)
    assert chain.witness.true_gradient == gradient


@pytest.mark.parametrize(
    ("at", "wrt", "says"),
    [
        ("denominater=1", None, "--at denominater: no input 'denominater'; did you mean denominator?"),
        ("q=1", None, "--at q: no input 'q'; it has: numerator, denominator"),
        ("1", "z", "--wrt z: no input 'z'; it has: numerator, denominator"),
    ],
)
def test_a_wrong_name_gets_a_hint(ask: Ask, at: str, wrt: str | None, says: str) -> None:
    assert says in refused(lambda: ask("ratio", at, wrt=wrt))


def test_a_second_point_of_a_wrong_name_gets_a_hint_too(ask: Ask) -> None:
    assert "did you mean denominator?" in refused(lambda: ask("ratio", "1", "denominater=1"))


# Files


def test_of_a_file_the_first_bad_point_is_taken(ask: Ask) -> None:
    np.save("batch.npy", np.array([[1.0, 2.0], [100.0, 88.0]], dtype=np.float32))
    chain = ask("softplus", "z=@batch.npy")
    assert (dict(chain.witness.inputs), chain.verdict) == ({"z": 100.0}, Class.NAN)
    np.save("batch.npy", np.array([1.0, 88.0, 100.0]))
    chain = ask("softplus", "@batch.npy")
    assert (dict(chain.witness.inputs), chain.verdict) == ({"z": 88.0}, Class.VANISHED)


def test_of_a_file_without_a_bad_point_the_first_is_taken(ask: Ask) -> None:
    np.save("batch.npy", np.array([3.0, 2.0]))
    chain = ask("softplus", "@batch.npy")
    assert (dict(chain.witness.inputs), chain.verdict) == ({"z": 3.0}, Class.FINITE)


def test_numbers_of_a_file_behind_the_first_that_the_dtype_does_not_hold_are_passed_over(ask: Ask) -> None:
    np.save("batch.npy", np.array([1.0, np.nan, np.inf, 1e300, 100.0]))
    assert dict(ask("softplus", "@batch.npy").witness.inputs) == {"z": 100.0}


@pytest.mark.slow
def test_numbers_of_a_file_that_the_dtype_does_not_hold_are_passed_over(ask: Ask) -> None:
    np.save("batch.npy", np.array([np.nan, np.inf, 1e300, 100.0]))
    assert dict(ask("softplus", "@batch.npy").witness.inputs) == {"z": 100.0}
    np.save("batch.npy", np.array([np.nan, np.inf]))
    assert "no finite float32" in refused(lambda: ask("softplus", "@batch.npy"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read as numbers"),
        (b"not numpy", "cannot be read as numbers"),
        (np.array([]), "holds no number"),
        (np.array(["a"]), "cannot be read as numbers"),
        (np.array([{}], dtype=object), "cannot be read as numbers"),
    ],
    ids=["missing", "text", "empty", "strings", "objects"],
)
def test_a_file_that_is_none_is_said_so(ask: Ask, content: Any, says: str) -> None:
    if isinstance(content, bytes):
        Path("batch.npy").write_bytes(content)
    elif content is not None:
        np.save("batch.npy", content, allow_pickle=True)
    message = refused(lambda: ask("softplus", "@batch.npy"))
    assert says in message
    assert "batch.npy" in message


def test_a_number_that_the_dtype_does_not_hold_is_refused_by_the_name_of_its_option(ask: Ask) -> None:
    assert "--at" in refused(lambda: ask("softplus", "1e39"))


def test_a_number_that_the_dtype_does_not_hold_is_refused(ask: Ask) -> None:
    assert "float32" in refused(lambda: ask("softplus", "1e39"))
    assert ask("softplus", "1e39", dtype="float64").witness.inputs["z"] == 1e39


@pytest.mark.parametrize(("dtype", "x", "verdict"), [("float16", "12", Class.NAN), ("float64", "100", Class.FINITE)])
def test_the_dtype_is_that_which_is_asked_for(ask: Ask, dtype: str, x: str, verdict: Class) -> None:
    assert ask("softplus", x, dtype=dtype).verdict is verdict


def test_a_float_is_explained_as_the_device_sees_it(ask: Ask) -> None:
    """1e-40 is a subnormal float32, and 0 in TensorFlow: 1 / 0 is not defined, neither there nor in the chain."""
    chain = ask("inverse", "1e-40")
    assert chain.witness.true_output is None
    (link,) = chain.links
    assert (link.value, link.true_value) == (math.inf, None)
