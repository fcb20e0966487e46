"""The summary of a run for GitHub: Markdown for a job's step summary."""

from __future__ import annotations

import html
import re

from gauntlet.ground.finding import Verdict
from gauntlet.report.comparison import Cost, comparison
from gauntlet.report.results import Account, Results
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.report.verdicts import Trouble, headline, troubles

ICONS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "❔", Verdict.MEASURED: "▫️"}
# GitHub refuses a step summary above 1 MiB; nobody reads more than this many.
TROUBLES = 40
LETTERS = 600
RULES, RULE_LETTERS = 15, 200


def summary(results: Results) -> str:
    """The verdicts, what did not pass and how to run it again, the subjects side by side, and what each of them is."""
    lines = [
        f"## {_icon(results)} kube-proxy gauntlet: {results.word} (Kubernetes {_plain(results.kubernetes)})",
        "",
        "| Subject | May this cluster take it? | |",
        "|---|---|---|",
    ]
    for subject in results.subjects:
        found = headline(results, subject.name)
        answer = f"{ICONS[found.verdict]} **{found.answer}**"
        lines.append(f"| {_plain(results.heading(subject))} | {answer} | {_plain(found.sentence, found.longest)} |")
    if results.environment:
        set_to = ", ".join(f"{name}={value}" for name, value in results.environment.items())
        lines += ["", f"Tested with {_plain(set_to)}."]
    if results.incomplete:
        lines += ["", f"**The run did not finish: {_plain(results.incomplete)}.**"]
    lines += _troubles(troubles(results))
    lines += _comparison(results)
    lines += ["", *(f"- {_plain(each.name)}: {_plain(each.description)}" for each in results.subjects)]
    lines += ["", "Reproduce this run:", *_fenced(results.reproduce)]
    return "\n".join(lines) + "\n"


def _icon(results: Results) -> str:
    return ICONS[results.outcome if results.is_decided else Verdict.INCONCLUSIVE]


def _troubles(found: tuple[Trouble, ...]) -> list[str]:
    lines: list[str] = []
    for trouble in found[:TROUBLES]:
        lines += ["", f"#### {ICONS[trouble.verdict]} {_plain(trouble.title)} with {_plain(trouble.subject)}", ""]
        lines += _account(trouble.account)
        for finding in trouble.findings:
            lines.append(f"- **{_plain(finding.check)}**: {_plain(finding.reason)}")
            lines += [f"  - SLO: {_plain(finding.promise)}"] if finding.promise else []
            lines += [f"  - next: {_plain(finding.remedy)}"] if finding.remedy else []
        lines += _rules(trouble.account)
        lines += _fenced(trouble.command)
    if len(found) > TROUBLES:
        lines += ["", f"… and {len(found) - TROUBLES} more: see report.html."]
    return lines


def _account(account: Account) -> list[str]:
    told = [("Expected", account.expected), ("Promised", account.promise)]
    return [line for word, text in told if text for line in (f"{word}: {_plain(text)}", "")]


def _rules(account: Account) -> list[str]:
    """What the deciding node does, and where its log is: a summary cannot link to the folder of the run."""
    lines: list[str] = []
    if account.rules:
        shown = [rule[:RULE_LETTERS] for rule in account.rules[:RULES]]
        left = len(account.rules) - len(shown)
        more = [f"... {left} more lines in results.json"] if left else []
        lines += ["", f"The rules on {_plain(account.node)}:", *_block("text", "\n".join([*shown, *more]))]
    if account.files:
        lines += ["", f"In the folder of the run: {', '.join(map(_plain, account.files))}"]
    return lines


def _comparison(results: Results) -> list[str]:
    rows = comparison(results)
    if not rows:
        return []
    lines = ["", "### Outage by subject", "", "| Experiment | " + " | ".join(map(_heading, results.subjects)) + " |"]
    lines.append("|---|" + "---|" * len(results.subjects))
    for row in rows:
        cells = [_outage(cost) for cost in row.costs]
        lines.append(f"| {_plain(row.title)} | " + " | ".join(cells) + " |")
    return lines


def _heading(subject: SubjectRecord) -> str:
    return "<br>".join(_plain(line) for line in (subject.name, subject.beneath) if line)


def _outage(cost: Cost) -> str:
    if cost.outage is None:
        return "no figure" if cost.ran else "not run"
    return f"{ICONS[cost.outage.verdict]} {cost.outage.text}"


def _plain(*texts: str) -> str:
    """Text that Markdown shows as it is, on one line, and not at any length."""
    joined = " ".join(" ".join(text.split()) for text in texts if text)
    short = joined if len(joined) <= LETTERS else joined[:LETTERS] + "…"
    return html.escape(re.sub(r"([\\`*_\[\]|#~@])", r"\\\1", short), quote=False)


def _fenced(command: str) -> list[str]:
    return _block("sh", command)


def _block(language: str, text: str) -> list[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return ["", f"{fence}{language}", text, fence]
