"""The real command with a cache: the same bytes without TensorFlow, and nothing that is wrong with the cache matters."""

import ctypes
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FILES = {
    "target.py": """\
import tensorflow as tf
from kit.helper import shifted

with open("imported.log", "a") as log:
    log.write("once\\n")

def softplus(x):
    return tf.math.log(shifted(tf.exp(x)))  # cited
""",
    "kit/__init__.py": "",
    "kit/helper.py": "from kit.numbers_ import ONE\n\ndef shifted(x):\n    return x + ONE\n",
    "kit/numbers_.py": "# the unit\nONE = 1\n",
}

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
SCAN = ("scan", "target:softplus", "--dtype", "float16")


@dataclass(frozen=True)
class Project:
    """A directory with a target that notes when it is imported."""

    directory: Path

    @property
    def cache(self) -> Path:
        return self.directory / ".gradcheck_cache"

    @property
    def database(self) -> Path:
        return self.cache / "results.sqlite"

    @property
    def imports(self) -> int:
        """How often the target was imported so far."""
        log = self.directory / "imported.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def command(self, *arguments: str, python: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, *python, "-m", "gradcheck", *arguments]

    def run(
        self, *arguments: str, python: tuple[str, ...] = (), before: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*(arguments or SCAN), python=python),
            cwd=self.directory,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            preexec_fn=before,
        )

    @contextmanager
    def changed(self, name: str, text: str) -> Iterator[None]:
        """A file with another text for a while."""
        (self.directory / name).write_text(text)
        yield
        (self.directory / name).write_text(FILES[name])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    directory = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return Project(directory)


@pytest.fixture(scope="module")
def first(project: Project) -> subprocess.CompletedProcess[str]:
    """The scan that fills the cache."""
    run = project.run()
    assert run.returncode == 1, run.stderr
    assert run.stderr == ""
    assert "GC001" in run.stdout
    assert project.imports == 1
    assert (project.cache / ".gitignore").read_text() == "*\n"
    return run


@pytest.fixture
def refill(project: Project, first: subprocess.CompletedProcess[str]) -> Iterator[None]:
    """Whatever a test does to the cache is undone."""
    kept = project.directory.parent / f"{project.directory.name}-kept"
    shutil.copytree(project.cache, kept)
    yield
    project.directory.chmod(0o700)
    if project.cache.is_dir():
        project.cache.chmod(0o700)
        shutil.rmtree(project.cache)
    else:
        project.cache.unlink(missing_ok=True)
    kept.rename(project.cache)


