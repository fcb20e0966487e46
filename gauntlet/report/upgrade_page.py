"""What the page of an upgrade has before all cases: its answer, what stands against it, and its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from gauntlet.ground.finding import Verdict
from gauntlet.report.evidence import evidence_of
from gauntlet.report.names import without_namespaces
from gauntlet.report.phase_table import PhaseRow, phase_rows
from gauntlet.report.results import Results
from gauntlet.report.roll_timeline import roll_timeline
from gauntlet.report.upgrade_record import ReasonRecord, UpgradeRecord, is_phase, unbroken

# Of a reason's text: the page is read in a minute.
LETTERS = 360


@dataclass(frozen=True)
class ReasonShown:
    """A reason; its check and its text without what differs from run to run, the text not at any length."""

    record: ReasonRecord
    check: str
    text: str


@dataclass(frozen=True)
class UpgradeShown:
    """An upgrade, ready to show. `missing` says why there is no timeline if there should be one."""

    record: UpgradeRecord
    sentence: str
    reasons: tuple[ReasonShown, ...]
    phases: tuple[PhaseRow, ...]
    timeline: Markup
    missing: str


def upgrade_shown(results: Results, run: Path) -> UpgradeShown | None:
    """The upgrade that a run was; None if it was not one. `run` is the folder that evidence is relative to."""
    upgrade = results.upgrade
    if upgrade is None:
        return None
    of_phases = (finding for finding in results.findings if is_phase(finding.case))
    evidence = evidence_of(run, (path for finding in of_phases for path in finding.evidence))
    drawn = "" if evidence.history is None else roll_timeline(evidence.history, upgrade)
    return UpgradeShown(
        upgrade,
        _sentence(upgrade),
        tuple(
            ReasonShown(each, without_namespaces(each.check), _short(without_namespaces(each.reason)))
            for each in upgrade.reasons
        ),
        phase_rows(results, upgrade),
        Markup(drawn),  # noqa: S704  # drawn by gauntlet.report.svg, which escapes what it writes
        evidence.missing,
    )


def _short(text: str) -> str:
    """All checks of all phases, further down, have the whole of it."""
    return text if len(text) <= LETTERS else f"{text[:LETTERS]}…"


def _sentence(upgrade: UpgradeRecord) -> str:
    failed = sum(each.verdict is Verdict.FAIL for each in upgrade.reasons)
    unclear = len(upgrade.reasons) - failed
    counts = [f"{failed} broken {'promise' if failed == 1 else 'promises'}"] if failed else []
    counts += [f"{unclear} not known"] if unclear else []
    against = f"{' and '.join(counts)}." if counts else unbroken(len(upgrade.accepted))
    phases = f"{len(upgrade.phases)} {'phase' if len(upgrade.phases) == 1 else 'phases'}"
    return f"{against} {upgrade.nodes} nodes, {upgrade.strategy}, {phases}."
