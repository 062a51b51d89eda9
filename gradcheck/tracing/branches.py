"""Conditionals at one point: the graph with the branches that are taken there in their place.

In: an inlined graph of (output, gradient), and a point. Out: the same graph without conditionals, valid at that point,
so that a cause can be found inside a branch, and the name of the branch that each replaced conditional took.
"""

from collections.abc import Mapping
from typing import Any

from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from gradcheck.tracing.graphs import CONDITIONALS, point_tensors, wrapped

DEEPEST = 8
"""Conditionals inside one another that are followed."""


def taken(frozen: Any, shapes: list[tuple[int, ...]], values: tuple[float, ...]) -> tuple[Any, Mapping[str, str]]:
    """The graph with the branches taken at a point, and for each replaced conditional the function that it took."""
    took: dict[str, str] = {}
    for _ in range(DEEPEST):
        graph_def = frozen.graph.as_graph_def()
        conditionals = [node for node in graph_def.node if node.op in CONDITIONALS]
        if not conditionals:
            break
        predicates = run(frozen, [node.input[0] for node in conditionals], shapes, values)
        for node, predicate in zip(conditionals, predicates, strict=True):
            took[node.name] = call_branch(node, int(predicate))
        inputs, outputs = [t.name for t in frozen.inputs], [t.name for t in frozen.outputs]
        called = wrapped(graph_def).prune(inputs, outputs)
        frozen = convert_variables_to_constants_v2(called, lower_control_flow=False)  # inlines the calls
    return frozen, took


def run(frozen: Any, names: list[str], shapes: list[tuple[int, ...]], values: tuple[float, ...]) -> list[Any]:
    """The values of some tensors at a point."""
    fetches = [name if ":" in name else f"{name}:0" for name in names]
    pruned = wrapped(frozen.graph.as_graph_def()).prune([t.name for t in frozen.inputs], fetches)
    return [t.numpy() for t in pruned(*point_tensors(values, shapes, [t.dtype for t in frozen.inputs]))]


def call_branch(node: Any, predicate: int) -> str:
    """Make a conditional NodeDef call one branch; the branch's name."""
    if "branches" in node.attr:
        branches = node.attr["branches"].list.func
        branch = branches[predicate if 0 <= predicate < len(branches) else len(branches) - 1]
    else:
        branch = node.attr["then_branch" if predicate else "else_branch"].func
    name = str(branch.name)
    kept = {"Tin": node.attr["Tin"].list.type[:], "Tout": node.attr["Tout"].list.type[:]}
    for attribute in list(node.attr):
        del node.attr[attribute]
    node.op = "StatefulPartitionedCall"
    node.attr["f"].func.name = name
    for attribute, types in kept.items():
        node.attr[attribute].list.type.extend(types)
    del node.input[0]
    return name
