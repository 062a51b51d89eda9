"""What a project says becomes options, what is said nearer wins, and mistakes are told, all at once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.configuration import EMPTY, Configuration, TargetTable, read
from gradcheck.domains import ValueDomain
from gradcheck.errors import BAD_CONFIGURATION, MOST_MISTAKES, CannotCheck
from gradcheck.options import GateOptions, HoldOption, RangeOption, Said, ScanOptions
from gradcheck.records import Ignore

Write = Callable[..., Path]

WHOLE = """
[tool.gradcheck]
shape = {x = [4, 3], n = []}
domain = {y = "one-hot"}
range = {x = "-10:10", w = [":1e3", "2e3:"]}
wrt = ["x"]
hold = {a = 2, b = 0.25, c = "1e-3"}
dtype = "float64"
tolerance = 0.01
mode = ["graph", "xla"]
order = 2
budget = "2m"
seed = 7
exhaustive = true
select = ["GC"]
ignore = ["GC004", "GC00"]
fail-on = "warning"
jobs = 3
timeout = 90
baseline = "known.json"
output = ["a.json", "b.txt"]
format = "json"

[[tool.gradcheck.target]]
name = "losses:ce"
shape = {x = [2, 5]}
wrt = ["x", "variables"]
range = "0:1"
against = "losses:other"
mode = "eager"
exhaustive = false
ignore = [{code = "GC002", reason = "clipped"}, "GC00 -- never that far", {code = ["GC001", "GC003"], reason = "no"}]

