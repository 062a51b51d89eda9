"""A callable and its arguments become a `LoadedTarget`: a function of one flat tensor a parameter.

In: the callable, its arguments, options to pass along and the lines that import it. Out: the target, with the Python
text of the call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from gradcheck.loading.conventions import domains_by_convention, held_by_convention
from gradcheck.loading.declarations import Argument, parameters_among
from gradcheck.loading.paste import class_lines
from gradcheck.loading.structures import classes_in, packed, written
from gradcheck.records import LoadedTarget, Parameter


@dataclass(frozen=True)
class Call:
    """How a callable is called.

    Attributes:
        function: the callable.
        arguments: what it is called with.
        options: further arguments, by name, the same in every call.
    """

    function: Callable[..., Any]
    arguments: tuple[Argument, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_flat(self) -> bool:
        """Whether the callable takes one tensor an argument and nothing else."""
        return not self.options and all(isinstance(a.tree, Parameter) for a in self.arguments)

    def run(self, *tensors: Any) -> Any:
        """Call with the tensors packed as the arguments have them."""
        rest = iter(tensors)
        by_position = [packed(a.tree, rest) for a in self.arguments if not a.keyword_only]
        by_name = {a.name: packed(a.tree, rest) for a in self.arguments if a.keyword_only}
        return self.function(*by_position, **by_name, **self.options)

    @property
    def text(self) -> str:
        """A format string over the names of the tensors."""
        places = (f"{{{i}}}" for i in count())
        texts = [call_text(argument, places) for argument in self.arguments]
        return f"f({', '.join([*texts, *(f'{name}={value!r}' for name, value in self.options.items())])})"


def call_text(argument: Argument, places: Any) -> str:
    """One argument as a call writes it."""
    value = written(argument.tree, places)
    if not argument.keyword_only:
        return value
    return f"{argument.name}={value}" if argument.name.isidentifier() else f'**{{{{"{argument.name}": {value}}}}}'


def target_of(name: str, call: Call, paste: tuple[str, ...], /, **fields: Any) -> LoadedTarget:
    """The target that a call makes; what `fields` say goes before conventions."""
    parameters = parameters_among(call.arguments)
    function: Callable[..., Any] = call.function if call.is_flat else call.run
    by_name = {a.name for a in call.arguments if a.keyword_only and call.is_flat}
    parameters = tuple(replace(p, keyword_only=p.name in by_name) for p in parameters)
    classes = dict.fromkeys(kind for a in call.arguments for kind in classes_in(a.tree))
    conventional = {
        "paste": (*paste, *(line for kind in classes for line in class_lines(kind))),
        "call": call.text,
        "held": held_by_convention(parameters),
        "domains": domains_by_convention(parameters),
    }
    return LoadedTarget(name, function, parameters, **{**conventional, **fields})
