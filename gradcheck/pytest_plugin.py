"""The pytest plugin: gradients as tests.

In: marks, the fixture `gradcheck`, `--gradcheck`. Out: test items whose failure reads like the table; what could not be
checked is an error of one line. Principle: it costs nothing where it is not used, since nothing but pytest is imported
before a gradient is checked.

    @pytest.mark.gradcheck(range=(-1, 1))                  # the function is what is checked
    def my_loss(x): ...

    @pytest.mark.gradcheck("losses:my_loss", range=(-1, 1))  # the target is checked before the test runs
    def test_my_loss(): ...

    def test_losses(gradcheck):                            # marks give defaults
        gradcheck(my_loss, range=(-1, 1))
"""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.api import GradientError
    from gradcheck.gate import Verdict
    from gradcheck.pipeline import Scanned

MARK = "gradcheck"
HELP = (
    "gradcheck(target=None, **options): the gradient is finite; without a target that of the function under the mark, "
    "whose arguments are inputs and no fixtures. Options are those of gradcheck.assert_finite_gradients."
)
PLACE = "gradcheck"
"""What stands in front of the names of configured targets."""

FOUND: "pytest.StashKey[list[GradientError]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--gradcheck`."""
    group = parser.getgroup("gradcheck", "gradients of TensorFlow functions")
    group.addoption("--gradcheck", action="store_true", help="Check the targets of gradcheck's configuration too.")


def pytest_configure(config: pytest.Config) -> None:
    """The mark, for --strict-markers."""
    config.addinivalue_line("markers", HELP)


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`gradcheck(fn, range=(-1, 1))` is `gradcheck.assert_finite_gradients`; what marks say are its defaults."""
    defaults: dict[str, Any] = {}
    for mark in request.node.iter_markers(MARK):  # the nearest first
        defaults = {**mark.kwargs, **defaults}

    def check(target: Any, /, **options: Any) -> None:
        __tracebackhide__ = True
        for failure in checked(target, {**defaults, **options}):
            raise failure

    return check


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The targets that a test's marks name are scanned; what cannot be checked is an error."""
    if isinstance(item, pytest.Function):
        marks = [mark for mark in item.iter_markers(MARK) if mark.args]
        item.stash[FOUND] = [found for mark in marks for t in mark.args for found in checked(t, mark.kwargs)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """What was found is a failure, before the test itself."""
    for failure in item.stash.get(FOUND, []):
        pytest.fail(str(failure), pytrace=False)


def checked(target: Any, options: Mapping[str, Any]) -> "list[GradientError]":
    """What is wrong of a target, if anything is; what cannot be checked is one line."""
    __tracebackhide__ = True
    from gradcheck.api import CannotCheck, GradientError, assert_finite_gradients

    found: GradientError | None = None
    line = ""
    try:
        assert_finite_gradients(target, **options)
    except GradientError as failure:
        found = failure
    except CannotCheck as error:
        line = str(error)
    if line:  # outside, so that the line does not come with what it was caught as
        pytest.fail(line, pytrace=False)
    return [found] if found else []


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: object) -> "Marked | None":
    """A marked function of inputs is a target, whatever its name is."""
    if not inspect.isfunction(obj):
        return None
    own = [mark for mark in vars(obj).get("pytestmark", []) if mark.name == MARK]
    if not own or own[0].args:
        return None
    arguments = [argument for argument in inspect.signature(obj).parameters if argument != "self"]
    if MARK in arguments or not arguments:
        return None
    marked: Marked = Marked.from_parent(collector, name=name)
    for mark in obj.pytestmark:  # type: ignore[attr-defined]
        marked.add_marker(pytest.MarkDecorator(mark, _ispytest=True))
    return marked


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """The configured targets, behind everything else; -k and -m choose among them too."""
    if config.getoption("gradcheck"):
        configured: Configured = Configured.from_parent(session, name=PLACE, nodeid=PLACE)
        items += configured.collect()


