"""What becomes of the results of an upgrade or a watch: its report, and what GitHub Actions shows of it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gauntlet.report import report_process
from gauntlet.report.annotations import workflow_commands
from gauntlet.report.results import Results


def publish(results: Results, folder: Path) -> None:
    """Make the report of the run in its folder, and say in GitHub Actions, by summary and annotations, what came of it.

    That no report could be made is said, and changes nothing of the answer.
    """
    trouble = report_process.make(folder)
    if trouble is not None:
        click.echo(trouble, err=True)
    for line in workflow_commands(results, os.environ):
        click.echo(line)
