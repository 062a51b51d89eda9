"""A tape's block of code: found in its source, run once more with its names as they were."""

import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradcheck.observing.blocks import Block, block_of

HEAD = """
class Tape:
    def __init__(self, seen): self.seen = seen
    def __enter__(self):
        self.seen.append(see())
        return self
    def __exit__(self, *error): pass
    def gradient(self, target, sources): self.seen.append(("gradient", target)); return target
    def jacobian(self, target, sources): self.seen.append(("jacobian", target)); return target

class Adam:
    def __init__(self, seen): self.seen = seen
    def apply_gradients(self, pairs): self.seen.append(("apply", list(pairs)))
    def minimize(self, loss, variables): self.seen.append(("minimize", loss()))

"""
"""Twenty lines of a user's, with what a tape does replaced by notes; `see` keeps the block."""

Write = Callable[[str], tuple[ModuleType, list[Block | None]]]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """A module that runs code; gives it, and the block of each tape that it entered."""
    blocks: list[Block | None] = []

    def see() -> str:
        blocks.append(block_of(sys._getframe(2)))
        return "entered"

    def run(code: str) -> tuple[ModuleType, list[Block | None]]:
        path = tmp_path / "train.py"
        path.write_text(HEAD + textwrap.dedent(code))
        module = ModuleType("train")
        module.__dict__.update(see=see, seen=[], __file__=str(path))
        exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
        return module, blocks

    yield run
    linecache.clearcache()


def again(module: Any, blocks: list[Block | None], longer: bool = False) -> Any:
    """What the first block does when it is run once more."""
    block = blocks[0]
    assert block is not None
    module.seen.clear()
    block.run(longer)
    return module.seen


def test_in_a_function_the_statements_up_to_the_gradient(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            seen.append("before")
            with Tape(seen) as tape:
                loss = x * 10
                seen.append("inside")
            seen.append("between")
            found = tape.gradient(loss, [])
            seen.append("behind")
            return found
        step(4)
    """)
    assert again(module, blocks) == ["entered", "inside", "between", ("gradient", 40)]


def test_at_top_level(write: Write) -> None:
    module, blocks = write("""
        x = 4
        with Tape(seen) as tape:
            loss = x * 10
        found = tape.gradient(loss, [])
        found = "kept"
        x = 5
    """)
    assert again(module, blocks) == ["entered", ("gradient", 40)]
    assert module.found == "kept"
    assert module.x == 5


def test_in_a_method(write: Write) -> None:
    module, blocks = write("""
        class Trainer:
            def __init__(self): self.scale = 10
            def step(self, x):
                with Tape(seen) as tape:
                    loss = x * self.scale
                return tape.gradient(loss, [])
        Trainer().step(4)
    """)
    assert again(module, blocks) == ["entered", ("gradient", 40)]


HEADS = {
    "for": ("for x in [4]:", ""),
    "while": ("while True:", "break"),
    "if": ("if x:", ""),
    "else": ("if not x:\n        pass\n    else:", ""),
    "try": ("try:", "\n    finally:\n        seen.append('finally')"),
    "finally": ("try:\n        pass\n    finally:", ""),
    "with": ("with Tape([]):", ""),
}


@pytest.mark.parametrize("head", HEADS)
def test_inside_another_statement(write: Write, head: str) -> None:
    before, behind = HEADS[head]
    module, blocks = write(f"""
def step(x):
    {before}
        with Tape(seen) as tape:
            loss = x * 10
        tape.gradient(loss, [])
        seen.append("behind")
        {behind}
step(4)
""")
    assert again(module, blocks[-1:]) == ["entered", ("gradient", 40)]


@pytest.mark.parametrize("head", ["except ZeroDivisionError:", "case _:"])
def test_inside_a_handler_or_a_case(write: Write, head: str) -> None:
    before = (
        "try:\n            1 / 0"
        if head.startswith("except")
        else "match x:\n            case 5:\n                pass"
    )
    deeper = "        " if head.startswith("except") else "            "
    code = f"""
def step(x):
    if True:
        {before}
{deeper}{head}
{deeper}    with Tape(seen) as tape:
{deeper}        loss = x * 10
{deeper}    tape.gradient(loss, [])
step(4)
"""
    module, blocks = write(code)
    assert again(module, blocks) == ["entered", ("gradient", 40)]


def test_several_managers_in_one_head_of_several_lines(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with (
                Tape([]) as other,
                Tape(seen) as tape,
                Tape([]),
            ):
                loss = x * 10
            tape.gradient(loss, [])
        step(4)
    """)
    assert len(blocks) == 3
    for block in list(blocks):
        assert again(module, [block]) == ["entered", ("gradient", 40)]


