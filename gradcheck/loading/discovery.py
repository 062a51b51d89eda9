"""Find what is worth scanning in a source file.

In: the path of a Python file. Out: the names of its top-level functions that carry a `tf.custom_gradient` decorator or
stand under a `# gradcheck: scan` comment, and of `name = tf.custom_gradient(...)` assignments, in source order.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

MARK = re.compile(r"#\s*gradcheck:\s*scan\b")


def discover(path: Path) -> tuple[str, ...]:
    """Names of the discoverable functions of a file that Python could import."""
    with tokenize.open(path) as file:  # in the encoding that the file declares
        source = file.read()
    marked = marked_lines(source)
    decorators = {"custom_gradient"}
    names: list[str] = []
    for node in ast.parse(source).body:
        decorators |= other_names(node, decorators)
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first - 1 in marked or any(is_custom_gradient(d, decorators) for d in node.decorator_list):
                names.append(node.name)
        elif isinstance(node, ast.Assign) and (node.lineno - 1 in marked or is_application(node.value, decorators)):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(dict.fromkeys(names))


def marked_lines(source: str) -> set[int]:
    """Last lines of the comment blocks that hold a `# gradcheck: scan` comment of their own line."""
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
    marked = set()
    for line, text in comments.items():
        if MARK.match(text):
            last = line
            while last + 1 in comments:
                last += 1
            marked.add(last)
    return marked


def other_names(node: ast.stmt, decorators: set[str]) -> set[str]:
    """Names that a statement gives to `custom_gradient`."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname for alias in node.names if alias.name == "custom_gradient" and alias.asname}
    if isinstance(node, ast.Assign) and is_custom_gradient(node.value, decorators):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


def is_application(node: ast.expr, decorators: set[str]) -> bool:
    """Whether an expression is a call of `custom_gradient`."""
    return isinstance(node, ast.Call) and is_custom_gradient(node.func, decorators)


def is_custom_gradient(node: ast.expr, decorators: set[str]) -> bool:
    """Whether an expression is `custom_gradient` under any prefix or another name."""
    return (isinstance(node, ast.Attribute) and node.attr == "custom_gradient") or (
        isinstance(node, ast.Name) and node.id in decorators
    )