class Gradient(pytest.Item):
    """The gradient of one target: the scan is the setup, and what it found the test.

    So what cannot be checked is an error, and a bad gradient a failure.
    """

    def runtest(self) -> None:
        """Nothing: `pytest_runtest_call` has told what was found."""


ALONE = "a function under it is called by gradcheck alone; name it in a test, gradcheck(partial(f, k=2))"


class Marked(Gradient):
    """A function under the mark; its arguments are inputs, not fixtures."""

    def setup(self) -> None:
        """Scan it."""
        if any(self.iter_markers("parametrize")):
            pytest.fail(f"{self.name}: parametrize does not go with pytest.mark.gradcheck: {ALONE}", pytrace=False)
        options = dict[str, Any]()
        for mark in self.iter_markers(MARK):  # the nearest first
            options = {**mark.kwargs, **options}
        self.stash[FOUND] = checked(self.function, options)

    @property
    def function(self) -> Callable[..., Any]:
        """The function, of an instance where it is a method."""
        holder: Any = self.parent
        found: Callable[..., Any] = getattr(holder.newinstance() if self.cls else holder.obj, self.name)
        return found

    @property
    def cls(self) -> Any:
        """Its class, if it has one."""
        return self.parent.obj if isinstance(self.parent, pytest.Class) else None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is defined."""
        return self.path, self.function.__code__.co_firstlineno - 1, f"gradient of {self.name}"


class Configured(pytest.Collector):
    """The targets of the configuration."""

    def collect(self) -> "list[Target]":
        """An item a target."""
        from gradcheck.configuration import read
        from gradcheck.errors import CannotCheck

        try:
            names = list(read(Path.cwd()).targets)
        except CannotCheck as error:
            raise pytest.UsageError(f"--gradcheck: {error}") from error
        if not names:
            raise pytest.UsageError("--gradcheck: the configuration names no target; write one, or leave it out")
        return [Target.from_parent(self, name=name) for name in names]


class Target(Gradient):
    """A configured target, scanned in a process of its own behind the cache, as `gradcheck scan` does."""

    verdict: "Verdict | None" = None

    def setup(self) -> None:
        """Scan it, side by side with all that are still to be scanned; a worker of xdist knows of none but its own."""
        from gradcheck.api import GradientError, Result
        from gradcheck.vocabulary import FINDINGS

        if self.verdict is None:
            waiting = [i for i in self.session.items if isinstance(i, Target) and i.verdict is None]
            items = [self] if hasattr(self.config, "workerinput") else waiting
            for item, verdict in zip(items, verdicts([item.name for item in items]), strict=True):
                item.verdict = verdict
        assert self.verdict is not None, "scanned just now"
        for error in (target.error for target in self.verdict.report.targets if target.error):
            pytest.fail(f"{error.code} {error.message}", pytrace=False)
        if self.verdict.status == FINDINGS:
            self.stash[FOUND] = [GradientError(Result.of(self.verdict.report))]

    def reportinfo(self) -> tuple[Path, None, str]:
        """What it is about."""
        return self.path, None, f"gradient of {self.name}"


def verdicts(names: list[str]) -> "list[Verdict]":
    """The gate's word on each name, where the configuration lies; they are scanned side by side."""
    from gradcheck import gate, pipeline
    from gradcheck.cli.configured import configured_run
    from gradcheck.cli.running import scanner
    from gradcheck.options import Said

    shared: list[Iterator[Scanned]] = []
    here = Path.cwd()
    try:
        run = configured_run((), Said(), None, None, None, [])  # goes there
        configured, crew = run.configuration, scanner(run.jobs, run.timeout, False, None)

        def one(texts: Any, *rest: Any) -> "Iterator[Scanned]":
            if not shared:
                shared.append(crew(tuple(names), *rest))
            yield next(shared[0])

        reports = [pipeline.run((name,), Said(), scanner=one, configured=configured) for name in names]
        gating = replace(configured.gate, write_baseline=None)
        return [gate.judged(report, gating, configured.ignores_for) for report in reports]
    finally:
        for scanning in shared:
            scanning.close()  # type: ignore[attr-defined]  # a generator
        os.chdir(here)
