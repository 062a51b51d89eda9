"""One finding of a saved report.

In: its part of the document, and the dtypes of the target's inputs. Out: its record.
"""

from collections.abc import Mapping

from gradcheck import rules
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.reading.parts import Part
from gradcheck.reading.tensors import read_tensor_witness
from gradcheck.reading.trainings import read_training_witness
from gradcheck.records import Cause, Elsewhere, Finding, Kind, Suppression, Witness
from gradcheck.vocabulary import MODES, SEVERITIES, TRAINING, VERSIONS

USUAL = "float32"
"""The dtype of a finding whose report does not tell it."""


def read_finding(part: Part, dtypes: Mapping[str, str]) -> Finding:
    """All that is told of a finding."""
    fmt = read_fmt(part, dtypes)
    witness, cause, suppressed = (part.maybe(key) for key in ("witness", "cause", "suppressed"))
    kind, at, mode, suggestion = (part.maybe(key) for key in ("kind", "at", "mode", "suggestion"))
    lo, hi = read_ends(part, fmt)
    training = part.maybe("training")
    is_tensor = part.maybe("cotangent") is not None
    return Finding(
        code=part.key("code").one_of([rule.code for rule in rules.FINDINGS]),
        name=part.key("name").text(),
        severity=part.key("severity").one_of(SEVERITIES),
        version=part.key("version").one_of((*VERSIONS, TRAINING)),
        wrt=part.key("wrt").text(),
        fmt=fmt,
        masked=part.key("masked").flag(),
        lo=lo,
        hi=hi,
        at=at.ordinal(fmt) if at else None,
        message=part.key("message").text(),
        suggestion=suggestion.text() if suggestion else None,
        kind=kind.member(Kind).value if kind else None,
        witness=read_witness(witness, part.maybe("paste")) if witness and not is_tensor else None,
        cause=read_cause(cause) if cause else None,
        tensor=read_tensor_witness(part, fmt, dtypes) if is_tensor else None,
        elsewhere=part.all("elsewhere", read_elsewhere),
        mode=mode.one_of(MODES) if mode else MODES[0],
        suppressed=read_suppression(suppressed) if suppressed else None,
        training=read_training_witness(training) if training else None,
    )


def read_fmt(part: Part, dtypes: Mapping[str, str]) -> FloatFormat:
    """The dtype of the input that a finding is about."""
    found = part.maybe("dtype")
    return FORMATS[found.one_of(FORMATS)] if found else FORMATS.get(dtypes.get(part.key("wrt").text(), USUAL), FLOAT)


FLOAT = FORMATS[USUAL]


def read_ends(part: Part, fmt: FloatFormat) -> tuple[int | None, int | None]:
    """Both ends of the interval, or none."""
    lo, hi = part.maybe("lo"), part.maybe("hi")
    if lo is None or hi is None:
        return None, None
    ends = lo.ordinal(fmt), hi.ordinal(fmt)
    if ends[0] > ends[1]:
        raise part.mistake("its lo is above its hi")
    return ends


def read_witness(part: Part, paste: Part | None) -> Witness:
    """One point of the line, what came out there, and the code that shows it."""
    gradient, true_output, true_gradient = (part.maybe(k) for k in ("gradient", "true_output", "true_gradient"))
    return Witness(
        {name: value.number() for name, value in part.key("inputs").named()},
        part.key("output").number(),
        gradient.number() if gradient else None,
        true_output.number() if true_output else None,
        true_gradient.number() if true_gradient else None,
        tuple(paste.text().split("\n")) if paste else (),
    )


def read_cause(part: Part) -> Cause:
    """The operation that a finding comes from."""
    forward_op, file, line, source = (part.maybe(key) for key in ("forward_op", "file", "line", "source"))
    node, message = part.maybe("node"), part.maybe("message")
    return Cause(
        part.key("op").text(),
        forward_op.text() if forward_op else None,
        file.text() if file else None,
        line.whole() if line else None,
        source.text() if source else None,
        node.text() if node else "",
        message.text() if message else "",
    )


def read_elsewhere(part: Part) -> Elsewhere:
    """Another way of running the witness."""
    gradient = part.maybe("gradient")
    return Elsewhere(
        part.key("at").number(),
        part.key("mode").one_of(MODES),
        part.key("elements").whole(1),
        part.key("output").number(),
        gradient.number() if gradient else None,
    )


def read_suppression(part: Part) -> Suppression:
    """Why a finding does not count."""
    return Suppression(*(part.key(key).text() for key in ("by", "reason", "place")))
