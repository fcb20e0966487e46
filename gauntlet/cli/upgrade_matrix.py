"""`gauntlet upgrade --matrix`: the upgrades that matter one after the other, within a time budget."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.build.toolchain import toolchain_root, versions
from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.environment import command_line
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.finding import Verdict
from gauntlet.ground.machine import commit, machine
from gauntlet.report import results_file
from gauntlet.report.ledger import tool
from gauntlet.report.run_folder import new_run
from gauntlet.upgrade import matrix_file
from gauntlet.upgrade.matrix import Budget, Matrix, Pair, PairRecord, not_run, of_results, pairs
from gauntlet.upgrade.matrix_page import table

FOLDER = "pairs"
# What the matrix may take, and what a pair takes at first guess, by the options that say what it has: on two cores the
# whole way took 24 min with the gate's cases, 8 min with those of smoke (docs/decisions/0028-upgrade-gate.md); with all
# cases it is most of an hour.
WHOLE_S = 3600.0
_GUESSES_S = (("--no-cases", 150.0), ("--all-cases", 3300.0), ("--quick", 240.0), ("--smoke-cases", 600.0))
_GUESS_S = 1500.0
_GAUNTLET = "from gauntlet.cli.main import main; main()"
# Of the one that is not run for a reason of this machine's, so much is kept.
_LETTERS = 300


def run_matrix(options: Sequence[str], budget_s: float | None, results: Path, page: Path | None) -> ExitCode:
    """Run the pairs that fit, write matrix.json, and print the table. 0 if all that can be run may, else 1.

    `options` are those of each `gauntlet upgrade`; `page` is a Markdown file to write, too. Each pair is a process of
    its own, so that one that breaks costs no other. One that has begun is not broken off. If interrupted, what was run
    until then is written before KeyboardInterrupt is raised.
    """
    budget = Budget(budget_s or WHOLE_S, guess_s(options))
    folder = new_run(results.absolute())
    planned = pairs(versions(toolchain_root()), DEFAULT_VERSION)
    started, began_s, version = datetime.now(UTC), time.monotonic(), commit()
    found: list[PairRecord] = []
    interrupted = False
    for pair in planned:
        lengths = [each.took_s for each in found if each.answer is not None]
        why_not = pair.never or ("interrupted" if interrupted else "")
        why_not = why_not or budget.lack(time.monotonic() - began_s, lengths)
        if why_not:
            found.append(not_run(pair, why_not))
            continue
        try:
            click.echo(f"\n{pair.today} -> {pair.next}")
            found.append(_run(pair, options, folder / FOLDER / f"{pair.today}-{pair.next}"))
        except KeyboardInterrupt:
            interrupted = True
            found.append(not_run(pair, "interrupted"))
    whole = Matrix(
        tool=tool(),
        commit=version,
        machine=machine(),
        command=command_line(["gauntlet", *sys.argv[1:]], {}),
        budget_s=budget.whole_s,
        started=started,
        finished=datetime.now(UTC),
        pairs=tuple(found),
    )
    written = matrix_file.save(whole, folder)
    click.echo("\n".join(["", *table(whole), "", f"  {written}"]))
    if interrupted:
        raise KeyboardInterrupt
    if page is not None:
        matrix_file.publish(whole, page)
        click.echo(f"  {page}")
    return ExitCode.OK if _all_may(planned, found) else ExitCode.FAILED


def guess_s(options: Sequence[str]) -> float:
    """How many seconds an upgrade with these options takes, as long as none has shown it."""
    return next((guess for flag, guess in _GUESSES_S if flag in options), _GUESS_S)


def _all_may(planned: Sequence[Pair], found: Sequence[PairRecord]) -> bool:
    """What cannot be run anywhere stands against nothing; what was not run for any other reason does."""
    possible = [each for pair, each in zip(planned, found, strict=True) if not pair.never]
    return all(each.verdict is Verdict.PASS for each in possible)


def _run(pair: Pair, options: Sequence[str], into: Path) -> PairRecord:
    """Run one upgrade, with its results below `into`. One that is interrupted has ended when that is raised again."""
    argv = [*DIES_WITH_US, sys.executable, "-c", _GAUNTLET, "upgrade"]
    argv += ["--from", pair.today, "--to", pair.next, *options, "--results", str(into)]
    # A group of its own: a Ctrl-C reaches this process alone, which passes it on once.
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        _, said = child.communicate()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        child.communicate()
        raise
    click.echo(said, err=True, nl=False)
    made = [path.parent for path in into.glob(f"*/{results_file.FILE}") if not path.parent.is_symlink()]
    if not made:
        return not_run(pair, _why(said) or f"it ended with {child.returncode} and left no results")
    return of_results(pair, results_file.load(made[0]))


def _why(said: str) -> str:
    """The last error that it wrote, on one line."""
    _, found, error = said.rpartition("error:")
    return " ".join(error.split())[:_LETTERS] if found else ""
