"""One target of a saved report.

In: its part of the document. Out: its record.
"""

from gradcheck import rules
from gradcheck.reading.findings import read_finding
from gradcheck.reading.parts import Part
from gradcheck.reading.planes import read_plane
from gradcheck.reading.searches import read_search
from gradcheck.reading.sweeps import read_sweeps
from gradcheck.reading.trainings import read_training
from gradcheck.records import Ignore, Lines, Place, TargetError, TargetReport
from gradcheck.vocabulary import MODES, TRAINING, VERSIONS


def read_target(part: Part) -> TargetReport:
    """All that is told of a target."""
    error, place, plane = part.maybe("error"), part.maybe("place"), part.maybe("plane")
    training = part.maybe("training")
    versions = part.all("versions", lambda version: version.one_of((*VERSIONS, TRAINING)))
    search = read_search(part) if part.maybe("search") else None
    sweeps = () if search else read_sweeps(part, versions)
    inputs = tuple(sweep.input for sweep in sweeps)
    dtypes = {i.name: i.fmt.name for i in inputs}
    if search:
        dtypes |= {i.name: i.dtype for i in search.inputs} | {w.name: w.dtype for w in search.weights}
    return TargetReport(
        target=part.key("target").text(),
        error=read_error(error) if error else None,
        inputs=inputs,
        versions=versions,
        modes=part.all("modes", lambda mode: mode.one_of(MODES)),
        sweeps=sweeps,
        findings=part.all("findings", lambda finding: read_finding(finding, dtypes)),
        notes=part.all("notes", Part.text),
        search=search,
        plane=read_plane(plane, sweeps) if plane else None,
        place=Place(place.key("file").text(), place.key("line").whole()) if place else None,
        ignores=part.all("ignores", read_ignore),
        training=read_training(training) if training else None,
    )


def read_error(part: Part) -> TargetError:
    """Why the target could not be checked."""
    return TargetError(part.key("code").one_of([rule.code for rule in rules.ERRORS]), part.key("message").text())


def read_ignore(part: Part) -> Ignore:
    """What is not to count."""
    reason, by, place = (part.key(key).text() for key in ("reason", "by", "place"))
    lines, mistake = part.maybe("lines"), part.maybe("mistake")
    return Ignore(
        part.all("codes", Part.text),
        reason,
        by,
        place,
        read_lines(lines) if lines else None,
        mistake.text() if mistake else "",
    )


def read_lines(part: Part) -> Lines:
    """Lines of a file."""
    return Lines(part.key("file").text(), part.key("first").whole(), part.key("last").whole())
