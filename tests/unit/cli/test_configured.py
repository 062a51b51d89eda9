"""What was said on the command line comes first, and a project says the rest."""

import os
from pathlib import Path

import pytest

from gradcheck.cli.configured import Run, configured_run
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import BUDGETS, LONGEST, NOTHING_SAID, TIMEOUT, Said

WHOLE = """
jobs = 3
format = "json"
output = ["a.json"]

[[target]]
name = "losses:ce"
budget = 100

[[target]]
name = "models.py"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gradcheck.toml").write_text(WHOLE)
    (tmp_path / "below").mkdir()
    return tmp_path


def run_of(*targets: str, said: Said = NOTHING_SAID, jobs: int | None = None, timeout: float | None = None) -> Run:
    """A run of which nothing else is said."""
    return configured_run(targets, said, jobs, timeout, None, [])


def test_a_project_says_the_rest(project: Path) -> None:
    run = run_of()
    assert (run.targets, run.jobs, run.output_format) == (("losses:ce", "models.py"), 3, "json")
    assert run.files == [(Path("a.json"), "json")]
    assert run.timeout == BUDGETS * 100


def test_what_is_said_comes_first(project: Path) -> None:
    files = [(Path("b.txt"), "table")]
    run = configured_run(("m:f",), Said(), 1, 2.5, "table", files)
    assert (run.targets, run.jobs, run.timeout, run.output_format, run.files) == (("m:f",), 1, 2.5, "table", files)
    assert run_of("m:f").timeout == TIMEOUT
    assert run_of("losses:ce", said=Said(budget=1.0)).timeout == TIMEOUT
    assert run_of("losses").timeout == BUDGETS * 100
    assert run_of("m:f", said=Said(exhaustive=True)).timeout == LONGEST


def test_a_projects_timeout_holds_for_all(project: Path) -> None:
    (project / "gradcheck.toml").write_text(f"timeout = '2m'\n{WHOLE}")
    assert run_of().timeout == 120.0
    assert run_of("m:f", timeout=3.0).timeout == 3.0


def test_a_project_is_scanned_where_its_file_lies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "below")
    files = [(Path("b.txt"), "table")]
    assert configured_run(("m:f",), Said(), None, None, None, files).files == files
    assert Path.cwd() == project / "below"
    assert run_of("m:f").files == [(project / "a.json", "json")]
    run = configured_run((), Said(), None, None, None, files)
    assert run.targets == ("losses:ce", "models.py")
    assert Path.cwd() == project
    assert run.files == [(project / "below" / "b.txt", "table")]
    assert (run.configuration.path, run.configuration.directory) == ("gradcheck.toml", None)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (None, "", 'write [[tool.gradcheck.target]] with name = "module:function" into pyproject.toml'),
        ("pyproject.toml", "[tool.gradcheck]\nseed = 3", "into pyproject.toml"),
        ("gradcheck.toml", "seed = 3", 'write [[target]] with name = "module:function" into gradcheck.toml'),
    ],
)
def test_without_any_target_it_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, content: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if name:
        (tmp_path / name).write_text(content)
    with pytest.raises(CannotCheck) as error:
        run_of()
    assert error.value.code == BAD_CONFIGURATION
    assert error.value.message.startswith("no target: name one, gradcheck scan module:function, or ")
    assert says in error.value.message


def test_an_output_file_that_cannot_be_is_told_before_the_scan(project: Path) -> None:
    (project / "gradcheck.toml").write_text("output = ['nowhere/a.json']\n")
    with pytest.raises(CannotCheck) as error:
        run_of("m:f")
    assert "no such directory: nowhere" in error.value.message
    assert os.listdir(project / "below") == []  # noqa: PTH208
