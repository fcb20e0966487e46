"""The summary of an upgrade for GitHub: the answer, its reasons, its phases, and what it is not about."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.ground.finding import Verdict
from gauntlet.report.markdown import ICONS, fenced, plain
from gauntlet.report.names import without_namespaces
from gauntlet.report.phase_table import COLUMNS, Cell, phase_rows
from gauntlet.report.results import Results
from gauntlet.report.upgrade_record import MOST_REASONS, ReasonRecord, UpgradeRecord, chosen, titled


def upgrade_summary(results: Results, upgrade: UpgradeRecord) -> str:
    """Markdown for a job's step summary."""
    lines = [
        f"## {ICONS[upgrade.verdict]} {plain(results.question(' → '))}: {plain(upgrade.whole_words)}",
        "",
        f"{upgrade.nodes} nodes, {plain(upgrade.strategy)}, Kubernetes {plain(results.kubernetes)}.",
        *(["", f"**{plain(upgrade.aftermath)}**"] if upgrade.aftermath else []),
        *(
            line
            for name in upgrade.known_defects
            for line in ("", f"Known defect of {plain(upgrade.next)}: {plain(name)}")
        ),
        *_reasons(upgrade),
        *_beside(upgrade),
        *_phases(results, upgrade),
        "",
        *(f"- {plain(limit)}" for limit in upgrade.limits),
        "",
        *(f"- {plain(each.name)}: {plain(each.description)}" for each in results.subjects),
        "",
        "Reproduce this run:",
        *fenced("sh", results.reproduce),
    ]
    return "\n".join(lines) + "\n"


def _reasons(upgrade: UpgradeRecord) -> Iterator[str]:
    for number, reason in enumerate(chosen(upgrade.reasons), 1):
        title = titled(without_namespaces(reason.name), reason.verdict, reason.also_in)
        yield from ("", f"{number}. {ICONS[reason.verdict]} **{plain(title)}**")
        yield f"   <br>{plain(without_namespaces(reason.reason))}"
        yield from (f"   <br>{word}: {plain(text)}" for word, text in _known(reason))
    if len(upgrade.reasons) > MOST_REASONS:
        yield from ("", f"… and {len(upgrade.reasons) - MOST_REASONS} more: see report.html.")


def _known(reason: ReasonRecord) -> Iterator[tuple[str, str]]:
    yield from ((word, text) for word, text in (("SLO", reason.promise), ("next", reason.remedy)) if text)


def _beside(upgrade: UpgradeRecord) -> Iterator[str]:
    """Everything that does not stand against it."""
    for each in upgrade.accepted:
        yield from ("", f"Accepted until {each.until} ({plain(each.why)}): {plain(without_namespaces(each.name))}")
    yield from (line for note in upgrade.notes for line in ("", plain(f"{note[:1].upper()}{note[1:]}")))
    for word, changes in (("Better", upgrade.gains), ("By design", upgrade.by_design)):
        yield from (line for each in changes for line in ("", f"{word}: {plain(each.case)}: {plain(each.text)}"))


def _phases(results: Results, upgrade: UpgradeRecord) -> Iterator[str]:
    """Longest outages in seconds, then counts."""
    yield from ("", "Longest outages in seconds by kind of connection, then counts:", "")
    yield "| Phase | took | " + " | ".join(f"{column.above} {column.beneath}" for column in COLUMNS) + " |"
    yield "|---|---:|" + "---:|" * len(COLUMNS)
    for row in phase_rows(results, upgrade):
        cells = " | ".join(_cell(cell) for cell in row.cells)
        yield f"| {ICONS[row.verdict]} {plain(row.name)} | {row.took} | {cells} |"


def _cell(cell: Cell) -> str:
    return f"**{cell.text}**" if cell.verdict is Verdict.FAIL else cell.text
