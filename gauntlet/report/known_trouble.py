"""Why a case of an upgrade that did not pass does not stand against it: it is known of today's kube-proxy, or accepted.

What nothing here explains stands, whatever the answer is.
"""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.ground.finding import Verdict
from gauntlet.report.results import CaseResult, Results
from gauntlet.report.upgrade_record import CASES, UpgradeRecord, is_phase

_DOES = {Verdict.FAIL: "fails", Verdict.INCONCLUSIVE: "is inconclusive"}


def known_trouble(results: Results, result: CaseResult) -> str:
    """Why this case of a run is no reason against the next kube-proxy, in words; empty if it may be one."""
    upgrade = results.upgrade
    if upgrade is None or not result.verdict.blocks or not result.case.startswith(CASES):
        return ""
    if is_phase(result.case):
        return _of_phase(upgrade, result)
    phase, _, case = result.case.removeprefix(CASES).partition("::")
    if any(each.case == case and phase in (each.phase, *each.also_in) for each in upgrade.reasons):
        return ""
    return _accepted(upgrade, f" of {case}") or _of_todays(results, upgrade, phase, case)


def _of_phase(upgrade: UpgradeRecord, result: CaseResult) -> str:
    """Of traffic in a phase, only what was accepted is no reason."""
    phase = result.case.removeprefix(CASES)
    blocking = [each for each in result.findings if each.verdict.blocks]
    words = [_accepted(upgrade, f": {each.check} in {phase}") for each in blocking]
    return "; ".join(dict.fromkeys(words)) if all(words) else ""


def _accepted(upgrade: UpgradeRecord, about: str) -> str:
    """Until when a failure whose name ends so is accepted, and why; empty if it is not."""
    mine = (each for each in upgrade.accepted if each.name.endswith(about))
    return next((f"accepted until {each.until}: {each.why}" for each in mine), "")


def _of_todays(results: Results, upgrade: UpgradeRecord, phase: str, case: str) -> str:
    """That today's kube-proxy did not pass the case either, on all nodes, in this phase or before it."""
    seen = [verdict for verdict in _verdicts_of_todays(results, upgrade, phase, case) if verdict is not None]
    if not seen or Verdict.PASS in seen:
        return ""
    return f"it {_DOES[seen[0]]} with {upgrade.today}, today's kube-proxy: no reason against {upgrade.next}"


def _verdicts_of_todays(results: Results, upgrade: UpgradeRecord, phase: str, case: str) -> Iterator[Verdict | None]:
    verdicts = {each.case: each.verdict for each in results.cases()}
    for each in upgrade.phases:
        if set(each.after.values()) == {upgrade.today}:
            yield verdicts.get(f"{CASES}{each.name}::{case}")
        if each.name == phase:
            return
