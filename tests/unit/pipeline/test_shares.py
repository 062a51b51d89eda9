"""Shares of a line, run in any order and put together: the tally of one sitting."""

import random
from pathlib import Path

import pytest

from gradcheck import checkpoints
from gradcheck.configuration import EMPTY
from gradcheck.engine import census, counter, tally
from gradcheck.engine.tally import Tally
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import shares
from gradcheck.pipeline.gathering import Gathering
from gradcheck.pipeline.messages import Counted, Divide, Divided, Setting, Share

CODE = """
import tensorflow as tf

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)

def mixes(z):
    return tf.reduce_sum(z)
"""
NAME = "shares_targets.py:softplus"
SETTING = Setting(ScanOptions(ranges=(parse_range("80:160"),), exhaustive=True), EMPTY)


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 18,))
    monkeypatch.setattr(shares, "FLOATS", 8 << 18)
    shares.known.clear()
    Path("shares_targets.py").write_text(CODE)


def divided(name: str = NAME) -> tuple[Share, ...]:
    found = shares.answer(Divide(name), SETTING, lambda: None)
    assert isinstance(found, Divided)
    return found.shares


def counted(share: Share) -> bytes:
    found = shares.answer(share, SETTING, lambda: None)
    assert isinstance(found, Counted)
    return found.content


def gathered(every: tuple[Share, ...], order: list[Share]) -> Tally:
    gathering = Gathering(NAME, every)
    for share in order:
        gathering.add(share, counted(share))
    assert gathering.shares == []
    return Tally.from_bytes(gathering.kept()["z, graph"], lambda codes: codes)


def test_in_any_order_they_are_the_tally_of_one_sitting(monkeypatch: pytest.MonkeyPatch) -> None:
    every = divided()
    assert [(s.first, s.last) for s in every] == [(i << 21, min((i + 1) << 21, 8_388_609)) for i in range(5)]
    line = shares.known[0][2][0]
    whole: list[Tally] = []
    census.census(line.engine, keep=whole.append)
    found = gathered(every, random.Random(0).sample(every, len(every)))
    assert found.to_bytes() == whole[-1].to_bytes()
    monkeypatch.setattr(tally, "MOST_RUNS", whole[-1].kept - 1)
    assert gathered(every, [*every]).floats == 1 << 23  # the last share is left to the scan


def test_what_an_earlier_run_has_is_not_run_again() -> None:
    every = divided()

    class Book:
        def read(self, name: str) -> dict[str, bytes]:
            return {"z, graph": counted(Share(NAME, "z, graph", 0, 9 << 18))}

        def write(self, name: str, part: str, content: bytes) -> None:
            raise AssertionError

    with checkpoints.kept_by(Book()):
        left = Gathering(NAME, every).shares
    assert [(share.first, share.last) for share in left] == [(9 << 18, 4 << 20)] + [
        (s.first, s.last) for s in every[2:]
    ]


def test_a_share_that_could_not_be_run_ends_the_line_there() -> None:
    every = divided()
    gathering = Gathering(NAME, every)
    gathering.add(every[1], b"")
    assert len(gathering.shares) == 5
    gathering.add(every[0], counted(every[0]))
    assert gathering.shares == []
    assert Tally.from_bytes(gathering.kept()["z, graph"], lambda codes: codes).floats == every[0].last


def test_what_cannot_be_divided_has_no_shares() -> None:
    assert divided("shares_targets.py:mixes") == ()
    assert divided("shares_targets.py:nosuch") == ()
