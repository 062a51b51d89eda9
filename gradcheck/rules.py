"""What each code means, in words for people: the one list that every format and `gradcheck rules` read.

In: nothing. Out: plain data, in order of the codes. `checks` finds what GC001 to GC009 name, a watched training run
some of them and GC010 to GC012; GC9xx say why a target could not be checked, and nothing was found or ruled out there.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A code.

    Attributes:
        code: GC001, for example; stable.
        name: nan-gradient, for example; stable.
        severity: that of a finding on the version that training runs, `error` or `warning`; of GC9xx `error`.
        summary: what, in a part of a sentence.
        explanation: why it matters and what to do, in a few sentences.
    """

    code: str
    name: str
    severity: str
    summary: str
    explanation: str


SCANNED: tuple[Rule, ...] = (
    Rule(
        "GC001",
        "nan-gradient",
        "error",
        "the gradient is NaN where the function is defined",
        "One NaN in a gradient makes every weight that it reaches NaN at the next step, and training is lost. Most "
        "come from 0 * inf or inf - inf in the backward pass, often behind an output that is an ordinary number, so "
        "that no check of the outputs sees it. Compute the stable form of the formula, or keep the argument of the "
        "guilty operation away from its edge before the operation; a tf.where behind it does not help.",
    ),
    Rule(
        "GC002",
        "inf-gradient",
        "error",
        "the gradient is infinite where the function is defined",
        "An infinite gradient makes the weights infinite at the next step and NaN at the one after. Either the "
        "backward pass overflows although the true gradient is an ordinary number (numerical), or the true derivative "
        "is infinite there, as that of sqrt at 0 (singular), or it exceeds the dtype (overflow; a warning). Rewrite "
        "the formula, or keep the argument away from the singularity.",
    ),
    Rule(
        "GC003",
        "vanished-gradient",
        "error",
        "the gradient is exactly 0 where the true one is not, and could be represented",
        "Nothing is NaN, and nothing is learnt: the step is 0 for every input of the interval. Most often an "
        "intermediate is flushed to 0, or swallowed by a larger term, on the way back. Use the library's stable form, "
        "or a custom gradient that does not go through that intermediate. In a watched training run: every gradient of "
        "a variable was 0 for as many steps as --vanished says.",
    ),
    Rule(
        "GC004",
        "inaccurate-gradient",
        "warning",
        "the gradient is finite, but further from the true one than the tolerance",
        "Cancellation or rounding in the backward pass leaves few right digits, or none. Training goes on with steps "
        "of the wrong size. Rewrite the difference that cancels (log1p, expm1, a stable form), or raise --tolerance "
        "where the error does not matter.",
    ),
    Rule(
        "GC005",
        "wrong-custom-gradient",
        "error",
        "the custom gradient's formula is not the derivative of the function",
        "Evaluated exactly, in real arithmetic, the formula that tf.custom_gradient returns gives another number than "
        "the derivative of what the function computes, so this is no matter of rounding. Derive the formula again; "
        "where it differs on purpose (a straight-through estimator), say so with an ignore and its reason.",
    ),
    Rule(
        "GC006",
        "forward-overflow",
        "warning",
        "the output is NaN or infinite where the true output can be represented",
        "An intermediate of the forward pass overflows, or is undefined, although the function's true value is an "
        "ordinary number there. Use the stable form of the formula: logsumexp, softplus, log1p, a difference of "
        "logarithms in the place of the logarithm of a quotient.",
    ),
    Rule(
        "GC007",
        "mode-disagreement",
        "warning",
        "eager mode, graph mode and XLA put the same input in different classes",
        "The same code gives a finite gradient in one way of running it and NaN, inf or 0 in another: a compiler "
        "reorders, fuses or folds operations. A test that runs eagerly does not see what training with jit_compile "
        "does. Fix the formula where it is bad in any mode; the others are right by accident.",
    ),
    Rule(
        "GC008",
        "disconnected-gradient",
        "warning",
        "autodiff returns None for an input that the output depends on",
        "No operation on the way has a gradient (rounding, comparing, casting to an integer), so whatever stands in "
        "front of it is not trained. Use a soft form of the operation, or a custom gradient. Where tf.stop_gradient "
        "stops it on purpose it is reported for information only. In a watched training run, with --untrained: no step "
        "had a gradient for the variable.",
    ),
    Rule(
        "GC009",
        "gradient-raises",
        "error",
        "computing the gradient raises",
        "The function runs and its gradient does not: an operation has no registered gradient, a custom gradient "
        "returns the wrong number of values or the wrong shape, or a SavedModel was saved without its gradient "
        "functions. The message says which operation; replace it, or give the function a custom gradient that fits.",
    ),
)

