"""The training run of a saved report.

In: parts of the document. Out: the records of the run, and of the step that shows a finding.
"""

from gradcheck.reading.parts import Part
from gradcheck.records import BadGradient, Norms, TrainingReport, TrainingWitness, WatchedOptimizer
from gradcheck.vocabulary import ENDINGS


def read_training(part: Part) -> TrainingReport:
    """What was watched."""
    return TrainingReport(
        part.key("steps").whole(),
        part.all("optimizers", read_optimizer),
        part.key("variables").whole(),
        part.key("ended").one_of(ENDINGS),
        part.key("status").whole(),
    )


def read_optimizer(part: Part) -> WatchedOptimizer:
    """One optimizer."""
    order, steps, variables = (part.key(key).whole() for key in ("order", "steps", "variables"))
    return WatchedOptimizer(part.key("name").text(), order, steps, variables)


def read_training_witness(part: Part) -> TrainingWitness:
    """The step that shows a finding."""
    optimizer, order, loss, rerun, repro = (part.maybe(k) for k in ("optimizer", "order", "loss", "rerun", "repro"))
    return TrainingWitness(
        step=part.key("step").whole(),
        optimizer=optimizer.text() if optimizer else None,
        order=order.whole(1) if order else None,
        loss=loss.number() if loss else None,
        gradients=part.all("gradients", read_gradient),
        variables=part.key("variables").whole(),
        norms=part.all("norms", read_norms),
        rerun=rerun.text() if rerun else "",
        repro=repro.text() if repro else None,
    )


def read_gradient(part: Part) -> BadGradient:
    """The gradient of one variable."""
    entries, nan, inf = (part.key(key).whole() for key in ("entries", "nan", "inf"))
    if nan + inf > entries:
        raise part.mistake("its nan and inf are more than its entries")
    shape = part.all("shape", Part.whole)
    return BadGradient(part.key("variable").text(), part.key("dtype").text(), shape, entries, nan, inf)


def read_norms(part: Part) -> Norms:
    """The last steps of one optimizer."""
    steps, norms = part.all("steps", Part.whole), part.all("norms", Part.number)
    if len(steps) != len(norms):
        raise part.mistake("its steps and norms differ in length")
    return Norms(part.key("optimizer").text(), part.key("order").whole(1), steps, norms)
