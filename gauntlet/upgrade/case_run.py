"""Pytest's cases as a phase of an upgrade: which of them it has, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.results import Account, CaseResult, FindingRecord, Results, Skip
from gauntlet.report.upgrade_record import CASES
from gauntlet.upgrade.phases import Phase, Selection, Task

CHECK = "cases"

# By pytest's markers, so that new cases join by themselves. What disrupts goes with the faults: in a phase of
# conformance the traffic of the upgrade has to go on unhurt. Four times a minute of changes at random are for `all`.
MARKERS: Mapping[Selection, Mapping[Task, str]] = {
    Selection.SMOKE: {
        Task.CONFORMANCE: "smoke and conformance and not disruptive",
        Task.FAULTS: "gate and chaos and not slow",
    },
    Selection.GATE: {
        Task.CONFORMANCE: "gate and conformance and not disruptive and not slow and not random",
        Task.FAULTS: "gate and (chaos or conformance and disruptive) and not slow",
    },
    Selection.ALL: {
        Task.CONFORMANCE: "conformance and not disruptive and not slow",
        Task.FAULTS: "gate and chaos or conformance and disruptive and not slow",
    },
}


def markers(phase: Phase, selection: Selection) -> str:
    """The cases of a phase as pytest's -m. While nodes have different kube-proxies, none asks if all are alike."""
    chosen = MARKERS[selection][phase.task]
    return f"{chosen} and not uniform" if phase.side is None else chosen


@dataclass(frozen=True)
class CaseRun:
    """What came of the cases of one phase. `results` is None if pytest ended before it had any.

    `folder` is where they are, relative to that of the upgrade; `trouble` is why they are not all, or not to be relied
    on; empty if nothing is.
    """

    results: Results | None
    folder: str
    trouble: str = ""
    remedy: str = ""

    def finding(self) -> Finding:
        """Whether the cases ran at all. What they found is compared with other phases, and decides nothing alone."""
        ran = () if self.results is None else self.results.cases()
        if self.trouble or not ran:
            reason = self.trouble or "not a single case ran"
            return Finding(CHECK, Verdict.INCONCLUSIVE, reason, float(len(ran)), "cases", remedy=self.remedy)
        return Finding(CHECK, Verdict.PASS, _count(ran), float(len(ran)), "cases")

    def words(self) -> str:
        """What came of them, in words: `31 pass, 1 fail, 2 skipped`."""
        if self.results is None:
            return self.trouble
        skipped = f", {len(self.results.skipped)} skipped" if self.results.skipped else ""
        return f"{_count(self.results.cases())}{skipped}{f'; {self.trouble}' if self.trouble else ''}"


def _count(ran: tuple[CaseResult, ...]) -> str:
    counts = [
        f"{count} {verdict}"
        for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.KNOWN_DEFECT)
        if (count := sum(case.verdict is verdict for case in ran))
    ]
    return ", ".join(counts) or "no case ran"


# Runs the cases of a phase on the cluster as it is, and says what came of them.
RunCases = Callable[[Phase], CaseRun]


def case_id(phase: str, case: str) -> str:
    """What results.json calls a case of a phase: `upgrade::faults-to::suites/...`."""
    return f"{CASES}{phase}::{case}"


def adopted_findings(run: CaseRun, phase: str) -> tuple[FindingRecord, ...]:
    """The findings of the cases as those of an upgrade's phase."""
    return tuple(
        each.model_copy(update={"case": case_id(phase, each.case), "evidence": _below(run.folder, each.evidence)})
        for each in (() if run.results is None else run.results.findings)
    )


def adopted_accounts(run: CaseRun, phase: str) -> tuple[Account, ...]:
    """What the cases say of themselves, as cases of an upgrade's phase."""
    return tuple(
        each.model_copy(update={"case": case_id(phase, each.case), "files": _below(run.folder, each.files)})
        for each in (() if run.results is None else run.results.accounts)
    )


def adopted_skips(run: CaseRun, phase: str) -> tuple[Skip, ...]:
    """The cases that the phase skipped, as those of an upgrade."""
    return tuple(
        each.model_copy(update={"case": case_id(phase, each.case)})
        for each in (() if run.results is None else run.results.skipped)
    )


def _below(folder: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{folder}/{path}" for path in paths)
