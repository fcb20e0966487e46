"""The summary of a run for GitHub: Markdown for a job's step summary."""

from __future__ import annotations

import html
import re

from gauntlet.finding import Verdict
from gauntlet.report.comparison import comparison
from gauntlet.report.verdicts import Trouble, headline, troubles
from gauntlet.results import Results

ICONS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "❔"}
# GitHub refuses a step summary above 1 MiB; nobody reads more than this many.
TROUBLES = 40
LETTERS = 600


def summary(results: Results) -> str:
    """The verdicts, what did not pass and how to run it again, and the modes side by side."""
    lines = [
        f"## {ICONS[results.verdict]} kube-proxy gauntlet: {results.verdict} (Kubernetes {_plain(results.kubernetes)})",
        "",
        "| Mode | May this cluster take it? | |",
        "|---|---|---|",
    ]
    for mode in results.modes:
        found = headline(results, mode)
        answer = f"{ICONS[found.verdict]} **{found.answer}**"
        lines.append(f"| {results.heading(mode)} | {answer} | {_plain(found.sentence, found.longest)} |")
    if results.incomplete:
        lines += ["", f"**The run did not finish: {_plain(results.incomplete)}.**"]
    lines += _troubles(troubles(results))
    lines += _comparison(results)
    lines += ["", "Reproduce this run:", *_fenced(results.reproduce)]
    return "\n".join(lines) + "\n"


def _troubles(found: tuple[Trouble, ...]) -> list[str]:
    lines: list[str] = []
    for trouble in found[:TROUBLES]:
        lines += ["", f"#### {ICONS[trouble.verdict]} {_plain(trouble.title)} in {trouble.mode}", ""]
        lines += [f"- **{_plain(finding.check)}**: {_plain(finding.reason)}" for finding in trouble.findings]
        lines += _fenced(trouble.command)
    if len(found) > TROUBLES:
        lines += ["", f"… and {len(found) - TROUBLES} more: see report.html."]
    return lines


def _comparison(results: Results) -> list[str]:
    rows = comparison(results)
    if not rows:
        return []
    lines = ["", "### Outage by mode", "", "| Experiment | " + " | ".join(map(results.heading, results.modes)) + " |"]
    lines.append("|---|" + "---|" * len(results.modes))
    for row in rows:
        cells = [f"{ICONS[cost.verdict]} {cost.outage}" if cost.verdict else "not run" for cost in row.costs]
        lines.append(f"| {_plain(row.title)} | " + " | ".join(cells) + " |")
    return lines


def _plain(*texts: str) -> str:
    """Text that Markdown shows as it is, on one line, and not at any length."""
    joined = " ".join(" ".join(text.split()) for text in texts if text)
    short = joined if len(joined) <= LETTERS else joined[:LETTERS] + "…"
    return html.escape(re.sub(r"([\\`*_\[\]|#~@])", r"\\\1", short), quote=False)


def _fenced(command: str) -> list[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
    return ["", f"{fence}sh", command, fence]