@pytest.mark.slow
def test_the_answer_is_the_same_bytes_and_nothing_runs(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    before = project.imports
    again = project.run()
    assert (again.returncode, again.stdout, again.stderr) == (first.returncode, first.stdout, "")
    as_json = project.run(*SCAN, "--format", "json", "--output", "report.json")
    assert project.imports == before
    assert (project.directory / "report.json").read_text() == as_json.stdout
    assert project.run(*SCAN, "--format", "json", "--no-cache").stdout == as_json.stdout
    assert project.imports == before + 1


@pytest.mark.slow
def test_an_answer_from_the_cache_imports_neither_tensorflow_nor_what_scans(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    run = project.run(python=("-X", "importtime"))
    imported = set(re.findall(r"import time:.*\| +(\S+)", run.stderr))
    assert run.stdout == first.stdout
    assert "gradcheck.cache" in imported
    assert not [name for name in imported if name.startswith(("tensorflow", "keras", "flint"))]
    assert not imported & {"gradcheck.pipeline.crew", "gradcheck.pipeline.scanning", "gradcheck.loading.modules"}
    assert not imported & {"numpy", "pydantic"}  # 0.1 s each


@pytest.mark.slow
def test_a_helper_two_imports_away_counts(project: Project, first: subprocess.CompletedProcess[str]) -> None:
    before = project.imports
    with project.changed("kit/numbers_.py", "# the unit\nONE = 2\n"):
        changed = project.run()
    assert project.imports == before + 1
    assert changed.stdout != first.stdout
    assert project.run().stdout == first.stdout
    assert project.imports == before + 1


@pytest.mark.slow
def test_a_comment_elsewhere_does_not_count(project: Project, first: subprocess.CompletedProcess[str]) -> None:
    before = project.imports
    with project.changed("kit/numbers_.py", "# one\nONE = 1  # really\n"):
        assert project.run().stdout == first.stdout
    assert project.imports == before


@pytest.mark.slow
def test_options_and_configuration_count(project: Project, first: subprocess.CompletedProcess[str]) -> None:
    before = project.imports
    assert project.run(*SCAN, "--fail-on", "info").stdout == first.stdout
    assert project.imports == before
    project.run(*SCAN, "--range", "0:1")
    assert project.imports == before + 1
    (project.directory / "pyproject.toml").write_text('[tool.gradcheck.range]\nx = "0:2"\n')
    project.run()
    (project.directory / "pyproject.toml").unlink()
    assert project.imports == before + 2


def corrupt(project: Project) -> None:
    project.database.write_bytes(b"no database" * 1000)


def old(project: Project) -> None:
    with closing(sqlite3.connect(project.database)) as database:
        database.execute("PRAGMA user_version = 12345")


def a_file(project: Project) -> None:
    shutil.rmtree(project.cache)
    project.cache.write_text("mine")


def read_only(project: Project) -> None:
    project.cache.chmod(0o500)


def read_only_and_without(project: Project) -> None:
    shutil.rmtree(project.cache)
    project.directory.chmod(0o500)


def ordinary() -> None:
    """Root may write anywhere unless this capability is dropped."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (corrupt, "is corrupt (file is not a database) and is made anew"),
        (old, "is of another version of gradcheck (12345, not "),
        (a_file, "going on without it"),
        (read_only, "going on without it"),
        (read_only_and_without, "(Permission denied); going on without it"),
    ],
)
def test_a_cache_that_is_no_good_costs_one_line(
    project: Project,
    first: subprocess.CompletedProcess[str],
    refill: None,
    harm: Callable[[Project], None],
    words: str,
) -> None:
    harm(project)
    run = project.run(before=ordinary)
    assert (run.returncode, run.stdout) == (first.returncode, first.stdout)
    assert re.fullmatch(r"gradcheck: the cache [^\n]+\n", run.stderr), run.stderr
    assert words in run.stderr


@pytest.mark.slow
def test_so_does_a_full_disk(project: Project, first: subprocess.CompletedProcess[str], refill: None) -> None:
    shutil.rmtree(project.cache)
    run = project.run(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)))
    assert (run.returncode, run.stdout) == (first.returncode, first.stdout)
    assert re.fullmatch(r"gradcheck: the cache [^\n]+; going on without it\n", run.stderr), run.stderr


@pytest.mark.slow
def test_so_does_one_that_another_process_has_locked(
    project: Project, first: subprocess.CompletedProcess[str], refill: None
) -> None:
    before = project.imports
    with closing(sqlite3.connect(project.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert project.run().stderr == ""  # it can be read
        assert project.imports == before
        other.execute("COMMIT")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE results SET used = used + 1")
        run = project.run()
    assert (run.returncode, run.stdout) == (first.returncode, first.stdout)
    assert re.fullmatch(r"gradcheck: the cache [^\n]+locked[^\n]+\n", run.stderr), run.stderr


@pytest.mark.slow
def test_two_scans_at_the_same_time_are_fine(
    project: Project, first: subprocess.CompletedProcess[str], refill: None
) -> None:
    shutil.rmtree(project.cache)
    runs = [
        subprocess.Popen(
            project.command(*SCAN),
            cwd=project.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [run.communicate() for run in runs]
    assert outputs == [(first.stdout, "")] * 2
    before = project.imports
    assert project.run().stdout == first.stdout
    assert project.imports == before


def test_no_cache_leaves_nothing_behind(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for arguments in (("scan", "nowhere:f"), ("scan", "nowhere:f", "--no-cache"), ("scan", "--help")):
        project.run(*arguments)
    assert not project.cache.exists()
