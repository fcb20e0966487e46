"""The subjects side by side: what each experiment cost connections, UDP flows and sticky clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gauntlet.ground.finding import Verdict, split_check
from gauntlet.report.comparison import Figure, side_by_side
from gauntlet.report.figures import shown
from gauntlet.report.names import anchor, title
from gauntlet.report.results import CaseResult, FindingRecord, Results

# What the figure of each of these checks counts.
COUNTED = {
    "connections-cut": "cut",
    "udp-flows-lost": "lost",
    "udp-flows-moved": "moved",
    "affinity-broken": "broken",
}


@dataclass(frozen=True)
class LossRow:
    """One experiment. `losses` are those of each subject that are not nothing; None: it did not run.

    Empty ones are of a subject for which it ran without counting any: it broke off before that.
    """

    title: str
    anchor: str
    losses: tuple[tuple[Figure, ...] | None, ...]


def losses(results: Results) -> tuple[LossRow, ...]:
    """One row for each case that counted what was cut, lost, moved or broken for any subject."""
    return tuple(
        LossRow(title(case), anchor(case), tuple(_cell(found.get(subject)) for subject in results.names))
        for case, found in side_by_side(results, lambda findings: bool(_counts(findings))).items()
    )


def _cell(result: CaseResult | None) -> tuple[Figure, ...] | None:
    if result is None:
        return None
    counts = _counts(result.findings)
    told = [each for each in counts if each.figure or each.verdict.blocks]
    if not told:
        promised = any(each.verdict is Verdict.PASS for each in counts)
        return (Figure(Verdict.PASS if promised else Verdict.MEASURED, "nothing"),) if counts else ()
    return tuple(Figure(each.verdict, _words(each)) for each in told)


def _counts(findings: Iterable[FindingRecord]) -> list[FindingRecord]:
    """The findings with these counts, in the order of COUNTED."""
    order = list(COUNTED)
    mine = [finding for finding in findings if split_check(finding.check)[0] in COUNTED]
    return sorted(mine, key=lambda finding: order.index(split_check(finding.check)[0]))


def _words(finding: FindingRecord) -> str:
    word = COUNTED[split_check(finding.check)[0]]
    return f"{word}: not known" if finding.figure is None else f"{shown(finding.figure, '')} {word}"
