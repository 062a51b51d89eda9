"""What `gradcheck init` writes is valid, with its examples too, and nothing is overwritten."""

import re
import sys
from pathlib import Path

import pytest

from gradcheck.configuration import EMPTY, Configuration, read
from gradcheck.configuration.start import begin, start_of
from gradcheck.errors import CannotCheck

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECTS = [
    b"",
    b"[project]\nname = 'p'\n",
    b"[project]\nname = 'p'",
    b"[project]\r\nname = 'p'\r\n",
    b"\xef\xbb\xbf# one\n",
]


def uncommented(text: str) -> str:
    """With its examples."""
    return re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE)


def options_in(directory: Path) -> Configuration:
    """What is read there."""
    found = read(directory)
    assert found.directory is None, "another project's, above"
    return found


def test_a_project_without_files_gets_its_own(tmp_path: Path) -> None:
    steps = begin(tmp_path)
    assert [(s.done, s.by_hand) for s in steps] == [("wrote gradcheck.toml", ""), ("wrote .pre-commit-config.yaml", "")]
    found = options_in(tmp_path)
    assert (found.path, found.top, found.targets) == ("gradcheck.toml", EMPTY.top, {})


@pytest.mark.parametrize("before", PROJECTS)
def test_a_pyproject_is_added_to_and_keeps_its_bytes(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(before)
    assert begin(tmp_path)[0].done == "added [tool.gradcheck] to pyproject.toml"
    after = path.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\r\n") in (0, after.count(b"\n"))
    assert (options_in(tmp_path).path, options_in(tmp_path).top) == ("pyproject.toml", EMPTY.top)
    assert not (tmp_path / "gradcheck.toml").exists()


@pytest.mark.parametrize("name", ["gradcheck.toml", "pyproject.toml"])
def test_its_examples_are_valid(tmp_path: Path, name: str) -> None:
    text = start_of(own=name == "gradcheck.toml")
    (tmp_path / name).write_text(uncommented(text))
    found = options_in(tmp_path)
    assert list(found.targets) == ["package.module:function"]
    assert found.ignores_for("package.module:function")[0].codes == ("GC002",)
    assert found.top.budget == 10.0
    assert found.run.jobs == 2
    commented = [line for line in text.splitlines() if re.match(r"#[a-z\[]", line)]
    assert len(commented) > 15


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gradcheck.toml", b"seed = 3\n", "gradcheck.toml is there already; it may say"),
        ("pyproject.toml", b"[tool.gradcheck]\nseed = 3\n", "pyproject.toml has a table [tool.gradcheck] already"),
        ("pyproject.toml", b"tool = {ruff = {}}\n", "pyproject.toml has its tools in one table; add to it"),
    ],
)
def test_what_is_there_already_is_left_alone(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / ".pre-commit-config.yaml").write_text("repos: []\n")
    options, hook = begin(tmp_path)
    assert options.done.startswith(says)
    assert options.by_hand == start_of(own=name == "gradcheck.toml")
    assert hook.done == ".pre-commit-config.yaml is there already; add under repos"
    assert "entry: gradcheck hook" in hook.by_hand
    assert (tmp_path / name).read_bytes() == content
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == "repos: []\n"


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    begin(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert all(step.by_hand for step in begin(tmp_path))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_link_to_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "gradcheck.toml").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".pre-commit-config.yaml").symlink_to(tmp_path / "elsewhere")
    assert all(step.by_hand for step in begin(tmp_path))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("content", [b"[tool", b"\xff\xfe"])
def test_a_broken_pyproject_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(CannotCheck) as error:
        begin(tmp_path)
    assert error.value.message.startswith("pyproject.toml: it cannot be read: ")
    assert (tmp_path / "pyproject.toml").read_bytes() == content


def test_the_hook_is_one_of_pre_commits(tmp_path: Path) -> None:
    begin(tmp_path)
    lines = (tmp_path / ".pre-commit-config.yaml").read_text().splitlines()
    assert lines[:2] == ["repos:", "  - repo: local"]
    keys = dict(line.strip(" -").split(": ") for line in lines[3:])
    assert keys == {
        "id": "gradcheck",
        "name": "gradcheck",
        "entry": "gradcheck hook",
        "language": "system",
        "types_or": "[python, toml]",
        "require_serial": "true",
    }


def test_the_start_is_toml() -> None:
    assert tomllib.loads(start_of(own=True)) == {}
    assert tomllib.loads(start_of(own=False)) == {"tool": {"gradcheck": {}}}
