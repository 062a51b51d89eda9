"""`gradcheck init`: a commented start for a project, and the hook that scans before a commit."""

from pathlib import Path

from gradcheck.cli.app import app
from gradcheck.delivery import put
from gradcheck.vocabulary import NOTHING


@app.command()
def init() -> int:
    """Write a commented start of a configuration, and a pre-commit hook; nothing is overwritten.

    Options go to the end of pyproject.toml, or into gradcheck.toml where there is none; the hook goes into
    .pre-commit-config.yaml. Of a file that is there already it prints what to add by hand.
    """
    from gradcheck.configuration.start import begin

    for step in begin(Path.cwd()):
        put(f"{step.done}:\n\n{step.by_hand}\n" if step.by_hand else f"{step.done}\n")
    return NOTHING
