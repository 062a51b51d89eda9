"""Observing: a training run, unchanged, up to its first bad gradient.

In: options, and a way to run the user's code. Out: what was found, step by step, and what was seen of the optimizers.
Principle: the user's graphs and numbers are never touched; a NaN stays in the variables that it reaches, so that a look
at them every few steps is enough, and the step is found by running the last ones again.
"""
