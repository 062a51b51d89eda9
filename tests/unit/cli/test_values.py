"""Values as they are typed: what typer would have made of them, without its conversions where there is none to do."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gradcheck.cli import manual

LINES = (
    "scan",
    "scan m:f file.py:g --range z=-1:1 --range 0:1 --hold y=3 --dtype float16 --format json --timeout 5s",
    "scan m:f --seed 3 --jobs 2 --tolerance 0.5 --order 2 --exhaustive --plot --no-cache --exit-zero",
    "scan m:f --sampled --output a.json --output b.txt --baseline base.json --select GC001,GC002",
    "explain m:f --at z=1 --at y=2 --wrt z",
    "explain saved_step",
    "hook",
    "hook here.py missing.py .",
    "report -",
    "report here.py --write-baseline base.json",
    "rules GC001",
    "init",
)

MISTAKES = (
    "scan m:f --seed x",
    "scan m:f --jobs 0",
    "scan m:f --order 3",
    "scan m:f --range",
    "explain --at z=1",
    "report",
)


def main() -> Any:
    """All commands, made anew."""
    return get_command(importlib.import_module("gradcheck.cli").app)


def parsed(line: str, monkeypatch: pytest.MonkeyPatch, spared: bool) -> Any:
    """The values of a command line, or what is wrong with it."""
    with monkeypatch.context() as patch:
        if not spared:
            patch.setattr(manual, "spare", lambda params, annotations: None)
        name, *arguments = line.split()
        command = main().commands[name]
        if not arguments and name in ("report", "explain"):
            command.no_args_is_help = False
        found: dict[str, Any] = {}
        command.callback = lambda **values: found.update(values)
        try:
            with command.make_context(name, arguments) as context:
                return {key: list(v) if isinstance(v, tuple) else v for key, v in context.params.items()}
        except Exception as error:
            return type(error).__name__, str(error.format_message())  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", LINES)
def test_a_value_is_what_typer_makes_of_it(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here.py").touch()
    wanted = parsed(line, monkeypatch, spared=False)
    assert isinstance(wanted, dict)
    assert parsed(line, monkeypatch, spared=True) == wanted


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_as_typer_tells_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = parsed(line, monkeypatch, spared=False)
    assert isinstance(wanted, tuple)
    assert parsed(line, monkeypatch, spared=True) == wanted


def test_a_path_that_cannot_be_read_is_typers_to_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here.py").touch()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    name, said = parsed("hook here.py", monkeypatch, spared=True)
    assert (name, "is not readable" in said) == ("BadParameter", True)


def test_what_is_typed_in_a_scan_and_a_hook_takes_no_pydantic(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from typer.main import get_command\n"
        "from gradcheck.cli.app import app\n"
        "import gradcheck.cli\n"
        "main = get_command(app)\n"
        "with main.make_context('gradcheck', ['scan', 'x']) as context:\n"
        "    name, command, rest = main.resolve_command(context, ['scan', 'm:f', '--range', '0:1', '--output', 'a.json'])\n"
        "    command.make_context(name, rest)\n"
        "    main.commands['hook'].make_context('hook', ['a.py', 'b.py'])\n"
        "print(sorted({'pydantic', 'numpy', 'tensorflow'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
