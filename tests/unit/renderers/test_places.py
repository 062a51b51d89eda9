"""Where a finding is shown: the line of its cause, or else that of its target, if either is in a file."""

from dataclasses import replace

import pytest

from gradcheck.records import Place
from gradcheck.renderers.places import counts, finding_place, uri
from tests.specimens import CAUSE, NAN_FINDING, SWEPT

HERE, TARGET = Place("samples/softplus.py", 12), SWEPT.place


@pytest.mark.parametrize(
    ("cause", "target", "place"),
    [
        (CAUSE, TARGET, HERE),
        (None, TARGET, TARGET),
        (replace(CAUSE, file=None), TARGET, TARGET),
        (replace(CAUSE, file="/opt/keras/losses.py"), TARGET, TARGET),
        (replace(CAUSE, file="/opt/keras/losses.py"), None, Place("/opt/keras/losses.py", 12)),
        (replace(CAUSE, line=None), TARGET, TARGET),
        (replace(CAUSE, line=0), TARGET, TARGET),
        (replace(CAUSE, file="<stdin>"), None, None),
        (None, Place("<string>", 3), None),
        (None, Place("a.py", 0), None),
        (None, None, None),
    ],
)
def test_the_nearest_line_that_there_is(cause: object, target: Place | None, place: Place | None) -> None:
    finding = replace(NAN_FINDING, cause=cause)  # type: ignore[arg-type]
    assert finding_place(finding, replace(SWEPT, place=target)) == place


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("samples/softplus.py", "samples/softplus.py"),
        ("a b/ü#?.py", "a%20b/%C3%BC%23%3F.py"),
        ("/opt/a b.py", "file:///opt/a%20b.py"),
        ("../up.py", "../up.py"),
        ("javascript:x.py", "javascript%3Ax.py"),
    ],
)
def test_paths_are_uris(file: str, shown: str) -> None:
    assert uri(file) == shown


def test_severities_are_counted_from_the_worst_down() -> None:
    assert counts(["info", "warning", "error", "info", "error"]) == "2 errors, 1 warning, 2 info"
    assert counts([]) == ""
