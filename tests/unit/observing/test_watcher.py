"""The watcher: when a script is ended, what is told and what is counted, and whose failure is whose."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import keras
import pytest
import tensorflow as tf

from gradcheck.observing.found import Found, witness
from gradcheck.observing.session import MOST_FOUND, MOST_NOTES, Ours
from gradcheck.observing.watcher import Watcher
from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import more_notes
from gradcheck.records import Study
from gradcheck.scripts import Stopped

Watch = Callable[..., Watcher]
Make = Callable[..., tuple[Any, Any]]

MODES = ["eager", "graph"]


def ran(step: Any, batches: Iterable[Any]) -> int:
    """How many steps ended as they should, before the script was ended."""
    done = 0
    with contextlib.suppress(Stopped):
        for x in batches:
            step(x)
            done += 1
    return done


def told(watcher: Watcher) -> list[tuple[str, int, int | None]]:
    return [(found.code, found.witness.step, found.witness.order) for found in watcher.found]


# --max-steps


@pytest.mark.parametrize("mode", MODES)
def test_a_run_ends_after_exactly_so_many_steps(watch: Watch, make_step: Make, good: Any, mode: str) -> None:
    alone, other = make_step(mode)
    assert ran(alone, [good] * 3) == 3
    step, weights = make_step(mode)
    watcher = watch(max_steps=3)
    assert ran(step, [good] * 10) == 2
    assert (watcher.steps, watcher.limited, watcher.active, watcher.found) == (3, True, False, [])
    assert weights.numpy().tolist() == other.numpy().tolist()


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_is_shorter_is_not_limited(watch: Watch, make_step: Make, good: Any, mode: str) -> None:
    step, _ = make_step(mode)
    watcher = watch(max_steps=3)
    assert ran(step, [good] * 2) == 2
    watcher.finish()
    assert (watcher.steps, watcher.limited) == (2, False)


def test_steps_made_by_hand_are_limited_in_graphs(watch: Watch, make_update: Make, good: Any) -> None:
    step, _ = make_update("graph")
    watcher = watch(max_steps=3)
    assert ran(step, [good] * 10) == 2
    assert (watcher.by_hand, watcher.limited) == (3, True)


def test_what_went_bad_in_the_last_steps_is_told_before_the_limit_ends_it(
    watch: Watch, make_step: Make, good: Any, zero: Any
) -> None:
    step, _ = make_step("graph", loss_of=lambda z: [tf.sqrt(tf.reduce_sum(z**2))])  # its result is not glanced at
    watcher = watch(max_steps=3)
    assert ran(step, [good, zero, good, good]) == 2
    assert (told(watcher), watcher.limited) == ([("GC001", 1, 1)], True)


# what is told and what is counted


@pytest.mark.parametrize("mode", MODES)
def test_where_one_is_warned_further_bad_steps_are_counted(
    watch: Watch, make_step: Make, good: Any, zero: Any, mode: str
) -> None:
    """NaN stays in the weights, so that all that follows is bad; an update in a graph is found by weights that were good."""
    step, _ = make_step(mode)
    watcher = watch(on_bad="warn")
    for x in (good, zero, *[good] * 4):
        step(x)
    watcher.finish()
    assert told(watcher) == [("GC001", 1, 1)]
    assert watcher.steps == 6
    said = ["optimizer 1 (sgd) went on to get bad gradients, in 4 steps more"]
    assert more_notes(watcher) == (said if mode == "eager" else [])


@pytest.mark.parametrize("mode", MODES)
def test_of_steps_that_are_skipped_the_first_are_told_and_more_are_counted(
    watch: Watch, make_step: Make, good: Any, zero: Any, mode: str
) -> None:
    step, weights = make_step(mode)
    watcher = watch(on_bad="skip-step")
    for x in (good, *[zero] * (MOST_FOUND + 2), good):
        step(x)
    watcher.finish()
    assert len(watcher.found) == MOST_FOUND
    assert all(found.study is not None for found in watcher.found)
    assert watcher.more == {1: 2}
    assert more_notes(watcher) == ["optimizer 1 (sgd) went on to get bad gradients, in 2 steps more"]
    assert tf.reduce_all(tf.math.is_finite(weights)).numpy()


def test_counts_are_told_by_optimizer_and_what_is_left_out_first() -> None:
    watcher = Watcher(WatchOptions(on_bad="warn"))
    watcher.optimizers.of(adam := keras.optimizers.Adam(name="adam"))
    for order, times in ((None, 2), (1, 1234)):
        for _ in range(times):
            watcher.count(order)
    watcher.history.left_out = 2
    assert more_notes(watcher) == [
        "2 variables with NaN or infinities from the start: not watched",
        "an update by hand went on to get bad gradients, in 2 steps more",
        "optimizer 1 (adam) went on to get bad gradients, in 1,234 steps more",
    ]
    assert adam.name == "adam"


def bad_step(order: int, study: Study | None = None) -> Found:
    seen: Any = type("Seen", (), {"name": "sgd", "order": order, "variables": {}})
    return Found("GC001", witness(seen, 0, ()), "eager", study=study)


@pytest.mark.parametrize(("on_bad", "limit"), [("warn", 1), ("skip-step", MOST_FOUND)])
def test_enough_is_told_of_each_optimizer_by_itself(on_bad: str, limit: int) -> None:
    watcher, study = Watcher(WatchOptions(on_bad=on_bad)), Study(None, lambda values: {})  # type: ignore[arg-type]
    watcher.tell(bad_step(1))  # its cause is not known
    assert not watcher.told_enough(1)
    for number in range(limit):
        assert not watcher.told_enough(1), number
        watcher.tell(bad_step(1, study))
    assert watcher.told_enough(1)
    assert not watcher.told_enough(2)


def test_a_finding_that_does_not_stop_ends_nothing() -> None:
    watcher = Watcher(WatchOptions())
    watcher.tell(Found("GC011", witness(None, 0, ()), "eager", stops=False))
    assert (len(watcher.found), watcher.active) == (1, True)
    with pytest.raises(Stopped):
        watcher.tell(bad_step(1))
    assert not watcher.active
    watcher.tell(None)
    assert len(watcher.found) == 2


# a script that goes on


@pytest.mark.parametrize("mode", MODES)
def test_a_script_that_catches_what_ends_it_is_ended_again(watch: Watch, make_step: Make, good: Any, mode: str) -> None:
    step, weights = make_step(mode)
    watch(max_steps=2)
    assert ran(step, [good] * 5) == 1
    before = weights.numpy().tolist()
    for _ in range(3):
        with pytest.raises(Stopped):
            step(good)
    assert weights.numpy().tolist() == before


@pytest.mark.parametrize("mode", MODES)
def test_so_is_one_that_was_ended_by_a_bad_gradient(
    watch: Watch, make_step: Make, good: Any, zero: Any, mode: str
) -> None:
    step, _ = make_step(mode)
    watcher = watch(every=1)
    assert ran(step, [good, zero, good]) == 1
    for _ in range(2):
        with pytest.raises(Stopped):
            step(good)
    assert told(watcher) == [("GC001", 1, 1)]


def test_in_python_it_is_for_the_user_to_go_on(make_step: Make, good: Any) -> None:
    """What `watching` raises is an `Exception` that may be meant to be caught; only `Stopped` is raised again."""
    watcher = Watcher(WatchOptions(), LookupError)
    with pytest.raises(LookupError):
        watcher.tell(bad_step(1))
    watcher.insist()
    step, _ = make_step("eager")
    step(good)


def test_once_the_script_has_ended_nobody_is_ended() -> None:
    watcher = Watcher(WatchOptions())
    with pytest.raises(Stopped):
        watcher.tell(bad_step(1))
    with pytest.raises(Stopped):
        watcher.insist()
    watcher.ended = True
    watcher.insist()
    watcher.tell(bad_step(1))


# whose failure is whose


@pytest.mark.parametrize("mode", MODES)
def test_a_failure_of_our_own_is_a_note_and_training_goes_on(
    watch: Watch, make_step: Make, good: Any, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, weights = make_step(mode)
    watcher = watch(every=1)
    times: list[int] = []

    def fails(*arguments: Any) -> None:
        times.append(len(times))
        raise ValueError("ours\nis this")

    monkeypatch.setattr(watcher.eager, "look", fails)
    monkeypatch.setattr(watcher.traced, "look", fails)
    before = weights.numpy().tolist()
    for _ in range(3):
        step(good)
    assert len(times) == 3
    assert weights.numpy().tolist() != before
    assert watcher.notes == ["could not look at a step: ValueError: ours is this"]
    assert (watcher.steps, watcher.busy) == (3, False)


def test_notes_are_few() -> None:
    watcher = Watcher(WatchOptions())
    for number in range(MOST_NOTES + 3):
        for _ in range(2):
            with watcher.ours():
                raise ValueError(str(number))
    assert watcher.notes == [f"could not look at a step: ValueError: {number}" for number in range(MOST_NOTES)]


def test_what_ends_the_script_is_no_failure() -> None:
    watcher = Watcher(WatchOptions(), LookupError)
    with pytest.raises(LookupError), watcher.ours():
        watcher.tell(bad_step(1))
    with pytest.raises(KeyboardInterrupt), watcher.ours():
        raise KeyboardInterrupt
    assert (watcher.notes, watcher.busy) == ([], False)


def test_what_is_ours_stays_so_until_the_outermost_ends() -> None:
    watcher = Watcher(WatchOptions())
    with Ours(watcher):
        with Ours(watcher):
            assert watcher.busy
        assert watcher.busy
        assert not watcher.watches
    assert watcher.watches


def test_a_failure_of_the_users_is_theirs(watch: Watch, good: Any) -> None:
    watcher = watch()

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.sqrt(x)
        tf.debugging.assert_less(x, 0.0)
        return tape.gradient(loss, x)

    with pytest.raises(tf.errors.InvalidArgumentError):
        step(good)
    assert watcher.notes == []


def test_a_last_look_is_made_once(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    step, _ = make_step("graph")
    watcher = watch(every=100)
    for x in (good, zero, good):
        step(x)
    assert told(watcher) == []
    watcher.finish()
    watcher.finish()
    assert told(watcher) == [("GC001", 1, 1)]


def test_only_what_runs_while_it_watches_is_watched(watch: Watch, make_step: Make, zero: Any) -> None:
    watcher = watch()
    watcher.finish()
    step, _ = make_step("eager")
    step(zero)
    assert (told(watcher), watcher.steps) == ([], 0)