def test_nested_tapes_have_blocks_of_their_own(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as outer:
                with Tape(seen) as inner:
                    y = x * 10
                first = inner.gradient(y, [])
            return outer.gradient(first + 1, [])
        step(4)
    """)
    assert again(module, blocks) == ["entered", "entered", ("gradient", 40), ("gradient", 41)]
    assert again(module, blocks[1:]) == ["entered", ("gradient", 40)]


def test_gradient_inside_the_block_of_a_persistent_tape(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as tape:
                loss = x * 10
                tape.gradient(loss, [])
            seen.append("behind")
        step(4)
    """)
    assert again(module, blocks) == ["entered", ("gradient", 40)]


def test_jacobian_ends_a_block(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as tape:
                loss = x * 10
            found = tape.jacobian(loss, [])
            seen.append("behind")
        step(4)
    """)
    assert again(module, blocks) == ["entered", ("jacobian", 40)]


def test_longer_goes_as_far_as_the_optimizer(write: Write) -> None:
    module, blocks = write("""
        def step(x, adam):
            with Tape(seen) as tape:
                loss = x * 10
            found = tape.gradient(loss, [])
            found = found + 2
            adam.apply_gradients([(found, "w")])
            seen.append("behind")
        step(4, Adam(seen))
    """)
    assert again(module, blocks) == ["entered", ("gradient", 40)]
    assert again(module, blocks, longer=True) == ["entered", ("gradient", 40), ("apply", [(42, "w")])]


def test_longer_is_the_same_where_no_optimizer_is_called(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as tape:
                loss = x * 10
            found = tape.gradient(loss, [])
            seen.append("behind")
        step(4)
    """)
    assert again(module, blocks, longer=True) == ["entered", ("gradient", 40)]


def test_names_have_the_values_they_had_when_the_tape_was_entered(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            total = 100
            with Tape(seen) as tape:
                x = x * 10
                total += x
            tape.gradient(total, [])
            x = total = None
        step(4)
    """)
    assert again(module, blocks) == ["entered", ("gradient", 140)]
    assert again(module, blocks) == ["entered", ("gradient", 140)]


def test_a_local_that_is_only_added_to_is_known(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            total = 100
            with Tape(seen) as tape:
                total += x
                seen.append(locals()["total"])
            tape.gradient(0, [])
        step(4)
    """)
    assert again(module, blocks) == ["entered", 104, ("gradient", 0)]


def test_a_name_that_is_first_made_in_the_block_is_not_asked_for(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as tape:
                made = [x * k for k in (10,)]
                loss = sum(made)
            tape.gradient(loss, [])
        step(4)
    """)
    assert blocks[0] is not None
    assert dict(blocks[0].known) == {"x": 4}
    assert again(module, blocks) == ["entered", ("gradient", 40)]


def test_a_closure_is_known(write: Write) -> None:
    module, blocks = write("""
        def make(scale):
            def step(x):
                with Tape(seen) as tape:
                    loss = x * scale
                tape.gradient(loss, [])
            return step
        make(10)(4)
    """)
    assert again(module, blocks) == ["entered", ("gradient", 40)]


def test_a_global_name_is_read_and_written_where_it_is(write: Write) -> None:
    module, blocks = write("""
        steps = 0
        def step(x):
            global steps
            with Tape(seen) as tape:
                steps += 1
                loss = x * 10
            tape.gradient(loss, [])
        step(4)
    """)
    assert module.steps == 1
    assert again(module, blocks) == ["entered", ("gradient", 40)]
    assert module.steps == 2


def test_lines_are_those_of_the_source(write: Write) -> None:
    module, blocks = write("""
        def step(x):
            with Tape(seen) as tape:
                loss = 1 / x
            tape.gradient(loss, [])
        step(4)
    """)
    block = blocks[0]
    assert block is not None
    zero = Block(block.site, {**block.known, "x": 0}, block.shared)
    with pytest.raises(ZeroDivisionError) as raised:
        zero.run()
    last = raised.traceback[-1]
    source = Path(module.__file__ or "").read_text().splitlines()
    assert str(last.path) == module.__file__
    assert source[last.lineno].strip() == "loss = 1 / x"


def test_no_source_no_block() -> None:
    found: list[Any] = []

    class Tape:
        def __enter__(self) -> None:
            found.append(block_of(sys._getframe(1)))

        def __exit__(self, *error: object) -> None:
            pass

    exec("with Tape():\n    pass", {"Tape": Tape})
    assert found == [None]


def test_a_tape_that_is_entered_by_hand_has_no_block(write: Write) -> None:
    _, blocks = write("""
        def step(x):
            tape = Tape(seen)
            tape.__enter__()
            loss = x * 10
            tape.__exit__()
            tape.gradient(loss, [])
        step(4)
    """)
    assert blocks == [None]


def test_source_that_has_been_broken_since_has_no_block(write: Write, tmp_path: Path) -> None:
    code = "with Tape(seen) as tape:\n    tape.gradient(1, [])\n"
    path = tmp_path / "other.py"
    path.write_text("with (\n")
    module, blocks = write("")
    linecache.checkcache()
    exec(compile(code, str(path), "exec"), module.__dict__)
    assert blocks == [None]
