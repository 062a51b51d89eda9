"""`gradcheck hook`: what changed files touch is scanned; nothing is said where nothing is wrong."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import judge, settle
from gradcheck.cli.parameters import FailOn, Jobs, NoCache, Timeout, gate_words
from gradcheck.cli.running import scanner
from gradcheck.delivery import interruptible, terminable
from gradcheck.vocabulary import NOTHING


@app.command()
def hook(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Changed files, as pre-commit gives them.")
    ] = None,
    fail_on: FailOn = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    no_cache: NoCache = False,
) -> int:
    """Scan what changed files touch, before a commit; say nothing where nothing is found.

    That is the functions to be found in them, and the configured targets that import them, however far away.
    """
    from gradcheck import configuration, loading
    from gradcheck.pipeline.changes import touched

    changed = [path.absolute() for path in files or ()]
    configured = configuration.read(Path.cwd())
    if configured.directory:
        os.chdir(configured.directory)
    loading.make_working_directory_importable()
    targets = touched(changed, configured)
    if not targets:
        return NOTHING
    from gradcheck.cli.configured import configured_run
    from gradcheck.options import NOTHING_SAID
    from gradcheck.parsing import parse_time

    limit = parse_time("--timeout", timeout) if timeout is not None else None
    run = configured_run(targets, NOTHING_SAID, jobs, limit, None, [])
    gating = run.configuration.gate_with(**gate_words(None, None, fail_on, exit_zero=False))
    with interruptible(), terminable():
        verdict = judge(run, NOTHING_SAID, gating, scanner(run.jobs, run.timeout, no_cache, None))
        loud = tuple(target for target in verdict.report.targets if target.status != "clean")
        verdict = replace(verdict, report=replace(verdict.report, targets=loud))
        return settle(verdict, gating, run.output_format, [])
