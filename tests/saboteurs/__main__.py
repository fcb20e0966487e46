"""`make saboteurs`: try them one after the other, and write docs/saboteurs.md."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.paths import project_root
from tests.saboteurs import page
from tests.saboteurs.judgement import Judgement
from tests.saboteurs.register import all_saboteurs, part
from tests.saboteurs.register.saboteur import Saboteur
from tests.saboteurs.trial import of_now, trial


@click.command()
@click.option("--part", "fraction", default="1/1", metavar="K/N", help="the K-th of N parts, counted from 1")
@click.option("--only", multiple=True, type=click.Choice(list(all_saboteurs())), help="this one; may be repeated")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=project_root() / "results" / "saboteurs",
    help="folder for results and evidence",
)
@click.option("--page", "into", type=click.Path(path_type=Path), default=page.PAGE, help="the page to write anew")
def main(fraction: str, only: tuple[str, ...], results: Path, into: Path) -> None:
    """Run the suites with saboteurs, and write which case caught which one. Exits with 1 if one was not caught."""
    number, of = map(int, fraction.split("/"))
    if not 1 <= number <= of:
        raise click.UsageError(f"--part {fraction}: K is 1 to N")
    chosen = tuple(all_saboteurs()[name] for name in only) or part(number, of)
    run = of_now()
    is_caught = [_try(saboteur, results / saboteur.name, into, run) for saboteur in chosen]
    print(f"{sum(is_caught)} of {len(chosen)} saboteurs were caught as declared: {into}")
    sys.exit(0 if all(is_caught) else 1)


def _try(saboteur: Saboteur, results: Path, into: Path, run: str) -> bool:
    began = time.monotonic()
    try:
        judgements = trial(saboteur, results)
    except Inconclusive as error:
        judgements = tuple(Judgement(mode, (), (str(error),)) for mode in saboteur.modes)
    _write(into, [page.row(saboteur, each, run) for each in judgements])
    is_caught = not any(each.complaints for each in judgements)
    print(f"{saboteur.name}: {'caught' if is_caught else 'NOT CAUGHT'} ({time.monotonic() - began:.0f} s)", flush=True)
    for each in judgements:
        for complaint in each.complaints:
            print(f"  {each.subject}: {complaint}", flush=True)
    return is_caught


def _write(into: Path, rows: list[page.Row]) -> None:
    """After each saboteur, so that a run that is ended leaves what it found."""
    before = into.read_text(encoding="utf-8") if into.exists() else ""
    into.write_text(page.markdown(all_saboteurs(), before, rows), encoding="utf-8")


if __name__ == "__main__":
    main()
