"""A script behaves as under `python`: the same bytes on both streams, the same exit status.

Each comparison runs it twice, by itself and through `scripts`; none of them imports TensorFlow.
"""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from gradcheck.errors import CannotCheck
from gradcheck.scripts import Ending, Script, Stopped, run, show, status_of

RUN = """
import sys
from gradcheck.scripts import Script, run, show
module = sys.argv[1] == "-m"
name, *arguments = sys.argv[2:] if module else sys.argv[1:]
raise SystemExit(show(run(Script(None if module else name, name if module else None, tuple(arguments)))))
"""

ABOUT = """
import sys, os
names = ("__name__", "__doc__", "__package__", "__file__", "__cached__", "__annotations__")
print(sorted(globals()), [globals()[n] for n in names], getattr(__spec__, "name", None), type(__loader__))
print(type(__builtins__), sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals(), os.getcwd())
"""

FAILING = """
    def outer():
        inner()

    def inner():
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("worse: é") from error

    print("before")
    outer()
"""

FILES: dict[str, str | bytes] = {
    "about.py": f'"""Its words."""{ABOUT}',
    "failing.py": FAILING,
    "bare.py": "raise KeyboardInterrupt if False else RuntimeError",
    "broken.py": "print('before')\nx = (1,\n\ny = = 2\n",
    "indented.py": "def f():\nreturn 1\n",
    "latin.py": b"# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\nraise ValueError('\xe9')\n",
    "exits.py": "import sys; sys.exit(int(sys.argv[1]))",
    "says.py": "import sys; print('out'); sys.exit('no data')",
    "quits.py": "raise SystemExit",
    "reads.py": "import sys; print(input(), sys.stdin.read().upper())",
    "hooked.py": "import sys\nsys.excepthook = lambda kind, error, trace: print('hook', kind, error, trace.tb_lineno)\n1/0",
    "bad_hook.py": "import sys\ndef hook(kind, error, trace):\n    [][1]\nsys.excepthook = hook\n1/0",
    "exiting_hook.py": "import sys\ndef hook(kind, error, trace):\n    sys.exit(7)\nsys.excepthook = hook\n1/0",
    "late.py": "import atexit, threading, time\natexit.register(print, 'at exit')\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('end')",
    "pickles.py": "import pickle\nclass A:\n    pass\nprint(pickle.dumps(A()), type(pickle.loads(pickle.dumps(A()))) is A)",
    "guarded.py": "def main():\n    print('main')\n\nif __name__ == '__main__':\n    main()\n",
    "neighbour.py": "from near import HERE\nprint(HERE)",
    "near.py": "HERE = 'near'",
    "killed.py": "import os; os._exit(5)",
    "noted.py": "import sys\nif sys.version_info >= (3, 11):\n    e = ValueError('a'); e.add_note('noted'); raise e\n1/0",
    "imports_broken.py": "import broken",
    "package/__init__.py": "",
    "package/train.py": f"from . import part{ABOUT}\nfrom package.part import f\nf()\n",
    "package/part.py": "def f():\n    raise OSError(2, 'gone')\n",
    "runnable/__init__.py": "",
    "runnable/__main__.py": ABOUT,
    "rotten/__init__.py": "1/0",
    "rotten/train.py": "",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scripts")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    with zipfile.ZipFile(root / "app.zip", "w") as archive:
        archive.writestr("__main__.py", ABOUT)
    (root / "linked").mkdir()
    (root / "linked" / "link.py").symlink_to(root / "neighbour.py")
    return root


def by(here: Path, start: list[str], words: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *start, *words],
        cwd=here, input=b"first\nsecond\n", capture_output=True, timeout=30, check=False, env=environment,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("about.py", "a", "--help", "-m"), ("./about.py",), ("package/../about.py",), ("failing.py",), ("bare.py",),
        ("broken.py",), ("indented.py",), ("latin.py",), ("exits.py", "3"), ("exits.py", "-1"), ("exits.py", "256"),
        ("says.py",), ("quits.py",), ("reads.py",), ("hooked.py",), ("bad_hook.py",),
        ("exiting_hook.py",), ("late.py",), ("pickles.py",), ("guarded.py",), ("neighbour.py",), ("linked/link.py",),
        ("killed.py",), ("noted.py",), ("imports_broken.py",), ("-m", "package.train", "a"), ("-m", "runnable", "--x"),
        ("-m", "about"), ("-m", "failing"), ("-m", "broken"), ("-m", "rotten.train"), ("runnable", "b"),
        ("app.zip", "c"), ("package/train.py",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_it_is_as_python_alone(here: Path, words: tuple[str, ...]) -> None:
    assert by(here, ["-c", RUN], words) == by(here, [], words)


def test_ctrl_c_is_told_with_its_traceback(here: Path) -> None:
    (here / "long.py").write_text(
        "import os, signal\ndef f():\n    os.kill(os.getpid(), signal.SIGINT)\n    input()\nf()\n"
    )
    ours, alone = by(here, ["-c", RUN], ("long.py",)), by(here, [], ("long.py",))
    assert ours == (130, *alone[1:])
    assert b"KeyboardInterrupt" in alone[2]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script("nowhere.py", None), "nowhere.py: no such file"),
        (Script(None, "no_such.module"), "-m no_such.module: "),
        (Script(None, "gradcheck.checks"), "'gradcheck.checks' is a package and cannot be directly executed"),
        (Script("empty", None), "empty: there is no __main__.py in it"),
        (Script("empty.zip", None), "empty.zip: there is no __main__.py in it"),
    ],
    ids=str,
)
def test_what_is_not_there_is_an_error(
    script: Script, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("train.py", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotCheck, match="GC901") as raised:
        run(script)
    assert why in raised.value.message


def test_it_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    before = sys.modules["__main__"], sys.argv, list(sys.argv), sys.path, list(sys.path), sys.excepthook
    (tmp_path / "a.py").write_text("import sys\nsys.path.append('x')\nsys.argv.append('y')\nsys.excepthook = print\n")
    assert run(Script(str(tmp_path / "a.py"), None, ("1",))).kind == "finished"
    assert before == (sys.modules["__main__"], sys.argv, sys.argv, sys.path, sys.path, sys.excepthook)


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ("", "finished", 0),
        ("raise SystemExit(0)", "finished", 0),
        ("raise SystemExit(4)", "exited", 4),
        ("raise SystemExit('text')", "exited", 1),
        ("1/0", "raised", 1),
        ("raise GeneratorExit", "raised", 1),
        ("raise KeyboardInterrupt", "interrupted", 130),
        ("from gradcheck.scripts import Stopped; raise Stopped", "stopped", 0),
    ],
)
def test_how_it_ended(text: str, kind: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    ending = run(Script(str(tmp_path / "a.py"), None))
    assert (ending.kind, ending.status, ending.error is None) == (kind, status, kind == "finished")


@pytest.mark.parametrize("code", [True, False, -1, 255, 256, 1 << 64, "", "text", (1, 2)])
def test_statuses_are_bytes(code: object) -> None:
    assert 0 <= status_of(code) <= 255


def test_a_stop_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(Ending("stopped", 0, Stopped())) == 0
    assert capsys.readouterr() == ("", "")


def test_a_closed_standard_error_is_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    assert show(Ending("exited", 1, SystemExit("text"))) == 1
