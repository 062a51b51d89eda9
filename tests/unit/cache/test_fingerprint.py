"""What changes a key, and what does not."""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.cache import Origin, key_of
from gradcheck.cache.sources import Facts, facts_of

Write = Callable[[str, str | bytes], Path]
Key = Callable[..., str | None]


@pytest.fixture
def project(write: Write) -> Write:
    """A target that imports a package, which imports a helper, which imports numbers."""
    write("target.py", "import os\nfrom kit import helper\n\ndef f(x):\n    return helper.half(x)\n")
    write("kit/__init__.py", "")
    write("kit/helper.py", "from . import numbers_\n\ndef half(x):\n    return numbers_.HALF * x\n")
    write("kit/numbers_.py", "HALF = 0.5\n")
    write("kit/other.py", "A = 1\n")
    return write


def test_nothing_changed_is_the_same_key(project: Write, key: Key) -> None:
    assert key("target") == key("target") is not None


def test_a_changed_helper_two_imports_away_is_another_key(project: Write, key: Key) -> None:
    before = key("target")
    project("kit/numbers_.py", "HALF = 0.25\n")
    assert key("target") not in (before, None)


@pytest.mark.parametrize("name", ["target.py", "kit/__init__.py", "kit/helper.py"])
def test_so_is_whatever_is_on_the_way(project: Write, key: Key, name: str) -> None:
    before = key("target")
    path = project(name, Path(name).read_bytes() + b"\nMORE = 1\n")
    assert path.exists()
    assert key("target") not in (before, None)


def test_a_module_that_is_not_imported_does_not_count(project: Write, key: Key) -> None:
    before = key("target")
    project("kit/other.py", "A = 2\n")
    project("unrelated.py", "A = 2\n")
    assert key("target") == before


@pytest.mark.parametrize(
    "helper",
    [
        "# about numbers\nHALF = 0.5\n",
        "\nHALF = 0.5  # a half\n",
        "\nHALF = 0.5\n# the end\n\n# really\n",
    ],
)
def test_a_comment_that_moves_no_line_does_not_count(project: Write, key: Key, helper: str) -> None:
    project("kit/numbers_.py", "\nHALF = 0.5\n")
    before = key("target")
    project("kit/numbers_.py", helper)
    assert key("target") == before


@pytest.mark.parametrize(
    "source",
    [
        "\n\nHALF = 0.5\n",  # a line further down: reports name lines
        "# gradcheck: scan\nHALF = 0.5\n",  # means something
        "\nHALF = 0.5  # noqa  # gradcheck: ignore\n",  # this too
        "\nHALF = '# 0.5'\n",
    ],
)
def test_what_looks_like_a_comment_only_change_and_is_none(project: Write, key: Key, source: str) -> None:
    project("kit/numbers_.py", "\nHALF = 0.5\n")
    before = key("target")
    project("kit/numbers_.py", source)
    assert key("target") not in (before, None)


def test_imports_in_functions_of_submodules_and_by_a_written_name_count(write: Write, key: Key) -> None:
    write(
        "target.py",
        """\
        import importlib
        def f(x):
            import pack.deep.one
            from pack import two
            three = importlib.import_module("pack.three")
            from pack.star import *
        """,
    )
    write("pack/__init__.py", "")
    for name in ("deep/one", "two", "three", "star/four"):
        write(f"pack/{name}.py", "A = 1\n")
    write("pack/star/__init__.py", "__all__ = ['four']\n")  # pack/deep is a namespace
    for name in ("deep/one", "two", "three", "star/four"):
        before = key("target")
        write(f"pack/{name}.py", "A = 2\n")
        assert key("target") not in (before, None), name


def test_a_module_that_was_missing_counts_when_it_comes(write: Write, key: Key) -> None:
    write("target.py", "try:\n    import later\nexcept ImportError:\n    later = None\n")
    before = key("target")
    write("later.py", "")
    assert key("target") not in (before, None)


def test_modules_that_import_each_other_end(write: Write, key: Key) -> None:
    write("one.py", "import two\n")
    write("two.py", "import one\n")
    assert key("one")