WATCHED: tuple[Rule, ...] = (
    Rule(
        "GC010",
        "exploding-gradient",
        "warning",
        "the norm of an optimizer's gradients is far above that of the steps before",
        "Seen by watch with --exploding FACTOR: the norm of all gradients that an optimizer was given is above FACTOR "
        "times the median of its last steps. One such step can undo a long training, and overflow is often next. Look "
        "at the batch of that step, clip the gradients (global_clipnorm of the optimizer, tf.clip_by_global_norm), or "
        "take a smaller learning rate.",
    ),
    Rule(
        "GC011",
        "variable-without-optimizer",
        "warning",
        "a trainable variable is in no optimizer, so that it stays as it began",
        "Seen by watch with --untrained: the loss depends on the variable, and no optimizer was ever given its "
        "gradient. Often a layer was left out of a list of variables, or made after that list was. Give it to an "
        "optimizer, or make it with trainable=False if it is to stay.",
    ),
    Rule(
        "GC012",
        "variable-in-two-optimizers",
        "warning",
        "two optimizers update the same variable",
        "Seen by watch with --untrained: each optimizer keeps slots (momentum, squares) that know nothing of the "
        "other's updates, and every step is taken twice. Split the variables so that each is in one list; a shared "
        "layer belongs to one of them.",
    ),
)

FINDINGS: tuple[Rule, ...] = (*SCANNED, *WATCHED)
"""Codes of findings: those that a scan can have, then those of watched training runs alone."""

ERRORS: tuple[Rule, ...] = (
    Rule(
        "GC901",
        "cannot-import",
        "error",
        "the module or file cannot be imported",
        "Importing it raises, or it is not there. Run the import by itself in the same environment: a target needs "
        "the packages of its own project.",
    ),
    Rule(
        "GC902",
        "no-such-attribute",
        "error",
        "there is no such function, class member or signature in it",
        "The module or model was loaded, and has nothing of that name; the message lists the nearest ones.",
    ),
    Rule(
        "GC903",
        "cannot-trace",
        "error",
        "it raises when traced or run, returns no float tensor, or differs from run to run",
        "TensorFlow could not make a graph of it with the shapes and dtypes that were tried, or the graph does not "
        "give the same numbers twice. Say the shapes with --shape and the dtype with --dtype, and fix random seeds.",
    ),
    Rule(
        "GC904",
        "timed-out",
        "error",
        "it took longer than --timeout",
        "It hangs, or it needs more time. Give it more with --timeout, or less to do: a --range, a smaller --shape.",
    ),
    Rule(
        "GC905",
        "crashed",
        "error",
        "its process exited, crashed or was killed",
        "The target took its own process down; the message names the signal or the exit status, and the line that it "
        "was in. The other targets were scanned.",
    ),
    Rule(
        "GC906",
        "not-a-saved-model",
        "error",
        "the directory is not a SavedModel",
        "There is no saved_model.pb in it, or TensorFlow cannot read it. Save it again with tf.saved_model.save.",
    ),
    Rule(
        "GC907",
        "bad-configuration",
        "error",
        "an option, a configuration key or a file that was given is wrong",
        "The message names the option, the key or the file, and what to write instead.",
    ),
    Rule(
        "GC908",
        "no-float-input",
        "error",
        "there is no float input to sweep",
        "No input of the target is of a float dtype, and it reads no variable, so nothing to differentiate by.",
    ),
    Rule(
        "GC909",
        "not-supported-yet",
        "error",
        "not supported: sparse and ragged tensors; explain of a tensor target",
        "gradcheck cannot check this kind of target yet. Write a function of dense tensors around it.",
    ),
)

RULES: tuple[Rule, ...] = (*FINDINGS, *ERRORS)
"""Every code, in order."""

BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
