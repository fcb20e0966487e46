"""Why a case of an upgrade that did not pass does not stand against it: it is known of today's kube-proxy, or accepted.

What nothing here explains stands, whatever the answer is.
"""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.ground.finding import Verdict
from gauntlet.report.results import CaseResult, Results
from gauntlet.report.upgrade_record import CASES, UpgradeRecord, is_phase

_DOES = {
    Verdict.FAIL: "fails",
    Verdict.INCONCLUSIVE: "is inconclusive",
    Verdict.KNOWN_DEFECT: "fails by a known defect",
}


class KnownTrouble:
    """What is known of the cases of one run."""

    def __init__(self, results: Results) -> None:
        self._upgrade = results.upgrade
        self._verdicts = {each.case: each.verdict for each in results.cases()} if results.upgrade else {}
        self._skipped = {each.case for each in results.skipped} if results.upgrade else set()

    def of(self, result: CaseResult) -> str:
        """Why this case is no reason against the next kube-proxy, in words; empty if it may be one."""
        upgrade = self._upgrade
        if upgrade is None or not result.verdict.blocks or not result.case.startswith(CASES):
            return ""
        if is_phase(result.case):
            return _of_phase(upgrade, result)
        phase, _, case = result.case.removeprefix(CASES).partition("::")
        if any(each.case == case and phase in (each.phase, *each.also_in) for each in upgrade.reasons):
            return ""
        accepted = next((each.words for each in upgrade.accepted if (each.phase, each.case) == (phase, case)), "")
        return accepted or self._of_todays(upgrade, phase, case) or self._of_one_alone(upgrade, phase, case)

    def _of_todays(self, upgrade: UpgradeRecord, phase: str, case: str) -> str:
        """That today's kube-proxy did not pass the case either, on all nodes, in this phase or before it."""
        seen = [verdict for verdict in self._verdicts_of_todays(upgrade, phase, case) if verdict is not None]
        if not seen or Verdict.PASS in seen:
            return ""
        return f"it {_DOES[seen[0]]} with {upgrade.today}, today's kube-proxy: no reason against {upgrade.next}"

    def _of_one_alone(self, upgrade: UpgradeRecord, phase: str, case: str) -> str:
        """That a case of nodes with different kube-proxies does not pass with one of them, or is not for it."""
        after = {each.name: frozenset(each.after.values()) for each in upgrade.phases}
        if len(after.get(phase, ())) < 2:
            return ""
        for name, subjects in after.items():
            alone = f"{CASES}{name}::{case}"
            verdict = self._verdicts.get(alone, Verdict.PASS)
            does = "is not for it" if alone in self._skipped else _DOES.get(verdict)
            if len(subjects) == 1 and does:
                return f"with {''.join(subjects)} alone it {does}: no reason against both together"
        return ""

    def _verdicts_of_todays(self, upgrade: UpgradeRecord, phase: str, case: str) -> Iterator[Verdict | None]:
        for each in upgrade.phases:
            if set(each.after.values()) == {upgrade.today}:
                yield self._verdicts.get(f"{CASES}{each.name}::{case}")
            if each.name == phase:
                return


def _of_phase(upgrade: UpgradeRecord, result: CaseResult) -> str:
    """Of traffic in a phase, only what was accepted is no reason."""
    phase = result.case.removeprefix(CASES)
    accepted = {(each.phase, each.check): each.words for each in upgrade.accepted if not each.case}
    words = [accepted.get((phase, each.check), "") for each in result.findings if each.verdict.blocks]
    return "; ".join(dict.fromkeys(words)) if all(words) else ""
