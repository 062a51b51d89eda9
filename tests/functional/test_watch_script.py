"""`gradcheck watch`: a script behaves as under `python`, and the report comes behind it. None imports TensorFlow."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

FILES = {
    "about.py": """
        import os, sys
        from near import HERE
        print(__name__, __file__, __spec__, sys.argv, sys.path[0], os.getcwd(), HERE, input())
        print("to standard error", file=sys.stderr)
        """,
    "near.py": "HERE = 'near'\n",
    "raises.py": """
        import sys
        def train(step):
            if step == 3:
                raise RuntimeError("its own")
            train(step + 1)
        if __name__ == "__main__":
            print("begun", end="")
            train(0)
        """,
    "exits.py": "import sys\nprint('done')\nsys.exit(int(sys.argv[1]))\n",
    "says.py": "raise SystemExit('no data')\n",
    "broken.py": "print('begun')\ndef f(:\n",
    "spawns.py": """
        import multiprocessing
        class Square:
            def __call__(self, x):
                return x * x
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(Square(), [1, 2, 3]))
        """,
    "forks.py": "import os, sys\nif os.fork():\n    print(os.wait()[1])\nelse:\n    sys.exit(3)\n",
    "moves.py": "import os\nos.chdir('package')\nprint('moved')\n",
    "closes.py": "import sys\nprint('last words')\nsys.stdout.close()\n",
    "waits.py": "import time\nprint('waiting', flush=True)\ntime.sleep(60)\n",
    "package/__init__.py": "",
    "package/train.py": """
        import sys
        from . import part
        print(__name__, __package__, __spec__.name, sys.argv, part.NAME)
        part.fail() if "fail" in sys.argv else None
        """,
    "package/part.py": "NAME = __name__\ndef fail():\n    raise OSError('in a part')\n",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("watch")
    (root / "package").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(dedent(text))
    return root


def run(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=here, input="asked\n", capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "words",
    [
        ("about.py",),
        ("about.py", "--help", "--format", "xml", "-m", "--"),
        ("./about.py", ""),
        ("raises.py",),
        ("exits.py", "0"),
        ("exits.py", "7"),
        ("says.py",),
        ("broken.py",),
        ("spawns.py",),
        ("forks.py",),
        ("moves.py",),
        ("-m", "package.train", "--every", "x"),
        ("-m", "package.train", "fail"),
    ],
    ids=" ".join,
)
def test_it_prints_and_ends_as_under_python_and_the_report_comes_behind(here: Path, words: tuple[str, ...]) -> None:
    alone, ours = run(here, *words), run(here, "-m", "gradcheck", "watch", *words)
    assert ours.stderr == alone.stderr
    assert ours.returncode == alone.returncode
    assert ours.stdout.startswith(alone.stdout)
    name = words[1] if words[0] == "-m" else words[0]
    assert ours.stdout[len(alone.stdout) :].startswith(f"{name}  clean")
    assert ours.stdout.count("  clean") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.py"], "nowhere.py: no such file; name the script to run, or -m and a module"),
        (["-m", "nowhere"], "-m nowhere: No module named nowhere; go where python -m nowhere runs it"),
        (["package"], "package: there is no __main__.py in it; name the script to run"),
    ],
)
def test_a_script_that_is_not_there_is_one_line(here: Path, words: list[str], said: str) -> None:
    ended = run(here, "-m", "gradcheck", "watch", *words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"gradcheck: GC901 {said}\n")


def test_the_report_of_a_script_that_closes_standard_output_is_in_a_file(here: Path) -> None:
    ended = run(here, "-m", "gradcheck", "watch", "--output", "closed.json", "closes.py")
    assert (ended.returncode, ended.stdout) == (0, "last words\n")
    assert ended.stderr == "gradcheck: the script closed standard output; name a file with --output\n"
    assert (here / "closed.json").is_file()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_ctrl_c_gives_the_report_so_far_and_sigterm_ends_it(here: Path, number: int, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gradcheck", "watch", "waits.py"],
        cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.05)  # it sleeps by then, or is interrupted just before
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert out.startswith("waits.py  clean" if status == 130 else "")
    assert ("KeyboardInterrupt" in err) == (status == 130)


def test_nothing_heavy_is_imported_for_it(here: Path) -> None:
    (here / "heavy.py").write_text("import sys\nprint('heavy:', 'tensorflow' in sys.modules, 'keras' in sys.modules)\n")
    assert run(here, "-m", "gradcheck", "watch", "heavy.py").stdout.startswith("heavy: False False\n")