[[tool.gradcheck.target]]
name = "losses"
budget = 1.5
"""
ONE_HOT, UNIT = ValueDomain("one-hot"), ValueDomain("unit")
X01 = (RangeOption("x", "0", "1"),)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file, pyproject.toml unless told otherwise; its directory."""

    def put(text: str, name: str = "pyproject.toml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return put


def said(directory: Path) -> tuple[str, ...]:
    """The lines of a GC907."""
    with pytest.raises(CannotCheck) as error:
        read(directory)
    assert error.value.code == BAD_CONFIGURATION
    assert error.value.message == error.value.messages[0]
    assert all(line.isprintable() for line in error.value.messages)
    return error.value.messages


def test_every_key_is_read(write: Write) -> None:
    found = read(write(WHOLE))
    assert found.top == Said(
        shapes={"x": (4, 3), "n": ()},
        domains={"y": ONE_HOT},
        ranges=(RangeOption("x", "-10", "10"), RangeOption("w", "", "1e3"), RangeOption("w", "2e3", "")),
        holds=(HoldOption("a", "2"), HoldOption("b", "0.25"), HoldOption("c", "1e-3")),
        wrt=("x",),
        dtype="float64",
        tolerance=0.01,
        modes=("graph", "xla"),
        order=2,
        budget=120.0,
        seed=7,
        exhaustive=True,
        defaults=("dtype", "modes"),
    )
    assert found.gate == GateOptions(("GC",), ("GC004", "GC00"), "warning", baseline=Path("known.json"))
    assert (found.run.jobs, found.run.timeout, found.run.output_format) == (3, 90.0, "json")
    assert found.run.outputs == ("a.json", "b.txt")


def test_the_tables_of_targets_are_read_in_their_order(write: Write) -> None:
    found = read(write(WHOLE))
    assert list(found.targets) == ["losses:ce", "losses"]
    assert found.targets["losses:ce"].said == Said(
        shapes={"x": (2, 5)},
        wrt=("x", "variables"),
        ranges=(RangeOption(None, "0", "1"),),
        against="losses:other",
        modes=("eager",),
        exhaustive=False,
    )
    assert found.ignores_for("losses:ce") == (
        Ignore(("GC002",), "clipped", "configuration", "pyproject.toml"),
        Ignore(("GC00",), "never that far", "configuration", "pyproject.toml"),
        Ignore(("GC001", "GC003"), "no", "configuration", "pyproject.toml"),
    )
    assert found.ignores_for("losses:mse") == ()


def test_a_file_of_its_own_has_its_keys_at_the_top(write: Write) -> None:
    own = WHOLE.replace("[tool.gradcheck]", "").replace("tool.gradcheck.", "")
    shared = read(write(WHOLE))
    (write(own, "gradcheck.toml") / "pyproject.toml").unlink()
    found = read(write(own, "gradcheck.toml"))
    assert (found.top, found.gate, found.run) == (shared.top, shared.gate, shared.run)
    assert found.targets["losses:ce"].said == shared.targets["losses:ce"].said
    assert found.path == "gradcheck.toml"


@pytest.mark.parametrize("text", ["", "[project]\nname = 'p'", "[tool.ruff]\nline-length = 99", "[tool.gradcheck]"])
def test_a_file_that_says_nothing_changes_nothing(write: Write, text: str) -> None:
    options = ScanOptions(wrt=("x",), seed=3)
    assert read(write(text)).options_for("t", ["x"], options) == options


def test_the_nearest_file_that_speaks_of_gradcheck_counts(write: Write) -> None:
    directory = write(WHOLE)
    below = directory / "a" / "b"
    below.mkdir(parents=True)
    (directory / "a" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 99\n")
    assert read(below).top == read(directory).top
    assert read(below).path == str(directory / "pyproject.toml")
    assert read(below).directory == str(directory)
    assert read(directory).directory is None
    (directory / "a" / "pyproject.toml").write_text("[tool.gradcheck]\nwrt = ['q']\n")
    assert read(below).top == Said(wrt=("q",))
    (directory / "a" / "gradcheck.toml").write_text("seed = 3\n")
    assert read(below).top == Said(seed=3)


def test_paths_in_a_file_start_where_it_lies(write: Write) -> None:
    below = write(WHOLE) / "a"
    below.mkdir()
    found = read(below)
    assert found.gate.baseline == below.parent / "known.json"
    assert found.run.outputs == (str(below.parent / "a.json"), str(below.parent / "b.txt"))


def test_the_top_is_for_targets_that_have_an_input_of_that_name(write: Write) -> None:
    text = '[tool.gradcheck]\ndomain = {y = "one-hot"}\nhold = {a = 2, b = 3}\nshape = {x = [2]}\n'
    options = read(write(text)).options_for("m:f", ["y", "a"], Said())
    assert options == ScanOptions(domains={"y": ONE_HOT}, holds=(HoldOption("a", "2"),))


def test_a_targets_own_table_comes_before_that_of_its_module_and_the_top(write: Write) -> None:
    options = read(write(WHOLE)).options_for("losses:ce", ["x", "y"], Said())
    assert (options.shapes, options.wrt, options.domains) == ({"x": (2, 5)}, ("x", "variables"), {"y": ONE_HOT})
    assert (options.modes, options.exhaustive, options.budget, options.order) == (("eager",), False, 1.5, 2)
    assert options.defaults == ("dtype",)


def test_the_command_line_comes_first_then_the_comment() -> None:
    tables = {"m:f": TargetTable(Said(shapes={"x": (3,), "y": (3,)}, seed=1, order=2, budget=9.0))}
    top = Said(domains={"x": UNIT, "y": ONE_HOT}, wrt=("y",), tolerance=0.5, budget=8.0)
    line = Said(shapes={"x": (1,)}, ranges=X01, seed=0)
    comment = Said(wrt=("x",), shapes={"x": (2,), "y": (2,)}, order=1)
    options = Configuration(top=top, targets=tables).options_for("m:f", ["x", "y"], line, comment)
    assert options.shapes == {"x": (1,), "y": (2,)}
    assert (options.domains, options.ranges, options.wrt) == ({"y": ONE_HOT}, X01, ("x",))
    assert (options.seed, options.order, options.budget, options.tolerance) == (0, 1, 9.0, 0.5)


@pytest.mark.parametrize(
    ("line", "seed", "exhaustive"), [(Said(), 5, True), (Said(seed=0, exhaustive=False), 0, False)]
)
def test_a_default_that_is_said_wins_too(line: Said, seed: int, exhaustive: bool) -> None:
    options = Configuration(top=Said(seed=5, exhaustive=True)).options_for("m:f", ["x"], line)
    assert (options.seed, options.exhaustive) == (seed, exhaustive)


def test_what_has_to_be_known_before_a_target_is_loaded(write: Write) -> None:
    found = read(write(WHOLE))
    assert found.before_loading("losses:ce", Said()).against == "losses:other"
    assert not found.before_loading("losses:ce", Said()).exhaustive
    assert found.before_loading("losses:other", Said()).exhaustive
    assert found.before_loading("losses:ce", Said(exhaustive=True)).exhaustive
    assert [o.against for o in found.every("losses", Said())] == [None, "losses:other"]
    assert [o.budget for o in found.every("other", Said(budget=3.0))] == [3.0]


def test_the_part_that_is_about_a_text(write: Write) -> None:
    found = read(write(WHOLE))
    assert list(found.about("losses:ce").targets) == ["losses:ce", "losses"]
    assert list(found.about("losses").targets) == ["losses:ce", "losses"]
    assert list(found.about("losses:mse").targets) == ["losses"]
    assert list(found.about("other").targets) == []
    assert found.about("other").gate == GateOptions()


def test_the_gate_takes_what_is_said_on_the_command_line_first() -> None:
    found = Configuration(gate=GateOptions(select=("GC001",), fail_on="info"))
    assert found.gate_with(fail_on=None, select=("GC002",)) == GateOptions(select=("GC002",), fail_on="info")
    assert found.gate_with(fail_on="error", select=None) == GateOptions(select=("GC001",))


@pytest.mark.parametrize(
    "line",
    [
        Said(ranges=(RangeOption("x", "0", "1"),)),
        Said(domains={"x": UNIT}),
        Said(holds=(HoldOption("x", "3"),)),
    ],
)
@pytest.mark.parametrize(
    "top",
    [
        Said(ranges=(RangeOption("x", "-1", "1"),)),
        Said(domains={"x": ONE_HOT}),
        Said(holds=(HoldOption("x", "2"),)),
    ],
)
def test_values_that_are_said_nearer_replace_all_that_is_said_of_an_inputs_values(
    top: ScanOptions, line: ScanOptions
) -> None:
    assert Configuration(top=top).options_for("m:f", ["x"], line) == line.completed


def test_a_range_for_all_replaces_ranges_and_leaves_domains() -> None:
    top = Said(ranges=(RangeOption("x", "-1", "1"),), domains={"y": ONE_HOT})
    line = Said(ranges=(RangeOption(None, "0", "9"),))
    options = Configuration(top=top).options_for("m:f", ["x", "y"], line)
    assert (options.ranges, options.domains) == (line.ranges, {"y": ONE_HOT})


def test_one_table_may_sweep_an_input_and_say_where_it_is_held(write: Write) -> None:
    options = read(write('[tool.gradcheck]\nrange = {x = "0:9"}\nhold = {x = 3}')).options_for("t", ["x"], Said())
    assert (options.ranges, options.holds) == ((RangeOption("x", "0", "9"),), (HoldOption("x", "3"),))


def test_without_a_file_there_are_no_options() -> None:
    assert EMPTY.options_for("m:f", ["x"], Said()) == ScanOptions()


KEYS = "shape, domain, range, wrt, hold, dtype, tolerance, mode, order, budget, exhaustive"
MISTAKES = [
    ("shapes = {x = [3]}", "pyproject.toml: [tool.gradcheck] shapes: there is no such key; did you mean shape?"),
    ("colour = 1", f"colour: there is no such key; write one of {KEYS}, seed, select, ignore, fail-on, jobs, "),
    ("fail_on = 'error'", "fail_on: there is no such key; did you mean fail-on?"),
    ("'a b' = 1", '"a b": there is no such key'),
    ("shape = [4, 3]", "[tool.gradcheck] shape: [4, 3] is no table; write shape = {x = [4, 3]}"),
    ("shape = {x = 4}", "[tool.gradcheck] shape.x: 4 is no shape; write a list of sizes, [4, 3]"),
    ("shape = {x = [4, 0]}", "shape.x: [4, 0] is no shape"),
    ("shape = {x = [true]}", "shape.x: [true] is no shape"),
    ("shape = {x = [1.5]}", "shape.x: [1.5] is no shape"),
    ("domain = {y = 'one-hott'}", "[tool.gradcheck] domain.y: 'one-hott' is no domain; write any, probability"),
    ("domain = {y = 'one-hott'}", "did you mean one-hot?"),
    ("domain = {y = [0, 1]}", 'domain.y: [0, 1] is no domain; write it in quotes, "one-hot"'),
    ("range = {x = '1:0'}", "range.x: 1:0: 1 is above 0; write the smaller end first: 0:1"),
    ("range = '1:0'", "[tool.gradcheck] range: 1:0: 1 is above 0; write the smaller end first: 0:1"),
    ("range = {x = 'one-hot'}", 'range.x: "one-hot" is no range; write "LO:HI", or use the key domain'),
    ("range = {x = [0, 1]}", 'range.x: 0 is no range; write it in quotes, "-10:10"'),
    ("range = 3", 'range: 3 is no table; write range = {x = "-10:10"}'),
    ("wrt = 'x'", '[tool.gradcheck] wrt: "x" is no list; write wrt = ["x"]'),
    ("wrt = ['variables']", "wrt: variables are one target's; write it in that one's table"),
    ("hold = {y = true}", "hold.y: true is no number; write 0.5, for example"),
    ("hold = {y = 'half'}", "hold.y: 'half' is not a number; write 0.5"),
    ("hold = {y = inf}", "hold.y: 'inf' is not a finite number"),
    ("dtype = 'float23'", 'dtype: "float23" is unknown; did you mean float32?'),
    ("tolerance = 1", "tolerance: 1 is not below 1"),
    ("tolerance = nan", "is no finite number; write tolerance = 0.001"),
    ("mode = 'grph'", 'mode: "grph" is unknown; did you mean graph?'),
    ("mode = ['xla', 3]", 'mode: 3 is unknown; write "graph"'),
    ("order = 3", "order: 3 is above 2; write order = 2"),
    ("budget = '5 parsecs'", "budget: 5 parsecs: '5 parsec' is not a number; write a time, for example 10s"),
    ("budget = true", 'budget: true is no time; write "10s"'),
    ("seed = -1", "seed: -1 is below 0; write seed = 0"),
    ("seed = '3'", 'seed: "3" is no whole number; write seed = 0'),
    ("exhaustive = 1", "exhaustive: 1 is neither true nor false; write exhaustive = true"),
    ("select = ['GC042']", 'select: "GC042": no such code; did you mean GC012?'),
    ("ignore = ['gc002']", 'ignore: "gc002": no such code; did you mean GC002?'),
    ("ignore = 'GC002'", 'ignore: "GC002" is no list; write ignore = ["GC004"]'),
    ("fail-on = 'warn'", 'fail-on: "warn" is unknown; did you mean warning?'),
    ("jobs = 0", "jobs: 0 is below 1; write jobs = 2"),
    ("timeout = 0", "timeout: 0: not a time above 0 and up to a day"),
    ("baseline = ''", 'baseline: "" is empty; write baseline = "baseline.json"'),
    ("output = 'report.pdf'", 'output: "report.pdf" is no file of a report; use one of .json'),
    ("format = 'xml'", 'format: "xml" is unknown; write one of table, json'),
    ("target = 3", "target: 3 is no list; write [[tool.gradcheck.target]]"),
    ("target = [3]", "[[tool.gradcheck.target]] number 1: 3 is no table; write [[tool.gradcheck.target]]"),
    ("targets = {'m:f' = {}}", 'targets: there is no such key; write [[tool.gradcheck.target]] with name = "module'),
    ("target = [{}]", '[[tool.gradcheck.target]] number 1: name: it is missing; write name = "module:function"'),
    ("target = [{name = 'm:f', sed = 1}]", "[[tool.gradcheck.target]] m:f: sed: there is no such key; write one of"),
    ("target = [{name = 'm:f', hld = {}}]", "m:f: hld: there is no such key; did you mean hold?"),
    ("target = [{name = 'a'}, {name = 'a'}]", "a: name: 2 tables have it; write one table with all of their keys"),
    ("target = [{name = 'a', ignore = ['GC002']}]", 'ignore: "GC002" has no reason; write {code = "GC002", reason = '),
    ("target = [{name = 'a', ignore = [{code = 'GC002'}]}]", "ignore[1].reason: it is missing; write reason ="),
    ("target = [{name = 'a', ignore = [{code = 'GC2', reason = 'b'}]}]", 'ignore[1].code: "GC2": no such code; did y'),
    ("target = [{name = 'a', ignore = [{codes = 1}]}]", "ignore[1].codes: there is no such key; did you mean code?"),
    ("target = [{name = 'a', ignore = [3]}]", "ignore: 3 is no table; write ignore = [{code ="),
]


@pytest.mark.parametrize(("table", "words"), MISTAKES)
def test_a_mistake_is_one_line_with_file_and_key(write: Write, table: str, words: str) -> None:
    lines = said(write(f"[tool.gradcheck]\n{table}\n"))
    assert all(line.startswith("pyproject.toml: [") for line in lines)
    assert any(words in line for line in lines), lines


def test_all_mistakes_are_told_at_once(write: Write) -> None:
    tables = "".join(f"[[tool.gradcheck.target]]\nname = 'm:f{i}'\nseed = 1\norder = 4\n" for i in range(3))
    lines = said(write(f"[tool.gradcheck]\nsed = 1\njobs = 'all'\nrange = {{x = 1, y = '1:0', z = '0:1'}}\n{tables}"))
    assert len(lines) == 10
    assert [sum(word in line for line in lines) for word in ("range.x", "range.y", "jobs", "sed:", "m:f2")] == [
        1
    ] * 4 + [2]


def test_very_many_mistakes_are_counted(write: Write) -> None:
    lines = said(write("[tool.gradcheck]\n" + "".join(f"k{i} = 1\n" for i in range(1, 2001))))
    assert len(lines) == MOST_MISTAKES + 1
    assert lines[-1] == f"and {2000 - MOST_MISTAKES:,} mistakes more"


def test_a_mistake_in_a_file_of_its_own_has_no_prefix(write: Write) -> None:
    lines = said(write("sed = 1\n[tool.gradcheck]\nseed = 1\n[[target]]\nname = 'm:f'\nseed = 1", "gradcheck.toml"))
    assert sorted(line[:52] for line in lines) == [
        "gradcheck.toml: [[target]] m:f: seed: there is no such key"[:52],
        "gradcheck.toml: sed: there is no such key; did you mean seed?"[:52],
        "gradcheck.toml: tool: there is no such key; write what is in"[:52],
    ]


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\ngradcheck = []"])
def test_tool_may_be_anything(write: Write, text: str) -> None:
    (line,) = said(write(text))
    assert line.startswith("pyproject.toml: [tool.gradcheck]: it is ")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("shape = {logit = [3]}", "shape.logit: there is no input 'logit'; did you mean logits?"),
        ("domain = {q = 'unit'}", "domain.q: there is no input 'q'; it has: logits, labels"),
        ("range = {q = '0:1'}", "range.q: there is no input 'q'"),
        ("hold = {q = 1}", "hold.q: there is no input 'q'"),
    ],
)
def test_a_targets_own_table_names_its_inputs(write: Write, key: str, words: str) -> None:
    found = read(write(f'[[tool.gradcheck.target]]\nname = "m:f"\n{key}\n'))
    with pytest.raises(CannotCheck) as error:
        found.options_for("m:f", ["logits", "labels"], Said())
    assert error.value.code == BAD_CONFIGURATION
    assert error.value.message.startswith(f"pyproject.toml: [[tool.gradcheck.target]] m:f: {words}")
    found.options_for("m:g", ["x"], Said())


@pytest.mark.parametrize(("text", "imported"), [("[tool.ruff]\n", False), ("[tool.gradcheck]\n", False), (WHOLE, True)])
def test_pydantic_is_imported_when_there_is_something_to_check(write: Write, text: str, imported: bool) -> None:
    code = (
        "import sys; from pathlib import Path; from gradcheck import configuration, cache; configuration.read(Path())"
    )
    ask = [sys.executable, "-c", f"{code}; print('pydantic' in sys.modules)"]
    run = subprocess.run(ask, cwd=write(text), capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(imported)
