"""What a project's pyproject.toml says becomes options, or one line that says what to write instead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.configuration import EMPTY, Configuration, read
from gradcheck.domains import ValueDomain
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import HoldOption, RangeOption, ScanOptions

Write = Callable[[str], Path]

WHOLE = """
[tool.gradcheck]
shape = {x = [4, 3], n = []}
domain = {y = "one-hot"}
range = {x = "-10:10", w = ":1e3"}
wrt = ["x"]
hold = {a = 2, b = 0.25, c = "1e-3"}

[tool.gradcheck.targets."losses:ce"]
shape = {x = [2, 5]}
wrt = ["x", "variables"]
"""
ONE_HOT, UNIT = ValueDomain("one-hot"), ValueDomain("unit")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a pyproject.toml; its directory."""

    def put(text: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return put


def said(directory: Path) -> str:
    """The message of a GC907."""
    with pytest.raises(CannotCheck) as error:
        read(directory)
    assert error.value.code == BAD_CONFIGURATION
    return error.value.message


def test_every_key_is_read(write: Write) -> None:
    configuration = read(write(WHOLE))
    top = configuration.top
    assert top.shapes == {"x": (4, 3), "n": ()}
    assert top.domains == {"y": ONE_HOT}
    assert top.ranges == (RangeOption("x", "-10", "10"), RangeOption("w", "", "1e3"))
    assert top.holds == (HoldOption("a", "2"), HoldOption("b", "0.25"), HoldOption("c", "1e-3"))
    assert top.wrt == ("x",)
    assert configuration.targets == {"losses:ce": ScanOptions(shapes={"x": (2, 5)}, wrt=("x", "variables"))}


@pytest.mark.parametrize("text", ["", "[project]\nname = 'p'", "[tool.ruff]\nline-length = 99", "[tool.gradcheck]"])
def test_a_file_that_says_nothing_changes_nothing(write: Write, text: str) -> None:
    options = ScanOptions(wrt=("x",), seed=3)
    assert read(write(text)).options_for("t", ["x"], options) == options


def test_the_nearest_file_counts(write: Write) -> None:
    directory = write(WHOLE)
    below = directory / "a" / "b"
    below.mkdir(parents=True)
    assert read(below).top == read(directory).top
    assert read(below).path == str(directory / "pyproject.toml")
    (directory / "a" / "pyproject.toml").write_text("[tool.gradcheck]\nwrt = ['q']\n")
    assert read(below).top == ScanOptions(wrt=("q",))


def test_the_top_is_for_targets_that_have_an_input_of_that_name(write: Write) -> None:
    options = read(write(WHOLE)).options_for("m:f", ["y", "a"], ScanOptions())
    assert options == ScanOptions(domains={"y": ONE_HOT}, holds=(HoldOption("a", "2"),))


def test_a_targets_own_table_comes_before_the_top(write: Write) -> None:
    options = read(write(WHOLE)).options_for("losses:ce", ["x", "y"], ScanOptions())
    assert options.shapes == {"x": (2, 5)}
    assert options.wrt == ("x", "variables")
    assert options.domains == {"y": ONE_HOT}


def test_the_command_line_comes_first_and_keeps_the_rest() -> None:
    top = ScanOptions(shapes={"x": (3,), "y": (3,)}, domains={"x": UNIT, "y": ONE_HOT}, wrt=("y",))
    line = ScanOptions(shapes={"x": (1,)}, ranges=(RangeOption("x", "0", "1"),), wrt=("x",), seed=7)
    options = Configuration(top=top).options_for("m:f", ["x", "y"], line)
    assert options.shapes == {"x": (1,), "y": (3,)}
    assert (options.domains, options.ranges) == ({"y": ONE_HOT}, line.ranges)
    assert (options.wrt, options.seed) == (("x",), 7)


@pytest.mark.parametrize(
    "line",
    [
        ScanOptions(ranges=(RangeOption("x", "0", "1"),)),
        ScanOptions(domains={"x": UNIT}),
        ScanOptions(holds=(HoldOption("x", "3"),)),
    ],
)
@pytest.mark.parametrize(
    "top",
    [
        ScanOptions(ranges=(RangeOption("x", "-1", "1"),)),
        ScanOptions(domains={"x": ONE_HOT}),
        ScanOptions(holds=(HoldOption("x", "2"),)),
    ],
)
def test_values_that_are_said_nearer_replace_all_that_is_said_of_an_inputs_values(
    top: ScanOptions, line: ScanOptions
) -> None:
    assert Configuration(top=top).options_for("m:f", ["x"], line) == line


def test_a_range_for_all_replaces_ranges_and_leaves_domains() -> None:
    top = ScanOptions(ranges=(RangeOption("x", "-1", "1"),), domains={"y": ONE_HOT})
    line = ScanOptions(ranges=(RangeOption(None, "0", "9"),))
    options = Configuration(top=top).options_for("m:f", ["x", "y"], line)
    assert (options.ranges, options.domains) == (line.ranges, {"y": ONE_HOT})


def test_one_table_may_sweep_an_input_and_say_where_it_is_held(write: Write) -> None:
    options = read(write('[tool.gradcheck]\nrange = {x = "0:9"}\nhold = {x = 3}')).options_for(
        "t", ["x"], ScanOptions()
    )
    assert (options.ranges, options.holds) == ((RangeOption("x", "0", "9"),), (HoldOption("x", "3"),))


def test_without_a_file_there_are_no_options() -> None:
    assert EMPTY.options_for("m:f", ["x"], ScanOptions()) == ScanOptions()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("shapes = {x = [3]}", "pyproject.toml: [tool.gradcheck] shapes: there is no such key; did you mean shape?"),
        ("colour = 1", "colour: there is no such key; write one of shape, domain, range, wrt, hold, targets"),
        ("shape = [4, 3]", "[tool.gradcheck] shape: [4, 3] is no table; write shape = {x = [4, 3]}"),
        ("shape = {x = 4}", "[tool.gradcheck] shape.x: 4 is no shape; write a list of sizes, x = [4, 3]"),
        ("shape = {x = [4, 0]}", "shape.x: [4, 0] is no shape"),
        ("shape = {x = [true]}", "shape.x: [True] is no shape"),
        ("shape = {x = [1.5]}", "shape.x: [1.5] is no shape"),
        ("domain = {y = 'one-hott'}", "[tool.gradcheck] domain.y: 'one-hott' is no domain; write any, probability"),
        ("domain = {y = 'one-hott'}", "did you mean one-hot?"),
        ("domain = {y = [0, 1]}", 'domain.y: [0, 1] is no domain; write it in quotes, y = "one-hot"'),
        ("range = {x = '1:0'}", "range.x: 1:0: 1 is above 0; write the smaller end first: 0:1"),
        ("range = {x = 'one-hot'}", "range.x: 'one-hot' is no range; write x = \"LO:HI\", or use the key domain"),
        ("range = {x = [0, 1]}", 'range.x: [0, 1] is no range; write it in quotes, x = "-10:10"'),
        ("wrt = 'x'", "[tool.gradcheck] wrt: 'x' is no list of names; write wrt = [\"x\"]"),
        ("wrt = ['variables']", 'wrt: variables are one target\'s; write it in [tool.gradcheck.targets."MODULE:NAME"]'),
        ("hold = {y = true}", "hold.y: True is no number; write y = 0.5"),
        ("hold = {y = 'half'}", "hold.y: 'half' is not a number; write y = 0.5"),
        ("hold = {y = inf}", "hold.y: 'inf' is not a finite number"),
        ("targets = 3", "[tool.gradcheck.targets]: it is 3; write a table"),
        ("targets = {'m:f' = 3}", '[tool.gradcheck.targets."m:f"]: it is 3; write a table'),
        (
            "targets = {'m.n:f' = {hld = {}}}",
            '[tool.gradcheck.targets."m.n:f"] hld: there is no such key; did you mean',
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(write: Write, table: str, words: str) -> None:
    message = said(write(f"[tool.gradcheck]\n{table}\n"))
    assert message.startswith("pyproject.toml: ")
    assert words in message
    assert message.isprintable()


@pytest.mark.parametrize("text", ["[tool.gradcheck", "[tool.gradcheck]\nwrt =", "a = 1\na = 2"])
def test_a_file_that_is_no_toml(write: Write, text: str) -> None:
    assert said(write(text)).startswith("pyproject.toml: it cannot be read: ")


def test_tool_may_be_anything(write: Write) -> None:
    assert said(write("tool = 3")).startswith("pyproject.toml: [tool.gradcheck]: it is 3; write a table")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("shape = {logit = [3]}", "shape.logit: m:f has no input 'logit'; did you mean logits?"),
        ("domain = {q = 'unit'}", "domain.q: m:f has no input 'q'; it has: logits, labels"),
        ("range = {q = '0:1'}", "range.q: m:f has no input 'q'"),
        ("hold = {q = 1}", "hold.q: m:f has no input 'q'"),
    ],
)
def test_a_targets_own_table_names_its_inputs(write: Write, key: str, words: str) -> None:
    configuration = read(write(f'[tool.gradcheck.targets."m:f"]\n{key}\n'))
    with pytest.raises(CannotCheck) as error:
        configuration.options_for("m:f", ["logits", "labels"], ScanOptions())
    assert error.value.code == BAD_CONFIGURATION
    assert error.value.message.startswith(f'pyproject.toml: [tool.gradcheck.targets."m:f"] {words}')
    configuration.options_for("m:g", ["x"], ScanOptions())
