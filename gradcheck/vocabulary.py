"""The words of the command line, importable at once: numpy and the stages are loaded when there is work for them."""

DTYPES = ("float16", "bfloat16", "float32", "float64")
DOMAINS = ("probability", "simplex", "one-hot", "positive", "unit", "integer:0:9", "mask")
"""Values that an input may have, as people write them."""

SEVERITIES = ("info", "warning", "error")
"""From the mildest up."""

CODES = tuple(f"GC0{i:02}" for i in range(1, 13))
"""Of findings."""
VERSIONS = ("autodiff", "custom", "against")
"""Ways to get the gradient of a target."""
TRAINING = "training"
"""What stands in the place of such a way where a training run was watched."""
ON_BAD = ("stop", "warn", "skip-step")
"""What may happen at a bad gradient."""
ENDINGS = ("finished", "stopped", "limited", "exited", "raised", "interrupted")
"""How a training run may end."""

PLACES = {"graph": "in graph mode", "eager": "in eager mode", "xla": "compiled by XLA"}
MODES = tuple(PLACES)
"""Ways in which TensorFlow runs a function, and where that is in a sentence."""

FORMATS = ("table", "json", "sarif", "junit", "github", "markdown", "html")
SUFFIXES = {
    ".json": "json",
    ".txt": "table",
    ".sarif": "sarif",
    ".xml": "junit",
    ".md": "markdown",
    ".html": "html",
}
"""Formats of reports, and those of files by their suffix."""

CHAIN_FORMATS = ("table", "json")
"""Formats of `explain`."""

EXTRAS = {"html": ("plotly", "jinja2"), "plot": ("uniplot",)}
"""What draws, by the name of the extra that brings it."""

NOTHING, FINDINGS, COULD_NOT_CHECK, BUG = 0, 1, 2, 101
INTERRUPTED, CLOSED, TERMINATED = 130, 141, 143
"""Exit statuses."""
