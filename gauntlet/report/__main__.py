"""`python -m gauntlet.report FOLDER`: make the report of a run again, from what the run left."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.ground.errors import ExitCode, GauntletError
from gauntlet.report.making import make, publish


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Write report.html, summary.md and junit.xml from the results.json and the evidence in FOLDER."""
    try:
        report = make(folder)
        publish(report)
    except GauntletError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    click.echo(f"report   {report.page}\nsummary  {report.summary}")
    raise SystemExit(ExitCode.OK)


if __name__ == "__main__":
    main(prog_name="python -m gauntlet.report")
