"""The subjects side by side: how soon changes of endpoints were in effect, by node."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.checkers.programming import CHECK
from gauntlet.report.comparison import Figure
from gauntlet.report.results import FindingRecord, Results, SpreadRecord
from gauntlet.report.upgrade_record import CASES


@dataclass(frozen=True)
class ProgrammingRow:
    """One node. `figures` has one for each subject; None: nothing was measured there."""

    node: str
    figures: tuple[Figure | None, ...]


def programming_rows(results: Results) -> tuple[ProgrammingRow, ...]:
    """One row for each node on which the latency of programming was measured with any subject."""
    found = {subject: _finding(results, subject) for subject in results.names}
    nodes = dict.fromkeys(each.of for finding in found.values() if finding for each in finding.spreads)
    return tuple(ProgrammingRow(node, tuple(_figure(found[name], node) for name in results.names)) for node in nodes)


def _finding(results: Results, subject: str) -> FindingRecord | None:
    """That of the case which measures it; what an upgrade measures in its phases is compared among its reasons."""
    mine = (each for each in results.findings if (each.check, each.subject) == (CHECK, subject) and each.spreads)
    return next((each for each in mine if not each.case.startswith(CASES)), None)


def _figure(finding: FindingRecord | None, node: str) -> Figure | None:
    if finding is None:
        return None
    spread = next((each for each in finding.spreads if each.of == node), None)
    return None if spread is None else Figure(finding.verdict, _words(spread, finding.unit))


def _words(spread: SpreadRecord, unit: str) -> str:
    p50, p99, longest = (f"{figure:.2f} {unit}" for figure in (spread.p50, spread.p99, spread.longest))
    off_by = f" ± {spread.resolution:.2f}" if spread.resolution else ""
    return f"p50 {p50}, p99 {p99}, longest {longest}{off_by}"
