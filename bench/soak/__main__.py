"""Runs a profile N times and keeps the ledger: `python -m bench.soak N`, or `make soak N=10`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import click

from bench.profile_run import GAUNTLET, results_in
from bench.soak import ledger, page
from bench.soak.busy import Meter, kept_busy
from bench.soak.ledger import Run
from gauntlet.ground.machine import short_commit
from gauntlet.ground.paths import project_root
from gauntlet.ground.profiles import PROFILES

LEDGER = project_root() / "docs" / "soak.jsonl"
PAGE = project_root() / "docs" / "soak.md"
# Where the report and the evidence of a run with an alarm stay, by the moment at which it began.
EVIDENCE = project_root() / "results" / "soak"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("times", type=click.IntRange(min=0))
@click.option("--profile", type=click.Choice(list(PROFILES)), default="conformance", show_default=True)
@click.option("--modes", default="iptables,nftables", show_default=True, help="As --modes of gauntlet run.")
@click.option("--load", is_flag=True, help="Keep all processors busy meanwhile.")
@click.option("--ledger", "path", type=click.Path(path_type=Path), default=LEDGER, help="Where lines are added.")
@click.option("--page", "into", type=click.Path(path_type=Path), default=PAGE, help="What is made of it.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def main(
    *,
    times: int,
    profile: str,
    modes: str,
    load: bool,
    path: Path,
    into: Path,
    pytest_args: tuple[str, ...],
) -> None:
    """Run the profile TIMES times, add a line to the ledger after each, and make the page.

    Ends with 1 if a run of these had an alarm. PYTEST_ARGS choose among its cases.
    """
    meanwhile = kept_busy(os.cpu_count() or 1) if load else nullcontext()
    made = []
    with meanwhile:
        for number in range(1, times + 1):
            made.append(_run(profile, modes, pytest_args, loaded=load))
            ledger.append(path, made[-1])
            alarms = [f"{row.case} ({row.subject})" for row in made[-1].alarms]
            told = f"{len(made[-1].rows)} cases in {made[-1].seconds:.0f} s, alarms: {', '.join(alarms) or 'none'}"
            click.echo(f"{number} of {times}: {told}", err=True)
    before = into.read_text(encoding="utf-8") if into.exists() else ""
    into.write_text(page.written(ledger.load(path), before), encoding="utf-8")
    sys.exit(any(run.alarms for run in made))


def _run(profile: str, modes: str, pytest_args: Sequence[str], *, loaded: bool) -> Run:
    started, begun, meter = datetime.now(UTC), time.monotonic(), Meter()
    folder = EVIDENCE / started.strftime("%Y%m%dT%H%M%SZ")
    results, junit = folder / "results", folder / "junit.xml"
    command = [GAUNTLET, "run", "--profile", profile, "--modes", modes, "--results", str(results)]
    code = subprocess.run(
        [*command, "--", f"--junitxml={junit}", *pytest_args], stdout=subprocess.DEVNULL, check=False
    ).returncode
    found = results_in(results)
    made = Run(
        started=started,
        # Its own ledger and page are no change.
        commit=short_commit(":!docs/soak.*"),
        profile=profile if not pytest_args else f"{profile}, {' '.join(pytest_args)}",
        loaded=loaded,
        cores=meter.cores,
        busy=meter.busy(),
        seconds=round(time.monotonic() - begun, 1),
        rows=ledger.rows(found, ledger.seconds_of(_junit(junit), found.names), code),
    )
    if not made.alarms:
        shutil.rmtree(folder)
    return made


def _junit(path: Path) -> Iterator[tuple[str, str, float]]:
    for each in ET.parse(path).iter("testcase"):  # noqa: S314 - pytest has just written it
        yield each.get("classname", ""), each.get("name", ""), float(each.get("time", "0"))


if __name__ == "__main__":
    main()
