"""`make hunt`: the state machine alone against saboteurs, which it has to find by itself in its minute of the gate."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fixtures.state_machine import CHECK, FILE
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.paths import project_root
from gauntlet.report.figures import EFFORT
from gauntlet.report.run_folder import LATEST_SELECTION
from gauntlet.workload.state_machine import saved
from gauntlet.workload.state_machine.state import in_words
from tests.saboteurs import hunts, page
from tests.saboteurs.hunts import HUNTED, HUNTS, Prey
from tests.saboteurs.register import all_saboteurs
from tests.saboteurs.trial import of_now, run

CASE = "suites/conformance/test_state_machine.py::test_any_changes_of_services"


def hunt(saboteur: str, mode: ProxyMode, into: Path) -> Prey:
    """What the state machine found. Results and evidence stay in `into`."""
    try:
        results, _ = run(saboteur, (CASE,), (mode,), into)
    except Inconclusive as error:
        return Prey(saboteur, mode, trouble=str(error))
    found = {each.check: each for each in results.findings}
    blocking = [each.check for each in results.findings if each.verdict.blocks]
    if blocking != [CHECK]:
        return Prey(saboteur, mode, trouble=f"what did not pass is {', '.join(blocking)}: read {into}")
    (evidence,) = found[CHECK].evidence
    (sequence,) = saved.read(into / LATEST_SELECTION / evidence / FILE)
    effort = found[EFFORT]
    return Prey(saboteur, mode, effort.reason, effort.figure or 0.0, in_words(sequence.sequence))


@click.command()
@click.option("--only", multiple=True, type=click.Choice(HUNTED), help="this one; may be repeated")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=project_root() / "results" / "hunts",
    help="folder for results and evidence",
)
def main(only: tuple[str, ...], results: Path) -> None:
    """Have the state machine find saboteurs, and write what it found. Exits with 1 if one was not found."""
    now = of_now()
    chosen = [(saboteur, mode) for saboteur, mode in HUNTS if not only or saboteur in only]
    caught = []
    for saboteur, mode in chosen:
        prey = hunt(saboteur, mode, results / f"{saboteur}-{mode}")
        before = page.PAGE.read_text(encoding="utf-8")
        written = page.markdown(all_saboteurs(), before, [], [hunts.row(prey, now)])
        page.PAGE.write_text(written, encoding="utf-8")
        caught.append(not prey.complaints)
        print(f"{saboteur} in {mode} mode: {prey.effort}", *prey.steps, *prey.complaints, sep="\n  ", flush=True)
    print(f"{sum(caught)} of {len(chosen)} were found: {page.PAGE}")
    sys.exit(0 if all(caught) else 1)


if __name__ == "__main__":
    main()
