"""The verdicts as text, for a terminal of 80 columns, a narrower one, or a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gauntlet.ground.finding import Verdict
from gauntlet.ground.screen import fitted
from gauntlet.report.difference_record import DifferencesRecord, headline
from gauntlet.report.figures import EFFORT, measured, shown
from gauntlet.report.names import group, title
from gauntlet.report.results import CaseResult, Results
from gauntlet.report.verdicts import Trouble, known_defects, troubles, undecided

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.KNOWN_DEFECT: "magenta",
}
# Of a column, in a terminal of 80: with three or more subjects, what is longer than a verdict goes to a second line.
NARROW, WIDE = 13, 20
# What is left for the case, and for the line and the space between columns, if there are so many that they must fold.
OF_THE_CASE, BETWEEN = 20, 2
# The longest words that do not fold then: skipped, not run.
NARROWEST = 7
WORDS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "FAIL",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.KNOWN_DEFECT: "known defect",
}


def show_verdicts(console: Console, results: Results) -> None:
    """Print cases as rows, subjects as columns; below it each case that did not pass, why, and how to run it again."""
    console.print(fitted(console, _table(results, console)))
    if results.incomplete:
        console.print(Text(f"The run did not finish: {results.incomplete}.", style=STYLES[Verdict.INCONCLUSIVE]))
    if not results.findings:
        console.print(Text("No case left a finding: nothing was learnt.", style=STYLES[Verdict.INCONCLUSIVE]))
    for line in undecided(results):
        console.print(Text(line, style=STYLES[Verdict.INCONCLUSIVE]))
    for line in known_defects(results):
        console.print(Text(line, style=STYLES[Verdict.KNOWN_DEFECT]))
    for line, verdict in (*_differences(results.differences), *_efforts(results)):
        console.print(Text(line, style=STYLES.get(verdict, "dim")))
    for subject in results.subjects:
        console.print(Text(f"{subject.name}: {subject.description}", style="dim"))
    for name, value in results.environment.items():
        console.print(Text(f"tested with {name}={value}", style="dim"))
    for trouble in troubles(results):
        console.print(_why(trouble))
        # Commands are printed whole, so that they can be copied.
        console.print(Text(f"  {trouble.command}", style="dim"), soft_wrap=True)
    if results.skipped:
        skipped = f"{len(results.skipped)} skipped as unsupported; results.json has the reasons."
        console.print(Text(skipped, style="dim"))


def _differences(differences: DifferencesRecord | None) -> Iterator[tuple[str, Verdict]]:
    """How the subjects differ, and each way in which they must not; a line each, with the verdict that colours it."""
    if differences is None:
        return
    yield headline(differences), Verdict.FAIL if differences.fails else Verdict.MEASURED
    for each in differences.undeclared:
        stood = "; ".join(stood.line for stood in each.stood)
        at = f", {each.row}" if each.row else ""
        yield f"not declared in differences.yaml: {title(each.case)}{at}: {stood}", Verdict.FAIL
    for absent in differences.missed:
        place = absent.declared.place
        yield f"declared to show up always, and not seen: {absent.declared.reason} ({place})", Verdict.FAIL


def _efforts(results: Results) -> Iterator[tuple[str, Verdict]]:
    """How much was tried by cases that choose what they try, a line each."""
    for each in results.findings:
        if each.check == EFFORT:
            yield f"{title(each.case)} with {each.subject}: {each.reason}", each.verdict


def _table(results: Results, console: Console) -> Table:
    word = WORDS[results.verdict] if results.word == results.verdict else results.word
    table = Table(
        title=f"{word} · Kubernetes {results.kubernetes}",
        title_style=STYLES[results.outcome if results.is_decided else Verdict.INCONCLUSIVE],
        expand=console.is_terminal,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("case", overflow="fold", ratio=1)
    widest = WIDE if len(results.subjects) <= 2 else NARROW
    room = (console.width - OF_THE_CASE) // len(results.subjects) - BETWEEN if results.subjects else NARROW
    narrowest = max(NARROWEST, min(NARROW, room))
    for subject in results.subjects:
        heading = "\n".join(line for line in (subject.name, subject.beneath) if line)
        table.add_column(heading, overflow="fold", min_width=narrowest, max_width=max(narrowest, min(widest, room)))
    before = None
    for case, found in sorted(results.by_case().items(), key=lambda item: group(item[0])):
        if before is not None and group(case) != before:
            table.add_section()
        before = group(case)
        cells = [_cell(found[name]) if name in found else _absent(results, case, name) for name in results.names]
        table.add_row(Text(title(case)), *cells)
    return table


def _cell(result: CaseResult) -> Text:
    text = Text(WORDS[result.verdict], style=STYLES[result.verdict])
    outage = measured(result.findings, "outage")
    if outage is not None and outage.figure:
        text.append(f" {shown(outage.figure, 's')}", style="dim")
    return text


def _absent(results: Results, case: str, subject: str) -> Text:
    skipped = any((skip.case, skip.subject) == (case, subject) for skip in results.skipped)
    return Text("skipped" if skipped else "not run", style="dim")


def _why(trouble: Trouble) -> Text:
    text = Text("\n")
    text.append(f"{WORDS[trouble.verdict]} ", style=STYLES[trouble.verdict])
    text.append(f"{trouble.title}", style="bold").append(f" with {trouble.subject}")
    if trouble.account.expected:
        text.append(f"\n  expected: {trouble.account.expected}")
    told = ""
    for finding in trouble.findings:
        text.append(f"\n  {finding.check}: {finding.reason}")
        # Findings that say the same follow each other: the last tells what to do.
        if finding.remedy and finding.remedy != told:
            told = finding.remedy
            text.append(f"\n    next: {told}", style="bold")
    return text
