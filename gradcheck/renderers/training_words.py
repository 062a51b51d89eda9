"""Words of a watched training run that every renderer for people shares.

In: records of a run, and of the step that shows a finding. Out: short texts, undressed: which step of which optimizer,
what of which gradients is bad, the norms before it, and the line.
"""

from math import isfinite, isnan

from gradcheck.errors import one_line
from gradcheck.records import BadGradient, Finding, Norms, TrainingReport, TrainingWitness, WatchedOptimizer
from gradcheck.renderers.tensor_words import shape_text

LISTED = 8
"""Gradients that are told one by one; more are counted, and all of them are in the JSON."""

NAMED = 40
"""Characters of a variable's name, the last ones: what comes first is the model and its layers."""

ENDED = {
    "stopped": "stopped by gradcheck",
    "limited": "stopped by --max-steps",
    "exited": "the script exited with {status}",
    "raised": "the script raised",
    "interrupted": "interrupted",
}
"""How a run ended, of those that did not finish."""


def training_lines(witness: TrainingWitness) -> list[str]:
    """What shows a finding, in sentences: the step, its gradients, the norms, the re-run."""
    lines = [step_text(witness)] if is_of_step(witness) else []
    lines += [gradient_text(gradient) for gradient in witness.gradients[:LISTED]]
    lines += [more] if (more := more_text(witness)) else []
    lines += [f"norms of {last_text(norms)}: {row_text(norms)}" for norms in witness.norms if norms.norms]
    lines += [f"re-run: {witness.rerun}"] if witness.rerun else []
    return lines + ([f"saved: {witness.repro}"] if witness.repro else [])


def is_of_step(witness: TrainingWitness) -> bool:
    """Whether a finding is of one step, or of the whole run: variables that are left out, with no bad entry."""
    return witness.optimizer is not None or any(g.nan or g.inf for g in witness.gradients) or bool(witness.norms)


def step_text(witness: TrainingWitness) -> str:
    """Which step of which optimizer, the loss, and how many gradients."""
    name = witness.optimizer if witness.order is None else f"{witness.optimizer} (optimizer {witness.order})"
    of = f"of {name}" if witness.optimizer is not None else "of an update by hand"
    loss = "" if witness.loss is None else f", loss {short(witness.loss)}"
    bad = sum(1 for gradient in witness.gradients if gradient.nan or gradient.inf)
    among = max(witness.variables, bad)  # a saved step shows the gradients of the loss, by every variable
    share = f": {bad} of {among} gradient{'s' * (among != 1)} bad" if bad else ""
    return f"at step {witness.step:,} {of}{loss}{share}"


def gradient_text(gradient: BadGradient) -> str:
    """A variable, and what of its gradient is bad."""
    share = share_text(gradient)
    return f"{name_text(gradient)} {gradient.dtype}{shape_text(gradient.shape)}" + (f": {share}" if share else "")


def name_text(gradient: BadGradient, room: int = NAMED) -> str:
    """The end of a variable's name."""
    name = one_line(gradient.variable)
    return name if len(name) <= room else "..." + name[3 - room :]


def share_text(gradient: BadGradient) -> str:
    """How many entries are NaN, and infinite; empty where none is."""
    counts = [(gradient.nan, "NaN"), (gradient.inf, "inf")]
    told = [(n, word) for n, word in counts if n]
    if not told:
        return ""
    if len(told) == 1 and told[0][0] == gradient.entries:
        return f"all {gradient.entries:,} {told[0][1]}" if gradient.entries > 1 else told[0][1]
    share = (gradient.nan + gradient.inf) / gradient.entries if gradient.entries else 1.0
    counted = ", ".join(f"{n:,} {word}" for n, word in told)
    return f"{counted} of {gradient.entries:,} ({percent(share)})"


def percent(share: float) -> str:
    """A share that is neither rounded to nothing nor to all."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share:.1%}"


def more_text(witness: TrainingWitness) -> str:
    """How many gradients are not told one by one."""
    more = len(witness.gradients) - LISTED
    return f"and {more} more (--format json lists them all)" if more > 0 else ""


def last_text(norms: Norms) -> str:
    """Which steps of which optimizer."""
    if len(norms.steps) == 1:
        return f"{norms.optimizer}, step {norms.steps[0]:,}"
    return f"{norms.optimizer}, steps {norms.steps[0]:,} to {norms.steps[-1]:,}"


def row_text(norms: Norms) -> str:
    """All norms, the same ones that follow one another counted."""
    return ", ".join(short(norm) for norm in norms.norms)


def reach_text(norms: Norms) -> str:
    """From the smallest to the largest norm, and the last one where it is another."""
    finite = [norm for norm in norms.norms if isfinite(norm)]
    if not finite:
        return "none finite"
    low, high, last = short(min(finite)), short(max(finite)), short(norms.norms[-1])
    reach = low if low == high else f"{low} to {high}"
    return reach if last in (low, high) else f"{reach}, last {last}"


def short(value: float) -> str:
    """A loss or a norm in three digits."""
    if isnan(value):
        return "NaN"
    return f"{value:.3g}" if isfinite(value) else ("inf" if value > 0 else "-inf")


def place_text(finding: Finding) -> str:
    """The line that a finding comes from; empty where that is not known."""
    cause = finding.cause
    if cause is None or cause.file is None or cause.line is None:
        return ""
    return f"line: {cause.file}:{cause.line}" + (f": {cause.source.strip()}" if cause.source else "")


def run_text(training: TrainingReport) -> str:
    """Steps, optimizers and variables, in the words of the last line."""
    steps = f"{training.steps:,} step{'s' * (training.steps != 1)}"
    if not training.optimizers:
        return f"{steps}: no variable was updated" if not training.steps else f"{steps} without an optimizer"
    number = len(training.optimizers)
    listed = ", ".join(optimizer_text(o, training, i == 0) for i, o in enumerate(training.optimizers))
    return f"{steps}, {number} optimizer{'s' * (number != 1)} ({listed})"


def optimizer_text(optimizer: WatchedOptimizer, training: TrainingReport, first: bool) -> str:
    """An optimizer: its variables, and its steps where they are fewer than the run's."""
    count = optimizer.variables
    variables = f"{count:,} variable{'s' * (count != 1)}" if first else f"{count:,}"
    steps = "" if optimizer.steps == training.steps else f" in {optimizer.steps:,} step{'s' * (optimizer.steps != 1)}"
    return f"{optimizer.name}: {variables}{steps}"


def ended_text(training: TrainingReport) -> str:
    """How a run ended; empty where it finished."""
    return ENDED.get(training.ended, "").format(status=training.status)


def clean_run_text(training: TrainingReport) -> str:
    """What was checked of a run in which nothing was found that counts."""
    nothing = not training.optimizers and not training.steps
    verdict = "so nothing was checked" if nothing else "" if training.ended == "stopped" else "no bad gradient"
    checked = ", ".join(part for part in (run_text(training), verdict) if part)
    return "; ".join(part for part in (checked, ended_text(training)) if part)


def watched_text(training: TrainingReport) -> str:
    """The same of a run in which something was found."""
    return "; ".join(part for part in (f"watched: {run_text(training)}", ended_text(training)) if part)
