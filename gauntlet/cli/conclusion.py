"""What the command line says at the end of a run: the table of verdicts, totals, paths, and the exit code."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from gauntlet.cli import pytestrun
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.finding import Verdict
from gauntlet.report.results import Results
from gauntlet.report.results_file import FILE, load
from gauntlet.report.run_folder import link_to
from gauntlet.report.table import show_verdicts


def conclude(console: Console, folder: Path | None, code: int) -> ExitCode:
    """Show what the run that just ended found, and give the exit code of the whole.

    `folder` is that of the run, None if it ended before it had one; `code` the exit code of pytest. The exit code is 0
    only if pytest and the verdicts agree that all passed.
    """
    said = pytestrun.exit_code(code)
    if folder is None or not (folder / FILE).exists():
        if said is not ExitCode.USAGE:
            console.print(f"[bold red]the run ended without results[/]: {pytestrun.why_ended(code)}")
        return said if said is not ExitCode.OK else ExitCode.FAILED
    results = load(folder)
    show(console, results, folder)
    if results.verdict is not Verdict.PASS:
        return ExitCode.FAILED
    if said is not ExitCode.OK:
        console.print("[bold red]pytest failed[/] although no verdict did: see what it says above")
    return said


def show(console: Console, results: Results, folder: Path) -> None:
    """Print the verdicts and where results and report are."""
    console.print()
    show_verdicts(console, results)
    console.print(_totals(results))
    # Paths are printed whole, so that they can be copied.
    for name in ("results.json", "report.html"):
        console.print(f"  {_short(link_to(folder) / name)}", soft_wrap=True, highlight=False)


def _totals(results: Results) -> Text:
    cases = results.cases()
    verdicts = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.KNOWN_DEFECT)
    numbers = {verdict: sum(case.verdict is verdict for case in cases) for verdict in verdicts}
    counts = [f"{count} {each}" for each, count in numbers.items() if count or each is not Verdict.KNOWN_DEFECT]
    seconds = (results.finished - results.started).total_seconds()
    took = f"in {seconds / 60:.1f} min" if seconds >= 60 else f"in {seconds:.0f} s"
    return Text(f"{', '.join(counts)}, {len(results.skipped)} skipped {took} (Kubernetes {results.kubernetes})")


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
