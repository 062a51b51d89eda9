"""Feeds: what a function takes from an iterator by itself, kept so that it can be run again.

In: the user's `tf.data` iterators. Out: for each one that takes its place while a function runs: it hands the same
elements on, one at a time and when asked, and keeps them. The graph and its numbers are the user's.
"""

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from gradcheck.observing.recording import identity
from gradcheck.records import Tensor


class Feed:
    """One iterator.

    Attributes:
        iterator: the user's.
        taken: elements that were handed on since they were last collected.
    """

    def __init__(self, iterator: Any) -> None:
        self.iterator = iterator
        self.taken: list[Any] = []
        self.error: Exception | None = None
        self.proxy = self.made(self.passed_on)

    def passed_on(self) -> Iterator[Any]:
        """The user's elements; an error of the user's is kept, since TensorFlow makes another one of it."""
        while True:
            try:
                element = next(self.iterator)
            except StopIteration:
                return
            except Exception as error:
                self.error = error
                raise
            self.taken.append(element)
            yield element

    def collected(self) -> list[Any]:
        """What was handed on since this was last asked."""
        taken, self.taken = self.taken, []
        return taken

    def made(self, elements: Callable[[], Iterator[Any]]) -> Any:
        """An iterator of a dataset of these elements, which takes none before it is asked to."""
        dataset = tf.data.Dataset.from_generator(elements, output_signature=self.iterator.element_spec)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.experimental_optimization.apply_default_optimizations = False
        return iter(dataset.with_options(options))

    def again(self, elements: Sequence[Any]) -> Any:
        """An iterator of elements that were kept."""
        return self.made(lambda: iter(elements))


class Feeds:
    """All iterators, and those that stand in for them."""

    def __init__(self) -> None:
        self.known: dict[int, Any] = {}
        self.made: dict[int, Feed] = {}
        self.again: dict[int, deque[Any]] | None = None

    def created(self, iterator: Any) -> None:
        """The user has made an iterator."""
        self.known[identity(iterator._iterator_resource)] = weakref.ref(iterator)

    def of(self, tensors: Sequence[Tensor]) -> dict[int, Feed]:
        """The feeds of the iterators among a function's tensors, by the identity of those."""
        found: dict[int, Feed] = {}
        for tensor in tensors if self.known else ():
            key = identity(tensor)
            if key in self.known and tensor.dtype == tf.resource and (iterator := self.known[key]()) is not None:
                if key not in self.made:
                    self.made[key] = Feed(iterator)
                found[key] = self.made[key]
        return found

    def next(self, iterator: Any) -> list[Any]:
        """The next element that was kept, in a list; an empty one where the iterator is to go on by itself."""
        kept = None if self.again is None else self.again.get(identity(iterator._iterator_resource))
        if kept is None:
            return []
        if not kept:
            raise tf.errors.OutOfRangeError(None, None, "End of sequence")
        return [kept.popleft()]


def replaced(tensors: Sequence[Tensor], iterators: dict[int, Any]) -> list[Tensor]:
    """A function's tensors, with other iterators in the place of the user's."""
    if not iterators:
        return list(tensors)
    return [iterators[identity(t)]._iterator_resource if identity(t) in iterators else t for t in tensors]
