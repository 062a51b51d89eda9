"""Which targets changed files touch; nothing is imported for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck import configuration
from gradcheck.pipeline.changes import touched

FILES = {
    "losses.py": "import tensorflow as tf\nimport helper\n\n@tf.custom_gradient\ndef loss(x):\n    return x, lambda u: u\n",
    "helper.py": "from package import deep\n",
    "package/__init__.py": "",
    "package/deep.py": "A = 1\n",
    "other.py": "# gradcheck: scan\ndef f(x):\n    return x\n\ndef g(x):\n    return x\n",
    "plain.py": "def f(x):\n    return x\n",
    "notes.txt": "# gradcheck: scan\n",
}
TABLES = """
[[target]]
name = "losses:loss"

[[target]]
name = "other.py:g"

[[target]]
name = "nosuch:f"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def of(*files: str, tables: str = "") -> tuple[str, ...]:
    """What files touch under a configuration."""
    Path("gradcheck.toml").write_text(tables)
    return touched([Path(file) for file in files], configuration.read(Path.cwd()))


def test_functions_are_found_in_changed_files() -> None:
    assert of("losses.py") == ("losses.py:loss",)
    assert of("other.py", "losses.py") == ("other.py:f", "losses.py:loss")
    assert of("plain.py", "notes.txt", "helper.py", "gone.py") == ()


@pytest.mark.parametrize("changed", ["losses.py", "helper.py", "package/deep.py", "package/__init__.py"])
def test_a_configured_target_is_touched_by_all_that_it_imports(changed: str) -> None:
    assert of(changed, tables=TABLES) == ("losses:loss", "nosuch:f")  # what cannot be found may have been touched


def test_a_configured_target_is_not_found_again_in_its_file() -> None:
    assert of("other.py", tables=TABLES) == ("other.py:g", "nosuch:f", "other.py:f")
    assert of("other.py", tables='[[target]]\nname = "other.py"\n') == ("other.py",)
    assert of("other.py", tables='[[target]]\nname = "other"\n') == ("other",)
    assert of("losses.py", tables='[[target]]\nname = "losses:loss"\n') == ("losses:loss",)


def test_a_changed_configuration_touches_all_configured_targets() -> None:
    everything = ("losses:loss", "other.py:g", "nosuch:f")
    assert of("gradcheck.toml", tables=TABLES) == everything
    assert of("pyproject.toml", tables=TABLES) == everything
    assert of("plain.py", tables=TABLES) == ("nosuch:f",)


def test_a_configured_model_is_touched_by_its_files() -> None:
    model = Path("model/variables")
    model.mkdir(parents=True)
    Path("model/saved_model.pb").touch()
    (model / "variables.index").touch()
    tables = '[[target]]\nname = "model"\n'
    assert of("model/variables/variables.index", tables=tables) == ("model",)
    assert of("plain.py", tables=tables) == ()


def test_a_file_that_cannot_be_parsed_is_told_only_if_there_is_something_in_it() -> None:
    Path("broken.py").write_text("@tf.custom_gradient\ndef f(x:\n")
    Path("unfinished.py").write_text("def f(x:\n")
    Path("binary.py").write_bytes(b"\xff\xfe\x00custom_gradient")
    assert of("broken.py", "unfinished.py", "binary.py") == ("broken.py",)


def test_paths_outside_and_the_same_file_twice(tmp_path: Path) -> None:
    Path("below").mkdir()
    Path("linked.py").symlink_to("losses.py")
    assert of("losses.py", "below/../losses.py", "linked.py") == ("losses.py:loss",)
    outside = tmp_path.parent / "outside_of_it.py"
    outside.write_text("# gradcheck: scan\ndef f(x):\n    return x\n")
    assert of(str(outside)) == (f"{outside}:f",)


def test_tensorflow_is_not_imported_for_it() -> None:
    code = (
        "import sys; from pathlib import Path; from gradcheck import configuration;"
        "from gradcheck.pipeline.changes import touched;"
        "found = touched([Path('losses.py')], configuration.read(Path.cwd()));"
        "print(found, sorted({'tensorflow', 'losses', 'keras'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "('losses.py:loss',) []\n"


def test_a_target_that_lacks_a_module_is_touched_by_anything() -> None:
    tables = '[[target]]\nname = "losses:loss"\n'
    assert of("plain.py", tables=tables) == ()
    Path("package/deep.py").rename("package/deeper.py")
    assert of("package/deeper.py", tables=tables) == ("losses:loss",)


def test_a_comment_that_asks_for_a_scan_and_gets_none_is_no_silence() -> None:
    Path("odd.py").write_text("# gradcheck: scan\n\ndef f(x):\n    return x\n")
    assert of("odd.py") == ("odd.py",)
