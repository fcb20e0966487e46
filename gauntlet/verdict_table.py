"""What the command line shows of a run, in 80 columns: the table of verdicts, and why a case did not pass."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gauntlet import pytestrun
from gauntlet.errors import ExitCode
from gauntlet.finding import Verdict
from gauntlet.results import CaseResult, FindingRecord, Results, load

_STYLE = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}


def conclude(console: Console, results_root: Path, before: Path | None, code: int) -> ExitCode:
    """Show what the run that just ended found, and give the exit code of the whole.

    `before` is the run that `latest` pointed to when this one began, `code` the exit code of pytest. The exit code
    is 0 only if pytest and the verdicts agree that all passed.
    """
    folder = pytestrun.latest(results_root)
    said = pytestrun.exit_code(code)
    if folder is None or folder == before:
        if said is not ExitCode.USAGE:
            why = "interrupted" if code == pytestrun.PytestExit.INTERRUPTED else "see what pytest says above"
            console.print(f"[bold red]the run ended without results[/]: {why}")
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
    console.print(verdicts(results))
    # Paths are printed whole, so that they can be copied.
    for name in ("results.json", "report.html"):
        console.print(f"  {_short(folder.parent / 'latest' / name)}", soft_wrap=True, highlight=False)


def verdicts(results: Results) -> RenderableType:
    """A table of cases (rows) and modes (columns); below it each finding that is no pass, and the totals."""
    cells = {(case.case, case.mode): _word(case.verdict) for case in results.cases()}
    cells |= {(skip.case, skip.mode): Text("skipped", style="dim") for skip in results.skipped}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False)
    table.add_column("case", overflow="fold", ratio=1)
    for mode in results.modes:
        table.add_column(str(mode), no_wrap=True)
    # Several workers end their cases in no order: keep those of one file together.
    names = sorted(dict.fromkeys(name for name, _ in cells), key=_file)
    for file, members in groupby(names, key=_file):
        table.add_row(Text(file, style="cyan"))
        for name in members:
            row = (cells.get((name, mode), Text("-", style="dim")) for mode in results.modes)
            table.add_row(Text(f"  {_title(name)}"), *row)
    return Group(table, *_why(results.cases()), Text(), _totals(results))


def _why(cases: Iterable[CaseResult]) -> Iterable[RenderableType]:
    for case in cases:
        for finding in case.findings:
            if finding.verdict is not Verdict.PASS:
                yield Text()
                yield Text.assemble(_word(finding.verdict), f" {finding.check}, {case.mode} mode")
                yield Padding(Text(case.case, overflow="fold", style="cyan"), (0, 0, 0, 2))
                yield Padding(Text(_reason(finding)), (0, 0, 0, 2))


def _reason(finding: FindingRecord) -> str:
    return "\n".join((finding.reason, *finding.details[:6]))


def _totals(results: Results) -> RenderableType:
    cases = results.cases()
    counts = [f"{sum(case.verdict is verdict for case in cases)} {verdict}" for verdict in Verdict]
    seconds = (results.finished - results.started).total_seconds()
    took = f"in {seconds / 60:.1f} min" if seconds >= 60 else f"in {seconds:.0f} s"
    said = f": {', '.join(counts)}, {len(results.skipped)} skipped {took} (Kubernetes {results.kubernetes})"
    text = Text.assemble(_word(results.verdict), said)
    return Group(text, Text(f"incomplete: {results.incomplete}", style="yellow")) if results.incomplete else text


def _word(verdict: Verdict) -> Text:
    return Text(str(verdict) if verdict is Verdict.PASS else str(verdict).upper(), style=_STYLE[verdict])


def _file(case: str) -> str:
    return case.partition("::")[0].removeprefix("suites/").removesuffix(".py")


def _title(case: str) -> str:
    return case.partition("::")[2].removeprefix("test_") or case


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
