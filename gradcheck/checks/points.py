"""What a check looks at in a tensor target: one version's gradient by one tensor, at one point.

In: what was seen at the point, and what real arithmetic says of it. Out: findings without an interval; the witness
carries them.
"""

from dataclasses import dataclass

from gradcheck.checks.stretches import Rule
from gradcheck.floats import FloatFormat
from gradcheck.records import Class, Domain, Finding, Kind, Stop


@dataclass(frozen=True)
class PointSubject:
    """One gradient at one point.

    Attributes:
        version: whose gradient.
        effective: whether training runs this version.
        wrt: what it is taken by.
        fmt: dtype of that.
        forward: class of the outputs together.
        gradient: class of the gradient as a whole.
        kind: of its entries that are not finite.
        domain: whether the function is defined there; None where the truth is not known.
        hole: whether it is not defined there, but bounded all around.
        far: whether it takes inputs beyond all that training meets.
        slight: whether a finite gradient is wrong by far less than gradients usually are, or at numbers next to 0.
        defect: whether an output is not finite that could be.
        said: what computing the gradient raised, or None.
        varies: whether the outputs depend on what the gradient is taken by.
        stops: the target's `tf.stop_gradient` calls.
    """

    version: str
    effective: bool
    wrt: str
    fmt: FloatFormat
    forward: Class
    gradient: Class
    kind: Kind | None = None
    domain: Domain | None = None
    hole: bool = False
    far: bool = False
    slight: bool = False
    defect: bool = False
    said: str | None = None
    varies: bool = False
    stops: tuple[Stop, ...] = ()


def point_finding(rule: Rule, subject: PointSubject, severity: str, message: str) -> Finding:
    """A finding about a point; on a version that training does not run it is for information only."""
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=severity if subject.effective else "info",
        version=subject.version,
        wrt=subject.wrt,
        fmt=subject.fmt,
        masked=subject.forward is Class.FINITE,
        lo=None,
        hi=None,
        at=None,
        message=message,
        kind=subject.kind.value if subject.kind else None,
    )


def is_outside(subject: PointSubject) -> bool:
    """Whether the function is not defined there, and no wonder."""
    return subject.domain is Domain.OUTSIDE and not subject.hole


def odd_severity(subject: PointSubject) -> str:
    """How bad a gradient that is not finite is."""
    if subject.kind is Kind.OVERFLOW or subject.far:
        return "warning"
    if subject.hole or (subject.domain is Domain.INSIDE and subject.kind in (Kind.NUMERICAL, Kind.SINGULAR)):
        return "error"
    return "error" if subject.forward is Class.FINITE else "warning"


def said_beside(subject: PointSubject) -> str:
    """What the outputs do meanwhile, and what real arithmetic says, in words."""
    outputs = {
        Class.FINITE: "the output is finite, so no check of it sees this",
        Class.NAN: "the output is NaN too",
    }.get(subject.forward, "the output is infinite")
    truth = {
        Kind.SINGULAR: ", and the derivative is infinite or does not exist there",
        Kind.OVERFLOW: f", and the true gradient exceeds {subject.fmt.name} too",
        Kind.UNDECIDED: ", and the true gradient could not be decided",
    }
    if subject.hole:
        return "so is the function, which is undefined there and bounded where it is defined around it"
    far = "; inputs as large as this are rare" if subject.far else ""
    return outputs + (truth.get(subject.kind, "") if subject.kind else "") + far
