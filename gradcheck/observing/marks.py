"""Marks on graphs: which of them train.

In: a graph that is being built when a gradient is asked for, or an optimizer called. Out: a `Mark` on it and on all
that it is built within, so that a call of its function is known for a training step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradcheck.observing.optimizers import first_replica, handles_of

NAME = "_gradcheck_mark"
READ = "_gradcheck_read"

BACKWARD = "gradient_tape/"
"""What the names of a tape's operations begin with."""

WRITES = ("Assign", "ResourceApply", "ResourceScatter", "ResourceSparseApply")
"""Beginnings of the types of operations that change variables."""


@dataclass(eq=False)
class Mark:
    """What is known of a graph that trains.

    Attributes:
        optimizers: how often each optimizer is called in it, by identity.
        objects: those optimizers.
        variables: those that each one is given, with whether it is given a gradient of them.
        sources: handles of the variables that gradients are taken by.
    """

    optimizers: dict[int, int] = field(default_factory=dict)
    objects: dict[int, Any] = field(default_factory=dict)
    variables: dict[int, list[tuple[Any, Any]]] = field(default_factory=dict)
    sources: dict[int, Any] = field(default_factory=dict)


def mark_of(graph: Any) -> Mark | None:
    """The mark of a graph."""
    return getattr(graph, NAME, None)


def of_update(optimizer: Any, pairs: Sequence[tuple[Any, Any]]) -> Mark:
    """The mark of one update; of several replicas the first counts."""
    key = id(optimizer)
    known = [(None if g is None else True, v) for g, v in pairs]
    return Mark({key: int(first_replica())}, {key: optimizer}, {key: known}, handles_of([v for _, v in pairs]))


def known(concrete: Any) -> Mark | None:
    """The mark of a traced function; one that was traced before anybody watched is read for the work of a tape."""
    mark = mark_of(concrete.graph)
    if mark is None and not hasattr(concrete.graph, READ):
        setattr(concrete.graph, READ, True)
        definition = concrete.graph.as_graph_def()
        names = [n.name for n in definition.node]
        names += [n.name for function in definition.library.function for n in function.node_def]
        if any(name.startswith(BACKWARD) or "/" + BACKWARD in name for name in names) and writes(concrete):
            mark = Mark()
            setattr(concrete.graph, NAME, mark)
    return mark


def marked(mark: Mark) -> None:
    """Mark the graph that is being built, and those around it, with this beside what they are marked with."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None and getattr(graph, "building_function", False):
        known = mark_of(graph)
        if known is None:
            known = Mark()
            setattr(graph, NAME, known)
        for key, times in mark.optimizers.items():
            known.optimizers[key] = known.optimizers.get(key, 0) + times
        known.objects.update(mark.objects)
        known.variables.update(mark.variables)
        known.sources.update(mark.sources)
        graph = getattr(graph, "outer_graph", None)


def writes(concrete: Any) -> bool:
    """Whether a function, or one that it calls, changes a variable."""
    definition = concrete.graph.as_graph_def()
    functions = [node for function in definition.library.function for node in function.node_def]
    return any(node.op.startswith(WRITES) for node in [*definition.node, *functions])
