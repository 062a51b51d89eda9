"""Find what is worth scanning in a source file.

In: the path of a Python file. Out: the names of its top-level functions that carry a `tf.custom_gradient` decorator or
stand under a `# gradcheck: scan` comment, and of `name = tf.custom_gradient(...)` assignments, in source order. Such a
comment that gets no scan raises `CannotCheck`.
"""

import ast
from pathlib import Path

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading.scan_comments import marks_above, misplaced, text_of


def discover(path: Path) -> tuple[str, ...]:
    """Names of the discoverable functions of a file that Python could import."""
    source = text_of(path)
    tree, marked = ast.parse(source), marks_above(source)
    if wrong := misplaced(source, tree):
        raise CannotCheck(BAD_CONFIGURATION, f"{path.name}:{wrong}")
    decorators = {"custom_gradient"}
    names: list[str] = []
    for node in tree.body:
        decorators |= other_names(node, decorators)
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first in marked or any(is_custom_gradient(d, decorators) for d in node.decorator_list):
                names.append(node.name)
        elif isinstance(node, ast.Assign) and (node.lineno in marked or is_application(node.value, decorators)):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(dict.fromkeys(names))


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
