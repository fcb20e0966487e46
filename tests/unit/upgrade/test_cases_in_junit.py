"""Whatever cases come to in the phases of an upgrade: junit.xml fails if and only if the answer is not `may`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import product
from xml.etree import ElementTree as ET

import pytest

from gauntlet.ground import history
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.promises.accepted import Acceptance
from gauntlet.promises.support import Place, unsupported
from gauntlet.report.junit import junit
from gauntlet.report.results import FindingRecord
from gauntlet.report.upgrade_record import UpgradeRecord
from gauntlet.upgrade.case_changes import case_changes, known_defects
from gauntlet.upgrade.case_run import CaseRun
from gauntlet.upgrade.gate import Plan, Seen
from gauntlet.upgrade.phases import CASES, Selection, Side
from gauntlet.upgrade.record import Run, recorded
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.verdict import Concern, Observation, judge
from tests.unit.checkers.histories import frame
from tests.unit.upgrade.case_runs import CASE, case_run
from tests.unit.upgrade.test_record import CLUSTER, NAMES
from tests.unit.upgrade.upgrades import EVERY, SUBJECTS, TERMS

TODAY = date(2026, 11, 30)
PLANNED = tuple(phase for phase in EVERY if phase.task in CASES)
LACKS = unsupported("ipvs-schedulers", ProxyMode.IPTABLES, "1.37")
ELSEWHERE = unsupported("thousands-of-services", ProxyMode.NFTABLES, "1.37", [Place.EXISTING])
# What a case may come to, by a word for it; None is a phase that the upgrade did not have.
BEFORE = ("pass", "fail", "inconclusive", "known defect", "lacks", "elsewhere")
AFTER = (*BEFORE, None)


def came(word: str, side: Side) -> CaseRun:
    """The run of the case with one of both kube-proxies."""
    subject = SUBJECTS[side]
    if word in ("lacks", "elsewhere"):
        reason = LACKS if word == "lacks" else ELSEWHERE
        assert reason is not None
        return case_run(subject=subject, skipped=reason)
    if word != Verdict.KNOWN_DEFECT:
        return case_run(Verdict(word), subject=subject)
    defect = FindingRecord(
        case=CASE,
        subject=subject.name,
        check="truth-table",
        verdict=Verdict.KNOWN_DEFECT,
        reason="4 rows",
        known_defect="135266: refused",
    )
    return case_run(subject=subject, records=(defect,))


def judged(runs: Mapping[str, CaseRun], *acceptances: Acceptance) -> tuple[UpgradeRecord, ET.Element]:
    """An upgrade whose phases had these runs and in which nothing else was wrong, as it is recorded, and in JUnit."""
    came_to = case_changes(runs, PLANNED, SUBJECTS, TERMS.slo.worse, {})
    sound = Observation("hold-from", Concern.ROLL, Finding("outage", Verdict.PASS, "none"), subject="iptables")
    found = (sound, *came_to.observations)
    of_next = known_defects(runs, PLANNED)
    judgement = judge(
        found, came_to.notes, acceptances=acceptances, known_defects=of_next, subject="nftables", today=TODAY
    )
    events = [Event(EventKind.PHASE_STARTED, each.name, at_ns=number) for number, each in enumerate(PLANNED)]
    seen = Seen(
        History(frame([]), history.events(each.row() for each in events)),
        found,
        judgement,
        Plan(PLANNED, (), Selection.GATE),
        cases=runs,
    )
    began = datetime(2026, 11, 30, tzinfo=UTC)
    made = recorded(Run(CLUSTER, NAMES, Strategy.parse("node-by-node"), ["gauntlet"], began, (), 2.0), seen)
    assert made.upgrade is not None
    return made.upgrade, ET.fromstring(junit(made))  # noqa: S314  # what we wrote


def runs_of(**words: str | None) -> dict[str, CaseRun]:
    """By the name of its phase, of which `_` is a dash."""
    sides = {phase.name: phase.side or Side.TO for phase in PLANNED}
    named = {name.replace("_", "-"): word for name, word in words.items() if word is not None}
    return {name: came(word, sides[name]) for name, word in named.items()}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", AFTER)
def test_junit_says_what_the_answer_says(before: str, after: str | None) -> None:
    for mixed, back in product(AFTER, AFTER):
        runs = runs_of(conformance_from=before, conformance_mixed=mixed, conformance_to=after, conformance_back=back)
        upgrade, root = judged(runs)
        fails = bool(root.findall(".//failure") + root.findall(".//error"))
        assert fails is (upgrade.verdict is not Verdict.PASS), f"{upgrade.answer}, then {mixed}, at last {back}"


def test_what_todays_does_not_have_and_the_next_one_does_wrong_stands_against_it_everywhere() -> None:
    runs = runs_of(conformance_from="lacks", conformance_to="fail")
    upgrade, root = judged(runs)
    (reason,) = upgrade.reasons
    assert (upgrade.answer, reason.case, reason.verdict) == ("may not", CASE, Verdict.FAIL)
    assert LACKS is not None
    assert reason.reason == f"skipped before: {LACKS}; now fail: hold: seen"
    assert upgrade.by_design == ()
    assert len(root.findall(".//failure")) == 2


def test_it_can_be_accepted_as_any_failure() -> None:
    accepted = Acceptance(check="case", case=CASE, reason="nobody here uses it", until=date(2027, 1, 31))
    runs = runs_of(conformance_from="lacks", conformance_to="fail")
    upgrade, root = judged(runs, accepted)
    assert upgrade.words == "may, with 1 accepted failure"
    assert not root.findall(".//failure")