@pytest.mark.parametrize(
    "line",
    [
        "import importlib, os; m = importlib.import_module(os.environ['M'])",
        "m = __import__(name)",
        "import sys; sys.path.insert(0, '..')",
        "from sys import path",
        "exec(open('other.py').read())",
        "import runpy; m = runpy.run_path('other.py')",
        "from importlib import import_module as get",
        "def f(:",
    ],
)
def test_code_that_hides_what_it_imports_has_no_key(write: Write, key: Key, line: str) -> None:
    write("target.py", line + "\n")
    assert key("target") is None


@pytest.mark.parametrize("line", ["model.eval()", "m = __import__('json')", "import os; p = os.path", "f = x.exec()"])
def test_code_that_does_not(write: Write, key: Key, line: str) -> None:
    write("target.py", line + "\n")
    assert key("target")


def test_a_file_in_a_package_imports_from_the_package(write: Write, key: Key) -> None:
    write("away/pack/__init__.py", "")
    write("away/pack/target.py", "from .near import A\nfrom pack.far import B\n")
    for name in ("near", "far", "__init__"):
        before = key("away/pack/target.py", "file")
        write(f"away/pack/{name}.py", "A = B = 2\n")
        assert key("away/pack/target.py", "file") not in (before, None), name


def test_a_file_imports_from_its_own_directory(write: Write, key: Key) -> None:
    write("away/target.py", "import near\n")
    write("away/near.py", "A = 1\n")
    before = key("away/target.py", "file")
    write("away/near.py", "A = 2\n")
    assert key("away/target.py", "file") not in (before, None)


def test_a_relative_import_without_a_package_has_no_key(write: Write, key: Key) -> None:
    write("target.py", "from . import near\n")
    assert key("target.py", "file") is None


def test_another_target_that_may_hide_a_module_leaves_no_key(write: Write, key: Key) -> None:
    write("one/target.py", "import near\n")
    write("one/near.py", "A = 1\n")
    write("two/target.py", "")
    alone = key("one/target.py", "file")
    assert key("one/target.py", "file", ("two/target.py",)) == alone
    write("two/near.py", "A = 2\n")
    assert key("one/target.py", "file", ("two/target.py",)) is None
    assert key("one/target.py", "file") == alone


def test_files_of_a_saved_model_count(write: Write, key: Key) -> None:
    write("model/saved_model.pb", b"1")
    write("model/variables/variables.index", b"1")
    before = key("model", "model")
    assert before
    write("model/saved_model.pb", b"1")
    assert key("model", "model") == before
    write("model/variables/variables.index", b"2")
    assert key("model", "model") not in (before, None)


def test_a_keras_file_counts_with_the_modules_that_its_classes_come_from(
    write: Write, key: Key, tmp_path: Path
) -> None:
    write("layers_.py", "A = 1\n")
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"module": "layers_", "class_name": "Mine"}))
    before = key("m.keras", "model")
    write("layers_.py", "A = 2\n")
    assert key("m.keras", "model") not in (before, None)
    write("n.keras", b"no archive")
    assert key("n.keras", "model") is None


def test_a_library_is_known_by_its_file(write: Write, key: Key) -> None:
    library = write("site-packages/lib_of_mine.py", "def f(:")  # not parsed
    sys.path.insert(0, str(library.parent))
    assert key("lib_of_mine")


def test_nothing_is_imported(project: Write, key: Key) -> None:
    project("kit/__init__.py", "raise SystemExit\n")
    assert key("target")
    assert not {"target", "kit", "kit.helper"} & set(sys.modules)


def test_what_the_caller_adds_counts(project: Write) -> None:
    memory: dict[str, Facts] = {}
    keys = {key_of((Origin("module", "target"),), (), also, memory) for also in (("a",), ("b",), ("a", "b"))}
    assert len(keys) == 3
    assert None not in keys


def test_sources_are_remembered_by_their_content(project: Write) -> None:
    memory: dict[str, Facts] = {}
    key_of((Origin("module", "target"),), (), (), memory)
    assert len(memory) == 4
    assert Facts(**vars(facts_of(Path("target.py").read_bytes()))) in memory.values()


def test_other_encodings_and_line_ends() -> None:
    latin = "# -*- coding: latin-1 -*-\nA = 'é'\n".encode("latin-1")
    assert facts_of(latin).told
    assert facts_of(b"A = 1\r\nB = 2\r\n").digest == facts_of(b"A = 1\nB = 2").digest
    assert facts_of(b"A = '''\n# no comment\n'''\n").digest != facts_of(b"A = '''\n\n'''\n").digest
