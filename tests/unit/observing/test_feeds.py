"""Iterators that a function takes from by itself: the same elements, kept."""

from typing import Any

import pytest
import tensorflow as tf

from gradcheck.observing.feeds import Feed, Feeds, replaced
from gradcheck.observing.recording import identity


def numbers(count: int = 5) -> Any:
    return iter(tf.data.Dataset.range(count).batch(2))


def values(elements: Any) -> list[list[int]]:
    return [e.numpy().tolist() for e in elements]


def test_elements_are_handed_on_and_kept() -> None:
    feed = Feed(numbers())
    assert next(feed.proxy).numpy().tolist() == [0, 1]
    assert next(feed.proxy).numpy().tolist() == [2, 3]
    assert values(feed.collected()) == [[0, 1], [2, 3]]
    assert feed.collected() == []
    assert next(feed.proxy).numpy().tolist() == [4]
    assert values(feed.collected()) == [[4]]
    with pytest.raises(StopIteration):
        next(feed.proxy)


def test_none_is_taken_before_it_is_asked_for() -> None:
    """The user may go on with the iterator by himself."""
    iterator = numbers(8)
    feed = Feed(iterator)
    next(feed.proxy)
    assert next(iterator).numpy().tolist() == [2, 3]
    assert next(feed.proxy).numpy().tolist() == [4, 5]


def test_kept_elements_come_again() -> None:
    feed = Feed(numbers())
    next(feed.proxy)
    again = feed.again(feed.collected())
    assert values(again) == [[0, 1]]


def test_structures_keep_their_form() -> None:
    dataset = tf.data.Dataset.from_tensor_slices(({"a": [1.0, 2.0]}, [3, 4]))
    feed = Feed(iter(dataset))
    features, label = next(feed.proxy)
    assert (features["a"].numpy(), label.numpy()) == (1.0, 3)
    (kept,) = feed.collected()
    (again,) = list(feed.again([kept]))
    assert (again[0]["a"].numpy(), again[1].numpy()) == (1.0, 3)


def test_a_function_runs_on_what_stands_in() -> None:
    iterator = numbers()
    feeds = Feeds()
    feeds.created(iterator)
    total = tf.function(lambda it: next(it) + next(it)).get_concrete_function(iterator)
    resource = iterator._iterator_resource
    found = feeds.of([tf.constant(1.0), resource])
    assert list(found) == [identity(resource)]
    assert feeds.of([resource])[identity(resource)] is found[identity(resource)]
    feed = found[identity(resource)]
    other = tf.constant(3)
    swapped = replaced([other, resource], {identity(resource): feed.proxy})
    assert swapped[0] is other
    assert swapped[1] is feed.proxy._iterator_resource
    (result,) = tf.nest.flatten(total._call_flat([swapped[1]], total.captured_inputs))
    assert result.numpy().tolist() == [2, 4]
    assert values(feed.collected()) == [[0, 1], [2, 3]]


def test_nothing_stands_in_for_what_is_unknown() -> None:
    feeds = Feeds()
    resource = numbers()._iterator_resource
    assert feeds.of([resource]) == {}
    assert replaced([resource], {})[0] is resource


def test_an_iterator_that_is_gone_is_forgotten() -> None:
    feeds = Feeds()
    iterator = numbers()
    feeds.created(iterator)
    resource = iterator._iterator_resource
    del iterator
    assert feeds.of([resource]) == {}
