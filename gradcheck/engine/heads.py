"""What a graph makes of the swept input first: the few operations through which all else sees it.

In: the graph as TensorFlow has optimized it, that is, as it runs. Out: the same operations alone, as a function of the
swept input. Where each of them gives one value, bit for bit, for all floats of a piece, so does everything behind them.
None where the graph has another form: no operation may see the swept input twice, or mix elements.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import tensorflow as tf

from gradcheck.records import Tensor

Node: TypeAlias = Any
"""A NodeDef."""

MIRRORS = frozenset({"Identity", "Neg"})
"""Operations that tell any two floats apart that their input tells apart."""

SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
"""Operations that see the shape of their input alone."""

# fmt: off
ELEMENTWISE = frozenset(
    {
        "Abs", "Acos", "Acosh", "Add", "AddV2", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh",
        "Digamma", "Div", "DivNoNan", "Elu", "Equal", "Erf", "Erfc", "Exp", "Expm1", "Floor", "Greater",
        "GreaterEqual", "Inv", "IsFinite", "IsInf", "IsNan", "LeakyRelu", "Less", "LessEqual", "Lgamma", "Log",
        "Log1p", "Maximum", "Minimum", "Mul", "MulNoNan", "NotEqual", "Pow", "RealDiv", "Reciprocal", "Relu",
        "Relu6", "Rint", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
        "Sqrt", "Square", "SquaredDifference", "Sub", "Tan", "Tanh", "Xdivy", "Xlog1py", "Xlogy", "_UnaryOpsComposition"
    }
)
# fmt: on
"""Operations each element of which is made of the same element of their inputs."""


def optimized(concrete: Any, arguments: tuple[Tensor, ...]) -> Any:
    """The graph that runs when a concrete function is called for the first time; None where TensorFlow keeps it."""
    try:
        from tensorflow.python.eager import context

        context.context().enable_graph_collection()
    except (ImportError, AttributeError):
        return None
    try:
        concrete(*arguments)
        graphs = context.context().export_run_metadata().function_graphs
    except tf.errors.OpError:
        return None
    finally:
        context.context().disable_graph_collection()
    return graphs[0].post_optimization_graph if len(graphs) == 1 else None


def heads_of(graph: Any, swept: str) -> Callable[[Tensor], list[Tensor]] | None:
    """The operations behind the node `swept`, as a function of what that node gives; None where they are not told."""
    nodes = {node.name: node for node in graph.node}
    if swept not in nodes:
        return None
    seen, heads = frontier(nodes, swept)
    if not heads or not all(is_head(nodes, node, seen) for node in heads):
        return None
    names = [node.name for node in heads]
    return imported([nodes[name] for name in needed(nodes, names, swept)], names, nodes[swept])


def frontier(nodes: dict[str, Node], swept: str) -> tuple[set[str], list[Node]]:
    """Names of the nodes that mirror the swept input, and the nodes that read one of them."""
    seen: set[str] = set()
    more = {swept}
    while more:
        seen |= more
        more = {n.name for n in nodes.values() if n.op in MIRRORS and seen.intersection(sources(n))} - seen
    readers = (node for node in nodes.values() if node.op not in SHAPES and node.name not in seen)
    return seen, [node for node in readers if seen.intersection(sources(node))]


def is_head(nodes: dict[str, Node], node: Node, seen: set[str]) -> bool:
    """Whether a node is made of the swept input and of single constants, element by element."""
    return node.op in ELEMENTWISE and all(name in seen or is_number(nodes[name]) for name in sources(node))


def is_number(node: Node) -> bool:
    """Whether a node is a constant of one element."""
    shape = node.attr["value"].tensor.tensor_shape
    return node.op == "Const" and all(dimension.size == 1 for dimension in shape.dim)


def needed(nodes: dict[str, Node], names: list[str], swept: str) -> set[str]:
    """The nodes that some are computed from, with themselves, without the swept one."""
    found, rest = set(), list(names)
    while rest:
        name = rest.pop()
        if name not in found and name != swept:
            found.add(name)
            rest += sources(nodes[name])
    return found


def sources(node: Node) -> list[str]:
    """Names of the nodes whose values a node reads, in order."""
    return [text.partition(":")[0] for text in node.input if not text.startswith("^")]


def imported(kept: list[Node], heads: list[str], swept: Node) -> Callable[[Tensor], list[Tensor]]:
    """The kept nodes as a function."""
    definition = tf.compat.v1.GraphDef()
    for node in kept:
        copied = definition.node.add()
        copied.CopyFrom(node)
        copied.device = ""
        del copied.input[:]
        copied.input.extend(text for text in node.input if not text.startswith("^"))
    stub = definition.node.add()
    stub.name, stub.op = swept.name, "Placeholder"
    stub.attr["dtype"].CopyFrom(swept.attr["dtype"])

    def run(x: Tensor) -> list[Tensor]:
        names = [f"{name}:0" for name in heads]
        found: list[Tensor] = tf.graph_util.import_graph_def(definition, {swept.name: x}, names, name="heads")
        return found

    return run
