"""Every command of the README does what the README says, and prints what it shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck import configuration

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COUNTS = re.compile(r"sampled: [\d,]+ of|searched: [\d,]+ points \([^)]*\)|arithmetic at [\d,]+ of")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def console_commands() -> list[tuple[str, int, str]]:
    """(command, exit status, output shown under it) of every `$` line in the console blocks."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            command, _, comment = line.partition("  # exit status ")
            found.append((command.strip(), int(comment or 0), shown))
    return found


COMMANDS = console_commands()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that has the samples, for commands that write files."""
    directory = tmp_path_factory.mktemp("checkout")
    (directory / "samples").symlink_to(ROOT / "samples")
    return directory


@pytest.mark.slow
@pytest.mark.parametrize(("command", "status", "shown"), COMMANDS, ids=[c for c, _, _ in COMMANDS])
def test_command(checkout: Path, command: str, status: int, shown: str) -> None:
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    if words[0] == "gradcheck":
        words = [sys.executable, "-m", *words]
    run = subprocess.run(words, cwd=checkout, capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == status, run.stderr
    if shown:
        assert COUNTS.sub("", run.stdout) == COUNTS.sub("", shown)


def test_there_are_commands_and_four_of_them_show_their_output() -> None:
    assert len(COMMANDS) >= 9
    assert sum(bool(shown) for _, _, shown in COMMANDS) == 4


def test_its_configuration_is_one(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    assert list(configuration.read(tmp_path).targets) == ["samples.tensors:mean_length"]


def test_the_gate_runs_the_two_shell_commands() -> None:
    install, test = blocks("sh")
    assert install.count("\n") == test.count("\n") == 1  # ONE command each
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for heading, command in (("## Try it", install), ("## Run the tests", test)):
        assert f"command_under '{heading}'" in gate
        section = README.split(heading + "\n")[1]
        assert section.split("```sh\n")[1].startswith(command)
