"""Programs are plain data, in an order in which they can be evaluated."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from gradcheck.program import Node, Place, Program

#    x   unused
#    |\
#   exp \      gradient of exp: mul(one, exp)
#    |   \
#   add   one
NODES = (
    Node("x", "Placeholder", dtypes=("float32",)),
    Node("unused", "Const", dtypes=("float32",)),
    Node("exp", "Exp", ((0, 0),), dtypes=("float32",)),
    Node("add", "AddV2", ((2, 0), (0, 0)), dtypes=("float32",)),
    Node("one", "OnesLike", ((0, 0),), dtypes=("float32",)),
    Node("gradients/exp_grad/mul", "Mul", ((4, 0), (2, 0)), dtypes=("float32",), forward="exp"),
)
PROGRAM = Program(NODES, (0,), ((3, 0), (5, 0)))


def test_behind_are_all_that_a_tensor_depends_on_in_order() -> None:
    assert PROGRAM.behind((3, 0)) == (0, 2, 3)
    assert PROGRAM.behind((5, 0)) == (0, 2, 4, 5)
    assert PROGRAM.behind((1, 0)) == (1,)
    assert PROGRAM.behind(*PROGRAM.outputs) == (0, 2, 3, 4, 5)
    assert PROGRAM.behind() == ()


def test_what_is_behind_can_be_evaluated_in_that_order() -> None:
    order = PROGRAM.behind(*PROGRAM.outputs)
    assert all(order.index(i) < order.index(place) for place in order for i, _ in PROGRAM.nodes[place].inputs)


def test_a_tensor_read_in_many_ways_is_behind_once() -> None:
    """Without remembering what was seen this takes 2**60 steps."""
    chain = [Node("x", "Placeholder"), *(Node(f"n{i}", "AddV2", ((i, 0), (i, 0))) for i in range(60))]
    assert Program(tuple(chain), (0,), ((60, 0),)).behind((60, 0)) == tuple(range(61))


def test_forward_is_what_the_output_depends_on_and_not_the_gradient() -> None:
    assert PROGRAM.forward == {0, 2, 3}


def test_nodes_are_found_by_name() -> None:
    assert PROGRAM.by_name["gradients/exp_grad/mul"] == 5
    assert len(PROGRAM.by_name) == len(NODES)


@pytest.mark.parametrize("file", ["softplus.py", "/home/me/models/softplus.py", "models/softplus.py"])
def test_a_place_is_written_with_the_name_of_its_file(file: str) -> None:
    assert Place(file, 12, "return x").text == "softplus.py:12"


def test_programs_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        PROGRAM.outputs = ()  # type: ignore[misc]


def test_programs_need_no_tensorflow() -> None:
    code = "import sys, gradcheck.program, gradcheck.truth; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
