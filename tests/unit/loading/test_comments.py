"""`# gradcheck: ignore` in a source: what it says, and which lines it is about."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck.loading.comments import Comment, parse, source_of


def comments(text: str) -> list[Comment]:
    return list(parse(textwrap.dedent(text)).comments)


def only(comment: str) -> Comment:
    (found,) = comments(f"x = 1  {comment}\n")
    return found


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("# gradcheck: ignore[GC002] -- clipped above", ("GC002",), "clipped above"),
        ("#gradcheck:ignore[GC002]--x", ("GC002",), "x"),
        ("# gradcheck: ignore[GC002, GC00] -- a -- b", ("GC002", "GC00"), "a -- b"),
        ("# gradcheck: ignore[GC002,GC002] -- see #12", ("GC002",), "see #12"),
        ("# gradcheck: ignore -- all of it", ("GC",), "all of it"),
        ("# gradcheck: ignore", ("GC",), ""),
        ("# gradcheck: ignore[GC001]", ("GC001",), ""),
        ("# gradcheck: ignore[GC001] --", ("GC001",), ""),
        ("# gradcheck: ignore[GC001] -- why  # noqa: E501", ("GC001",), "why"),
        ("# noqa: E501  # gradcheck: ignore[GC001] -- why", ("GC001",), "why"),
        ("# type: ignore[x]  # gradcheck: ignore[GC001]  # pragma: no cover", ("GC001",), ""),
        ("# gradcheck: ignore[GC001] -- \x1b[31mred", ("GC001",), "[31mred"),
    ],
)
def test_what_is_said(comment: str, codes: tuple[str, ...], reason: str) -> None:
    found = only(comment)
    assert (found.codes, found.reason, found.mistake, found.line) == (codes, reason, "", 1)


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("# gradcheck: ignore[GC2", "'[GC2' cannot be read; write # gradcheck: ignore[GC002] -- reason"),
        ("# gradcheck: ignore[GC123] -- x", "GC123: no such code"),
        ("# gradcheck: ignore[]", "[]: no such code"),
        ("# gradcheck: ignore[GC001,]", "[]: no such code"),
        ("# gradcheck: ignore[gc001]", "did you mean GC001?"),
        ("# gradcheck: ignore[GC901]", "what could not be checked is always told"),
        ("# gradcheck: ignore GC002", "'GC002' cannot be read"),
        ("# gradcheck: ignore[GC002] because", "'because' cannot be read"),
        ("# gradcheck: ignore_GC002", "cannot be read"),
        ("# gradcheck: ignroe[GC002]", "'ignroe' is unknown"),
        ("# gradcheck: ignores[GC002]", "'ignores' is unknown"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_with_words(comment: str, words: str) -> None:
    found = only(comment)
    assert words in found.mistake
    assert found.codes == ()


@pytest.mark.parametrize(
    "comment",
    ["# gradcheck: scan", "# gradcheck: scan range=0:1", "# gradcheck", "# ignore[GC001]", "# gradcheck: is good"],
)
def test_what_is_for_others_is_left_to_them(comment: str) -> None:
    assert comments(f"x = 1  {comment}\n") == []


def test_a_string_is_no_comment() -> None:
    assert comments('x = "# gradcheck: ignore"\n') == []


def test_two_of_them_on_a_line() -> None:
    found = comments("x = 1  # gradcheck: ignore[GC001] -- a  # gradcheck: ignore[GC002] -- b\n")
    assert [(c.codes, c.reason) for c in found] == [(("GC001",), "a"), (("GC002",), "b")]


MARK = "# gradcheck: ignore[GC001] -- x"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        (f"def f(x):  {MARK}\n    return x\n", 1, 2),
        (f"{MARK}\ndef f(x):\n    return x\n", 2, 3),
        (f"{MARK}\n# more\n\n@d\n@e\ndef f(x):\n    return x\n", 0, 0),
        (f"# above\n{MARK}\n# below\n@d\n@e\ndef f(x):\n    return x\n", 4, 7),
        (f"@d  {MARK}\n@e\ndef f(x):\n    return x\n", 1, 4),
        (f"@d\n{MARK}\n@e\ndef f(x):\n    return x\n", 1, 5),
        (f"@d\n@e\n{MARK}\ndef f(x):\n    return x\n", 1, 5),
        (f"def f(\n    x,\n):  {MARK}\n    return x\n", 1, 4),
        (f"def f(x): return x  {MARK}\n", 1, 1),
        (f"async def f(x):  {MARK}\n    return x\n", 1, 2),
        (f"def f(x):\n    {MARK}\n    y = x\n    return y\n", 3, 3),
        (f"def f(x):\n    y = x  {MARK}\n    return y\n", 2, 2),
        (f"def f(x):\n    return g(\n        x\n    )  {MARK}\n", 2, 4),
        (f"def f(x):\n    return g(  {MARK}\n        x\n    )\n", 2, 4),
        (f"def f(x):\n    if x:  {MARK}\n        return x\n    return 1\n", 2, 2),
        (f"def f(x):\n    if x:\n        return x  {MARK}\n    return 1\n", 3, 3),
        (f"def f(x):\n    def grad(dy):  {MARK}\n        return dy\n    return x, grad\n", 2, 3),
        (f"f = g(h)  {MARK}\n", 1, 1),
        (f"{MARK}\nf = g(\n    h\n)\n", 2, 4),
        (f"class A:  {MARK}\n    def f(self, x):\n        return x\n", 1, 3),
        (f"match x:  {MARK}\n    case 1:\n        y = 1\n", 1, 1),
        (f"x = 1\n\n{MARK}\n", 0, 0),
        (f"if x:\n    pass\nelse:  {MARK}\n    pass\n", 0, 0),
    ],
)
def test_the_lines_that_it_is_about(text: str, first: int, last: int) -> None:
    (found,) = comments(text)
    if first:
        assert (found.first, found.last, found.mistake) == (first, last, "")
        assert found.node is not None
    else:
        assert found.mistake.startswith("it is about no line of code")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes("# coding: latin-1\nx = 'é'  # gradcheck: ignore -- é\n".encode("latin-1"))
    source = source_of(str(path))
    assert source is not None
    assert source.comments[0].reason == "é"
    assert source_of(str(path)) is source
    path.write_text("x = 1\n# gradcheck: ignore -- longer now\ny = 2\n")
    again = source_of(str(path))
    assert again is not None
    assert again.comments[0].first == 3
    for bad in ("x = (\n", "x = 'é'\n".encode("latin-1"), b"\0"):
        path.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
        assert source_of(str(path)) is None
    assert source_of(str(tmp_path)) is None
    assert source_of(str(tmp_path / "none.py")) is None


@given(st.text(st.characters(exclude_characters="\r\n\f\0", exclude_categories=["Cs"]), max_size=30))
def test_whatever_stands_behind_it_is_read_or_a_mistake(said: str) -> None:
    for found in comments(f"x = 1  # gradcheck: ignore{said}\n"):
        assert found.mistake or found.codes
        assert found.mistake.isprintable()
        assert found.reason.isprintable()


PIECES = [
    "def f(x):", "    return x", "class A:", "    def g(self):", "        y = (", "        )", "@d", "x = 1", "", '"""', "if x:",
    "    pass", "else:", "# a", "match x:", "    case 1:", "\\", "\t", "lambda: (", "async def h():", "\x0c", "\r", "# coding: x",
]  # fmt: skip
SAID = [
    "",
    "# gradcheck: ignore",
    "# gradcheck: ignore[GC001] -- x",
    "# gradcheck: ignore[GC",
    "# gradcheck:",
    "# noqa # gradcheck: ignore",
]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(PIECES) | st.text(max_size=4), st.sampled_from(SAID) | st.text(max_size=4)))
    | st.binary(max_size=60)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=1500)
def test_whatever_is_in_a_source_its_comments_are_read_or_there_are_none(
    tmp_path: Path, content: list[tuple[str, str]] | bytes
) -> None:
    path = tmp_path / "m.py"
    lines = [] if isinstance(content, bytes) else [f"{code}  {comment}" for code, comment in content]
    path.write_bytes(content if isinstance(content, bytes) else "\n".join(lines).encode("utf-8", "surrogatepass"))
    source = source_of(str(path))
    for found in source.comments if source else ():
        assert found.mistake or (found.codes and found.node and found.first <= found.last)
        assert found.reason.isprintable()
