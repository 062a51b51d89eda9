"""The manual pages: what `--help` shows of each command besides the words of its options.

In: a command of typer's. Out: its options in groups, examples whose lines stay as they are, exit statuses; and what a
shell completes. Principle: an option is declared where its command is, once; what belongs beside others is in the
tables of this file.
"""

from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand, TyperGroup

from gradcheck.cli.completion import COMPLETERS, completed
from gradcheck.cli.values import spare

WHAT, WATCHED, WHERE, HOW, RUNNING, OUTPUT, GATE, OTHER = (
    "What it is compared with",
    "What is watched, and what happens then",
    "Where: inputs and their values",
    "How thoroughly",
    "Running",
    "Output",
    "Gate: what counts and what fails",
    "Other",
)

PANELS: Mapping[str, tuple[str, ...]] = {
    WHAT: ("--against",),
    WATCHED: (
        "module",
        "--on-bad",
        "--every",
        "--max-steps",
        "--save-repro",
        "--vanished",
        "--exploding",
        "--untrained",
    ),
    WHERE: ("--range", "--hold", "--at", "--dtype", "--shape", "--domain", "--wrt", "--gradient", "--order"),
    HOW: ("--exhaustive", "--mode", "--tolerance", "--seed", "--budget"),
    RUNNING: ("--jobs", "--timeout", "--cluster", "--no-cache"),
    OUTPUT: ("--format", "--output", "--plot", "--quiet"),
    GATE: ("--fail-on", "--select", "--ignore", "--baseline", "--write-baseline", "--exit-zero"),
    OTHER: ("--version", "--install-completion", "--show-completion", "--help"),
}
"""Groups of options, in the order in which they are shown."""

PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}

VALUES = {"--seed": "N", "--order": "1|2"}
"""What stands for the value of a number."""

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "gradcheck": (
        ("gradcheck scan losses.py:my_loss --range -1:1", "where its gradient goes bad"),
        ("gradcheck explain losses.py:my_loss --at 0", "why, operation by operation"),
        ("gradcheck watch train.py", "a training script, to its first bad gradient"),
        ("gradcheck rules GC002", "what a code means, and its cure"),
    ),
    "scan": (
        ("gradcheck scan losses.py:cross_entropy", "a function, over every finite float of its inputs"),
        (
            "gradcheck scan losses.py:cross_entropy --range logit=-20:20 --hold label=0",
            "one input swept over a range, the other held",
        ),
        ("gradcheck scan losses.py models.py", "what is marked '# gradcheck: scan' in two files"),
        ("gradcheck scan losses:my_loss --against losses:stable_loss", "two gradients side by side"),
        ("gradcheck scan exported_model:serving_default", "a signature of a SavedModel"),
        ("gradcheck scan losses.py:norm --shape x=4,3 --domain x=positive", "a function of whole tensors"),
        ("gradcheck scan losses.py:my_loss --dtype bfloat16 --exhaustive", "every float there is: a proof"),
        ("gradcheck scan losses.py:my_loss --range 0:1 --mode graph --mode xla", "where two modes differ"),
        ("gradcheck scan losses.py:my_loss --format json --output report.txt", "JSON here, the table in a file"),
    ),
    "explain": (
        ("gradcheck explain losses.py:my_loss --at 0", "a function of one input"),
        ("gradcheck explain losses.py:cross_entropy --at logit=100,label=0", "a function of two"),
        ("gradcheck explain losses.py:my_loss --at x=@batch.npy --format json", "the first bad number of a file"),
        ("gradcheck explain bad_step", "a step that gradcheck watch --save-repro saved"),
    ),
    "watch": (
        ("gradcheck watch train.py --epochs 3", "a script with its own options, to its first bad gradient"),
        ("gradcheck watch -m package.train --epochs 3", "a module, as python -m runs it"),
        ("gradcheck watch --on-bad warn --max-steps 200 train.py", "all bad gradients of 200 steps"),
        ("gradcheck watch --untrained --vanished 100 --exploding 100 train.py", "what else can be wrong"),
        ("gradcheck watch --save-repro bad_step train.py", "the bad step, to be read elsewhere"),
    ),
    "rules": (
        ("gradcheck rules", "all codes"),
        ("gradcheck rules GC003", "one of them, with an example and its cure"),
        ("gradcheck rules GC9 --format json", "several, for programs"),
    ),
    "report": (
        ("gradcheck report report.json", "the table of a saved report"),
        ("gradcheck report report.json --output report.html", "as a page"),
    ),
    "init": (("gradcheck init", "write a commented configuration"),),
    "hook": (("gradcheck hook losses.py models.py", "what these files, if they were changed, touch"),),
}
"""Command lines, and what each is for; a test runs all of them."""

STATUSES: Mapping[str, Mapping[int, str]] = {
    "scan": {
        0: "nothing found at or above the severity of --fail-on",
        1: "findings",
        2: "a target could not be checked, or the command line is wrong",
        101: "a bug in gradcheck",
    },
    "report": {
        0: "nothing found at or above the severity of --fail-on",
        1: "findings",
        2: "a target could not be checked, or the file is no report",
    },
    "hook": {
        0: "nothing found at or above the severity of --fail-on, or nothing to scan",
        1: "findings",
        2: "a target could not be checked, or the configuration is wrong",
    },
    "watch": {
        0: "the script succeeded; nothing at or above the severity of --fail-on",
        1: "findings; any status of the script's own that is not 0 comes first",
        2: "the script is not there, or the command line is wrong",
        130: "interrupted",
    },
    "explain": {0: "the gradient is right there", 1: "it is not", 2: "the target could not be checked"},
    "rules": {0: "explained", 2: "there is no such code"},
}


class Page:
    """What a command and the group of all of them have in common."""

    name: str | None
    params: list[Any]
    callback: Any

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, each in its panel, with what completes it, and sparing with typer's conversions."""
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        spare(found, getattr(self.callback, "__annotations__", {}))
        for param in found:
            key = key_of(param)
            if key in PANEL_OF:
                param.rich_help_panel = PANEL_OF[key]
            if getattr(param, "is_flag", False) or key in VALUES:
                param.metavar = VALUES.get(key, "")
            if key in COMPLETERS:
                param.shell_complete = completed(COMPLETERS[key])
        order = list(PANELS)
        return sorted(found, key=lambda p: order.index(p.rich_help_panel) if p.rich_help_panel in order else -1)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, then what stays as it is written."""
        super().format_help(ctx, formatter)  # type: ignore[misc]
        formatter.write(ending(self.name or "gradcheck"))


class Command(Page, TyperCommand):
    """A command with a manual page."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind its name: options, then the arguments as they are declared."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return ["[OPTIONS]", *map(usage_of, arguments)]


class Group(Page, TyperGroup):
    """All commands."""


def usage_of(argument: Any) -> str:
    """`TARGET`, `[TARGET]` where it may be left out, `TARGET...` of several."""
    name = (argument.metavar or str(argument.name).upper()).removesuffix("...")
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs == -1 else "")


def key_of(param: Any) -> str:
    """An option as it is typed, an argument by its name."""
    return next((o for o in param.opts if o.startswith("--")), str(param.name))


def ending(command: str) -> str:
    """Examples and exit statuses."""
    examples = EXAMPLES.get(command, ())
    statuses = STATUSES.get(command, {})
    lines = [" Examples", ""] if examples else []
    for line, purpose in examples:
        lines += [f"   {line}", f"       {purpose}"]
    lines += ["", " Exit status", ""] if statuses else []
    lines += [f"   {status:<4} {meaning}" for status, meaning in statuses.items()]
    return "\n".join(lines) + "\n" if lines else ""
