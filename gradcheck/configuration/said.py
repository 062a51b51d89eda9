"""What a project says, as records that travel: options of the top, and of each target's own table.

In: names of targets and of their inputs, and what is said nearer to the run. Out: the options that hold. Principle:
what is said nearer wins, input by input: the command line, the comment above the function, the target's own table, that
of its module or file, then the top.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.configuration.files import SHARED, TABLE
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import NOTHING_SAID, GateOptions, Said, ScanOptions
from gradcheck.precedence import only, over, strangers
from gradcheck.records import Ignore


@dataclass(frozen=True)
class TargetTable:
    """One target's table.

    Attributes:
        said: of its scan.
        ignores: what is not to count.
    """

    said: Said = NOTHING_SAID
    ignores: tuple[Ignore, ...] = ()


@dataclass(frozen=True)
class RunOptions:
    """How a run is run and told; None, or nothing, where nothing is said.

    Attributes:
        jobs: processes side by side.
        timeout: seconds of a target.
        outputs: files of reports.
        output_format: on standard output.
    """

    jobs: int | None = None
    timeout: float | None = None
    outputs: tuple[str, ...] = ()
    output_format: str | None = None


@dataclass(frozen=True)
class Configuration:
    """A project's options.

    Attributes:
        path: the file, as messages name it.
        heading: how a target's table begins in it.
        top: for every target.
        targets: for one, or for all of a module or file, by the name that it has on the command line; in their order.
        gate: what counts.
        run: how it is run.
        directory: that of the file, if it is another one than was asked for.
    """

    path: str = SHARED
    heading: str = f"[[{TABLE}.target]]"
    top: Said = NOTHING_SAID
    targets: Mapping[str, TargetTable] = field(default_factory=dict)
    gate: GateOptions = field(default_factory=GateOptions)
    run: RunOptions = RunOptions()
    directory: str | None = None

    def options_for(
        self, target: str, inputs: Collection[str], said: Said, commented: Said = NOTHING_SAID
    ) -> ScanOptions:
        """The options of one target: those of the command line, completed by those above the function and in here."""
        for key, name, hint in strangers(self.targets.get(target, TargetTable()).said, inputs):
            place = f"{self.path}: {self.heading} {target}: {key}.{name}"
            raise CannotCheck(BAD_CONFIGURATION, f"{place}: there is no input {name!r}; {hint}")
        nearest = over(over(said, commented), self.own(target, inputs))
        return over(nearest, only(self.top, inputs)).completed

    def own(self, target: str, inputs: Collection[str]) -> Said:
        """What the tables of a target and of its module or file say."""
        module, found = place_of(target), self.targets.get(target, TargetTable()).said
        if module == target or module not in self.targets:
            return found
        return over(found, only(self.targets[module].said, inputs))

    def before_loading(self, target: str, said: Said) -> ScanOptions:
        """The same as far as it does not take its inputs to know."""
        return over(over(said, self.own(target, ())), self.top).completed

    def every(self, text: str, said: Said) -> Iterator[ScanOptions]:
        """Of a text, and of each target in it that has a table."""
        yield from (self.before_loading(name, said) for name in dict.fromkeys((text, *self.about(text).targets)))

    def about(self, text: str) -> "Configuration":
        """The part of it that the reports of a text depend on."""
        module = place_of(text)
        own = {
            name: TargetTable(table.said)
            for name, table in self.targets.items()
            if name in (text, module) or name.startswith(f"{text}:")
        }
        return replace(self, targets=own, gate=GateOptions(), run=RunOptions())

    def ignores_for(self, target: str) -> tuple[Ignore, ...]:
        """What is not to count of a target."""
        tables = (self.targets.get(name) for name in dict.fromkeys((target, place_of(target))))
        return tuple(ignore for table in tables if table for ignore in table.ignores)

    def gate_with(self, **said: Any) -> GateOptions:
        """What counts: what is said on the command line, and is not None, before what stands in here."""
        return replace(self.gate, **{name: value for name, value in said.items() if value is not None})


EMPTY = Configuration()


def place_of(target: str) -> str:
    """The module, file or directory of a target."""
    return target.rpartition(":")[0] or target
