"""The real pytest with the plugin: marks, the fixture, the configured targets, and what it costs where it is not used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = "import tensorflow as tf\ndef root(x): return tf.sqrt(x)\ndef square(x): return x * x\n"
CONFIGURED = "".join(
    f'[[tool.gradcheck.target]]\nname = "roots:{name}"\nrange = {{x = "0:1"}}\n' for name in ("square", "root", "gone")
)
MARKED = """
import pytest
from roots import root, square

@pytest.mark.gradcheck(range=(0, 1))
def bad(x):
    return root(x)

@pytest.mark.gradcheck(range=(0.5, 1))
def test_good(x):
    return root(x)

@pytest.mark.gradcheck("roots:root", range=(0, 1))
def test_before():
    raise SystemError("this is not reached")

@pytest.mark.gradcheck("no_such_module:f")
def test_not_there():
    pass

@pytest.mark.gradcheck(range=(0.5, 1))
def test_fixture(gradcheck):
    gradcheck(root)
    gradcheck(root, range=(0, 1))

@pytest.mark.gradcheck(square, range=(0, 1))
class TestInside:
    def test_healthy(self):
        pass

    @pytest.mark.gradcheck(range=(0, 1))
    def method(self, x):
        return root(x)

def test_fixture_not_there(gradcheck):
    gradcheck("no_such_module:g")

@pytest.mark.gradcheck(rnge=(0, 1))
def mistyped(x):
    return x
"""


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers", *arguments],
        cwd=directory,
        env={**os.environ, "COLUMNS": "100", "PYTEST_ADDOPTS": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "roots.py").write_text(ROOTS)
    (tmp_path / "pyproject.toml").write_text(CONFIGURED)
    return tmp_path


def outcomes(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return dict(re.findall(r"^(\S+::\S+) (PASSED|FAILED|ERROR)", run.stdout, flags=re.MULTILINE))


@pytest.mark.slow
def test_marks_and_the_fixture(project: Path) -> None:
    (project / "test_marked.py").write_text(MARKED)
    run = run_pytest(project, "-v", "-n", "0")
    assert outcomes(run) == {
        "test_marked.py::bad": "FAILED",
        "test_marked.py::test_good": "PASSED",
        "test_marked.py::test_before": "FAILED",
        "test_marked.py::test_not_there": "ERROR",
        "test_marked.py::test_fixture": "FAILED",
        "test_marked.py::TestInside::test_healthy": "PASSED",
        "test_marked.py::TestInside::method": "FAILED",
        "test_marked.py::test_fixture_not_there": "FAILED",
        "test_marked.py::mistyped": "ERROR",
    }, run.stdout
    assert "\ntest_marked.bad  1 error\n\n  x: float32 [0, 1]\n" in run.stdout  # reads like the table
    assert run.stdout.count("  GC002 error  the autodiff gradient is inf on [0, 1.1754942e-38]") == 4
    assert "cause: sqrt(x) is 0 (roots.py:2)" in run.stdout
    assert "not reached" not in run.stdout
    assert re.search(r"setup of test_not_there _+\nGC901 no_such_module: no module named [^\n]+\n_+ ERROR", run.stdout)
    assert re.search(r"_ test_fixture_not_there _+\nGC901 no_such_module: [^\n]+\n[_=]", run.stdout)
    assert "unexpected keyword argument 'rnge'; did you mean range?" in run.stdout


@pytest.mark.slow
def test_the_configured_targets_are_tests(project: Path) -> None:
    run = run_pytest(project, "-v", "-n", "0", "--gradcheck")
    assert outcomes(run) == {
        "gradcheck::roots:square": "PASSED",
        "gradcheck::roots:root": "FAILED",
        "gradcheck::roots:gone": "ERROR",
    }, run.stdout
    assert "\nroots:root  1 error\n\n  x: float32 [0, 1]\n" in run.stdout
    assert "\nGC902 roots:gone: roots has no 'gone'" in run.stdout
    again = run_pytest(project, "-v", "-n", "2", "--gradcheck", "-k", "square or root")  # from the cache
    assert (again.returncode, "1 failed, 1 passed" in again.stdout) == (1, True), again.stdout


def test_they_are_collected_with_stable_names_and_chosen_by_k(project: Path) -> None:
    every = run_pytest(project, "--gradcheck", "--collect-only", "-q", "-n", "0")
    names = ["gradcheck::roots:square", "gradcheck::roots:root", "gradcheck::roots:gone"]
    assert every.stdout.splitlines()[:3] == names, every.stdout + every.stderr
    chosen = run_pytest(project, "--gradcheck", "--collect-only", "-q", "-n", "0", "-k", "gone")
    assert chosen.stdout.splitlines()[0] == names[2]
    assert "tensorflow" not in chosen.stdout


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("[tool.other]\n", "the configuration names no target"),
        ("[tool.gradcheck]\nrnge = 1\n", "GC907 pyproject.toml: [tool.gradcheck]"),
    ],
)
def test_a_bad_configuration_is_one_line(project: Path, configuration: str, words: str) -> None:
    (project / "pyproject.toml").write_text(configuration)
    run = run_pytest(project, "--gradcheck", "-n", "0")
    assert run.returncode == 4
    assert f"ERROR: --gradcheck: {words}" in run.stderr
    assert "Traceback" not in run.stderr + run.stdout


def test_it_costs_nothing_where_it_is_not_used(project: Path) -> None:
    (project / "test_plain.py").write_text("def test_plain():\n    pass\n")
    (project / "conftest.py").write_text(
        "import sys\n"
        "def pytest_unconfigure(config):\n"
        "    heavy = {'numpy', 'tensorflow', 'flint', 'typer', 'gradcheck.api', 'gradcheck.pipeline'}\n"
        "    print('imported:', sorted(heavy & set(sys.modules)), 'gradcheck.pytest_plugin' in sys.modules)\n"
    )
    run = run_pytest(project, "-n", "0", "-p", "no:hypothesispytest")
    assert "1 passed" in run.stdout, run.stdout
    assert "imported: [] True" in run.stdout
    assert "@pytest.mark.gradcheck(target=None, **options)" in run_pytest(project, "--markers").stdout


@pytest.mark.slow
def test_other_marks_hold_for_a_marked_function_too(project: Path) -> None:
    (project / "test_marks.py").write_text(
        "import pytest\nfrom roots import root\n"
        "@pytest.mark.skip\n@pytest.mark.gradcheck(range=(0, 1))\ndef skipped(x): return root(x)\n"
        "@pytest.mark.xfail(strict=True)\n@pytest.mark.gradcheck(range=(0, 1))\ndef expected(x): return root(x)\n"
    )
    run = run_pytest(project, "-n", "0")
    assert "1 skipped, 1 xfailed" in run.stdout, run.stdout


@pytest.mark.slow
def test_parametrize_is_refused_in_one_line(project: Path) -> None:
    (project / "test_power.py").write_text(
        "import pytest\n@pytest.mark.parametrize('k', [1, 2])\n@pytest.mark.gradcheck(range=(0, 1))\n"
        "def power(x, k): return x**k\n"
    )
    run = run_pytest(project, "-n", "0")
    assert "power: parametrize does not go with pytest.mark.gradcheck" in run.stdout
    assert "1 error" in run.stdout
