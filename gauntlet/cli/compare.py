"""`gauntlet compare`: what got worse from one run to another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gauntlet.ground.errors import ExitCode

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Say what got worse from one run to another.")
@click.argument("before", type=_FOLDER)
@click.argument("after", type=_FOLDER)
@click.option(
    "--subjects",
    metavar="BEFORE,AFTER",
    help="Names of the subjects to compare; default: those of the same name, or the only one of each run.",
)
@click.option("--slos", type=_FOLDER, help="Folder with what differs from slos/: upgrade.yaml, accepted.yaml.")
@click.pass_context
def compare(ctx: click.Context, before: Path, after: Path, subjects: str | None, slos: Path | None) -> None:
    """Say what got worse from one run to another, and what cannot be told.

    BEFORE and AFTER are folders of runs. Cases are compared by their verdicts, shares of good attempts by an exact test
    with a known chance of a false alarm, durations by what their measurement can be off by. How much of it is let pass
    is said in slos/upgrade.yaml, which failures are accepted until when in slos/accepted.yaml.

    Exit code 0 if nothing got worse, 1 if something did or cannot be told: a case that the place of one run does not
    allow, a figure that one run lacks, or a subject that the second run does not have.
    """
    from gauntlet.report.results_file import load
    from gauntlet.upgrade.compare import Side, compare
    from gauntlet.upgrade.comparison import beside, judged, lines
    from gauntlet.upgrade.pairs import pairs, unpaired
    from gauntlet.upgrade.terms import Terms
    from gauntlet.upgrade.verdict import Answer

    terms = Terms.read(slos)
    old, new = load(before), load(after)
    codes = []
    compared = pairs(old, new, subjects)
    names = {now for _, now in compared}
    for was, now in compared:
        first, second = Side.of(old, was), Side.of(new, now)
        changes = compare(first, second, terms.promised.slo.worse)
        # One of another pair is none of this one's, and not idle.
        mine = [each for each in terms.acceptances if each.subject not in names - {now}]
        found = judged(first, second, changes, now, mine, datetime.now(UTC).date())
        click.echo("\n".join(lines(was, now, found, beside(old, new, was, now))))
        codes.append(found.answer.exit_code)
    for name in unpaired(old, new, subjects):
        click.echo(f"{name}: cannot tell whether something got worse: the second run does not have it (--subjects)")
        codes.append(Answer.CANNOT_TELL.exit_code)
    ctx.exit(max(codes, default=ExitCode.FAILED))
