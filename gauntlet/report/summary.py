"""The summary of a run for GitHub: Markdown for a job's step summary."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.finding import Verdict
from gauntlet.report.comparison import Cost, Figure, comparison
from gauntlet.report.difference_record import DifferencesRecord
from gauntlet.report.difference_record import headline as headline_of
from gauntlet.report.differences_page import grouped
from gauntlet.report.losses import losses
from gauntlet.report.markdown import ICONS, fenced, plain
from gauntlet.report.names import title
from gauntlet.report.programming import programming_rows
from gauntlet.report.results import Account, Results
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.report.upgrade_summary import upgrade_summary
from gauntlet.report.verdicts import Trouble, headline, known_defects, troubles

# GitHub refuses a step summary above 1 MiB; nobody reads more than this many.
TROUBLES = 40
# Of those in which a reason shows.
CASES = 3
RULES, RULE_LETTERS = 15, 200


def summary(results: Results) -> str:
    """The verdicts, what did not pass and how to run it again, the subjects side by side, and what each of them is.

    Of an upgrade, its answer with the reasons, and its phases.
    """
    if results.upgrade is not None:
        return upgrade_summary(results, results.upgrade)
    lines = [
        f"## {_icon(results)} kube-proxy gauntlet: {results.word} (Kubernetes {plain(results.kubernetes)})",
        "",
        "| Subject | May this cluster take it? | |",
        "|---|---|---|",
    ]
    for subject in results.subjects:
        found = headline(results, subject.name)
        answer = f"{ICONS[found.verdict]} **{found.answer}**"
        lines.append(f"| {plain(results.heading(subject))} | {answer} | {plain(found.sentence, found.longest)} |")
    lines += [line for each in known_defects(results) for line in ("", f"{ICONS[Verdict.KNOWN_DEFECT]} {plain(each)}")]
    if results.environment:
        set_to = ", ".join(f"{name}={value}" for name, value in results.environment.items())
        lines += ["", f"Tested with {plain(set_to)}."]
    if results.incomplete:
        lines += ["", f"**The run did not finish: {plain(results.incomplete)}.**"]
    lines += _differences(results.differences)
    lines += _troubles(troubles(results))
    lines += _comparison(results)
    lines += _losses(results)
    lines += _programming(results)
    lines += ["", *(f"- {plain(each.name)}: {plain(each.description)}" for each in results.subjects)]
    lines += ["", "Reproduce this run:", *fenced("sh", results.reproduce)]
    return "\n".join(lines) + "\n"


def _icon(results: Results) -> str:
    return ICONS[results.outcome if results.is_decided else Verdict.INCONCLUSIVE]


def _troubles(found: tuple[Trouble, ...]) -> list[str]:
    lines: list[str] = []
    for trouble in found[:TROUBLES]:
        lines += ["", f"#### {ICONS[trouble.verdict]} {plain(trouble.title)} with {plain(trouble.subject)}", ""]
        lines += _account(trouble.account)
        for finding in trouble.findings:
            lines.append(f"- **{plain(finding.check)}**: {plain(finding.reason)}")
            lines += [f"  - SLO: {plain(finding.promise)}"] if finding.promise else []
            lines += [f"  - next: {plain(finding.remedy)}"] if finding.remedy else []
        lines += _rules(trouble.account)
        lines += fenced("sh", trouble.command)
    if len(found) > TROUBLES:
        lines += ["", f"… and {len(found) - TROUBLES} more: see report.html."]
    return lines


def _account(account: Account) -> list[str]:
    told = [("Expected", account.expected), ("Promised", account.promise)]
    return [line for word, text in told if text for line in (f"{word}: {plain(text)}", "")]


def _rules(account: Account) -> list[str]:
    """What the deciding node does, and where its log is: a summary cannot link to the folder of the run."""
    lines: list[str] = []
    if account.rules:
        shown = [rule[:RULE_LETTERS] for rule in account.rules[:RULES]]
        left = len(account.rules) - len(shown)
        more = [f"... {left} more lines in results.json"] if left else []
        lines += ["", f"The rules on {plain(account.node)}:", *fenced("text", "\n".join([*shown, *more]))]
    if account.files:
        lines += ["", f"In the folder of the run: {', '.join(map(plain, account.files))}"]
    return lines


def _differences(differences: DifferencesRecord | None) -> list[str]:
    """What a team that moves reads first: those that nothing declares, then each reason once."""
    if differences is None:
        return []
    lines = ["", "### How the subjects differ", "", plain(headline_of(differences)), ""]
    for each in differences.undeclared[:TROUBLES]:
        stood = "; ".join(stood.line for stood in each.stood)
        at = f"({each.rows} rows, the first {each.row})" if each.row else ""
        lines.append(f"- {ICONS[Verdict.FAIL]} **not declared**: {plain(title(each.case), at)}: {plain(stood)}")
    for group in grouped(differences.declared):
        reasons = " ".join(each.reason for each in group.reasons)
        cases = dict.fromkeys(shown.title for shown in group.shown)
        lines.append(
            f"- {plain(reasons)} *{plain(', '.join(list(cases)[:CASES]))}{' …' if len(cases) > CASES else ''}*"
        )
    for absent in differences.absent:
        icon = ICONS[absent.verdict]
        lines.append(
            f"- {icon} declared, and not seen: {plain(absent.declared.reason)} ({plain(absent.declared.place)})"
        )
    if differences.uncompared:
        lines.append(f"- not compared: {plain(', '.join(map(title, differences.uncompared)))}")
    return lines


def _comparison(results: Results) -> list[str]:
    rows = [(row.title, [_outage(cost) for cost in row.costs]) for row in comparison(results)]
    return _by_subject("Outage by subject", results, rows)


def _losses(results: Results) -> list[str]:
    """Connections cut, UDP flows lost and moved, affinity broken."""
    rows = [(row.title, [_lost(cell) for cell in row.losses]) for row in losses(results)]
    return _by_subject("Kept connections, UDP flows and sticky clients by subject", results, rows)


def _programming(results: Results) -> list[str]:
    """How soon changes of endpoints were in effect."""
    rows = [
        (row.node, [f"{ICONS[each.verdict]} {each.text}" if each else "not run" for each in row.figures])
        for row in programming_rows(results)
    ]
    return _by_subject("Programming latency by subject", results, rows, "Node")


def _by_subject(
    heading: str, results: Results, rows: Sequence[tuple[str, Sequence[str]]], of: str = "Experiment"
) -> list[str]:
    if not rows:
        return []
    lines = ["", f"### {heading}", "", f"| {of} | " + " | ".join(map(_heading, results.subjects)) + " |"]
    lines.append("|---|" + "---|" * len(results.subjects))
    lines += [f"| {plain(title)} | " + " | ".join(cells) + " |" for title, cells in rows]
    return lines


def _heading(subject: SubjectRecord) -> str:
    return "<br>".join(plain(line) for line in (subject.name, subject.beneath) if line)


def _outage(cost: Cost) -> str:
    if cost.outage is None:
        return "no figure" if cost.ran else "not run"
    return f"{ICONS[cost.outage.verdict]} {cost.outage.text}"


def _lost(cell: tuple[Figure, ...] | None) -> str:
    if cell is None:
        return "not run"
    return ", ".join(f"{ICONS[each.verdict]} {each.text}" for each in cell) or "no figure"
