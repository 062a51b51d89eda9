"""`gradcheck hook`: what changed files touch is scanned; nothing is said where nothing is wrong."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import judge, settle
from gradcheck.cli.running import scanner
from gradcheck.delivery import interruptible, terminable
from gradcheck.vocabulary import NOTHING, SEVERITIES


@app.command()
def hook(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Changed files, as pre-commit gives them.")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="SEVERITY", help=f"Lowest severity that fails: {', '.join(SEVERITIES)} (error)."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that scan side by side (one a core).", min=1)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time after which one target is given up (60s).")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Scan what has not changed too; do not touch .gradcheck_cache.")
    ] = False,
) -> int:
    """Scan what changed files touch, before a commit; say nothing where nothing is found.

    That is the functions to be found in them, and the configured targets that import them, however far away, or any
    configured target if the configuration itself has changed. Options stand in gradcheck.toml or pyproject.toml.

    Exit status: 0 nothing found, 1 findings, 2 a target could not be checked.
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
    from gradcheck.options import NOTHING_SAID, parse_choice, parse_time

    if fail_on is not None:
        parse_choice("--fail-on", fail_on, SEVERITIES)
    limit = parse_time("--timeout", timeout) if timeout is not None else None
    run = configured_run(targets, NOTHING_SAID, jobs, limit, None, [])
    gating = run.configuration.gate_with(fail_on=fail_on)
    with interruptible(), terminable():
        verdict = judge(run, NOTHING_SAID, gating, scanner(run.jobs, run.timeout, no_cache, None))
        loud = tuple(target for target in verdict.report.targets if target.status != "clean")
        verdict = replace(verdict, report=replace(verdict.report, targets=loud))
        return settle(verdict, gating, run.output_format, [])
