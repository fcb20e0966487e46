"""`gauntlet report`: the report of a run, made again from its results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gauntlet.ground import ending, screen
from gauntlet.ground.errors import ExitCode


@click.command(short_help="Make the report of a run again.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("results/latest"))
@click.pass_context
def report(ctx: click.Context, folder: Path) -> None:
    """Make report.html, summary.md and junit.xml again from the results of a run; print its verdicts.

    FOLDER is the folder of a run; default: results/latest. Exit code 0 if all passed, else 1; of an upgrade, that
    of its answer.
    """
    import subprocess

    from gauntlet.cli.conclusion import show
    from gauntlet.ground.finding import Verdict
    from gauntlet.report.results_file import load

    results = load(folder)
    # A process of its own: drawing takes memory that a long-lived caller should not keep.
    made = subprocess.run([*ending.DIES_WITH_US, sys.executable, "-m", "gauntlet.report", str(folder)], check=False)
    show(screen.console(), results, folder)
    passed = made.returncode == 0 and results.outcome is Verdict.PASS
    ctx.exit(ExitCode.OK if passed else made.returncode or ExitCode.FAILED)
