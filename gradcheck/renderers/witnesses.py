"""What shows a finding, in sentences that every format has.

In: a finding. Out: what was put in and what came out, what comes out elsewhere, and where it comes from.
"""

from math import isinf

from gradcheck.records import Finding, Witness
from gradcheck.renderers.modes import elsewhere_text
from gradcheck.renderers.paragraphs import shown
from gradcheck.renderers.tensor_words import witness_lines
from gradcheck.renderers.training_words import place_text, training_lines


def evidence(finding: Finding) -> list[str]:
    """The sentences behind a finding's message."""
    lines = [witnessed(finding.witness)] if finding.witness else []
    lines += witness_lines(finding, finding.tensor) if finding.tensor else []
    lines += training_lines(finding.training) if finding.training else []
    lines += [place_text(finding)] if finding.training and place_text(finding) else []
    lines += [elsewhere_text(finding.elsewhere)] if finding.elsewhere else []
    return lines + ([f"cause: {finding.cause.message}"] if finding.cause and finding.cause.message else [])


def witnessed(witness: Witness) -> str:
    """What came out at one point, and what is true there."""
    inputs = ", ".join(f"{name} = {exactly(value)}" for name, value in witness.inputs.items())
    gradient = "None" if witness.gradient is None else shown(witness.gradient)
    true = (witness.true_output, witness.true_gradient)
    output, slope = (f" (true {'infinite' if isinf(t) else shown(t)})" if t is not None else "" for t in true)
    return f"at {inputs}: output {shown(witness.output)}{output}, gradient {gradient}{slope}"


def exactly(value: float) -> str:
    """An input, to be typed again."""
    return repr(value).removesuffix(".0")
