"""Cases of an upgrade that did not pass and do not stand against it: in JUnit they are no failures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.junit import junit
from gauntlet.report.results import FindingRecord, Skip, records
from gauntlet.report.upgrade_record import AcceptedRecord, PhaseRecord, ReasonRecord, UpgradeRecord
from tests.unit.report.synthetic import run
from tests.unit.report.test_upgrade_record import ACCEPTED, RECORD

CASE = "suites/conformance/test_node_port.py::test_answers"
TODAY, NEXT = {"node-1": "iptables", "node-2": "iptables"}, {"node-1": "nftables", "node-2": "nftables"}
MIXED = {"node-1": "nftables", "node-2": "iptables"}
PHASES = {
    "conformance-from": TODAY,
    "conformance-mixed": MIXED,
    "conformance-to": NEXT,
    "conformance-back": TODAY,
}
WORSE = RECORD.reasons[0].model_copy(update={"phase": "conformance-to", "case": CASE, "also_in": ()})


def upgrade(
    answer: str, reasons: tuple[ReasonRecord, ...] = (), accepted: tuple[AcceptedRecord, ...] = ()
) -> UpgradeRecord:
    phases = tuple(
        PhaseRecord(name=name, started=RECORD.phases[0].started, ended=None, after=after)
        for name, after in PHASES.items()
    )
    return RECORD.model_copy(update={"phases": phases, "answer": answer, "reasons": reasons, "accepted": accepted})


def found(phase: str, verdict: Verdict, check: str = "answers", case: str = f"::{CASE}") -> tuple[FindingRecord, ...]:
    subject = "iptables" if phase in {"conformance-from", "conformance-back", "roll-back"} else "nftables"
    return records(f"upgrade::{phase}{case}", subject, [Finding(check, verdict, f"because of {check}")])


def elements(
    findings: tuple[FindingRecord, ...], record: UpgradeRecord, skips: tuple[Skip, ...] = ()
) -> dict[str, list[tuple[str, str]]]:
    """What each case of JUnit has in it, by its class: the kind and the message."""
    whole = run(findings).model_copy(update={"upgrade": record, "skipped": skips})
    root = ET.fromstring(junit(whole))  # noqa: S314  # what we wrote
    return {
        case.attrib["classname"]: [(each.tag, each.attrib["message"]) for each in case]
        for case in root.iter("testcase")
        if case.attrib["name"] != "iptables to nftables"
    }


KNOWN = [("skipped", "it fails with iptables, today's kube-proxy: no reason against nftables")]
FAILED = [("failure", "answers")]


def of(phase: str) -> str:
    return f"upgrade.{phase}.conformance.node port"


def test_a_case_that_fails_with_both_is_known_and_no_failure() -> None:
    findings = tuple(each for phase in PHASES for each in found(phase, Verdict.FAIL))
    assert elements(findings, upgrade("may")) == {of(phase): KNOWN for phase in PHASES}


def test_one_that_was_inconclusive_before_anything_was_replaced_is_known() -> None:
    findings = (*found("conformance-from", Verdict.INCONCLUSIVE), *found("conformance-to", Verdict.PASS))
    words = "it is inconclusive with iptables, today's kube-proxy: no reason against nftables"
    assert elements(findings, upgrade("may")) == {
        of("conformance-from"): [("skipped", words)],
        of("conformance-to"): [],
    }


def test_one_that_today_fails_by_a_known_defect_is_known() -> None:
    findings = (*found("conformance-from", Verdict.KNOWN_DEFECT), *found("conformance-mixed", Verdict.FAIL))
    words = "it fails by a known defect with iptables, today's kube-proxy: no reason against nftables"
    assert elements(findings, upgrade("may"))[of("conformance-mixed")] == [("skipped", words)]


@pytest.mark.parametrize(
    ("alone", "does"),
    [(Verdict.FAIL, "fails"), (Verdict.KNOWN_DEFECT, "fails by a known defect"), (None, "is not for it")],
    ids=str,
)
def test_what_the_next_one_alone_does_not_pass_says_nothing_of_both_together(alone: Verdict | None, does: str) -> None:
    findings = (*found("conformance-from", Verdict.PASS), *found("conformance-mixed", Verdict.FAIL))
    skips: tuple[Skip, ...] = ()
    if alone is None:
        skips = (Skip(case=f"upgrade::conformance-to::{CASE}", subject="nftables", reason="it has no such thing"),)
    else:
        findings += found("conformance-to", alone)
    words = f"with nftables alone it {does}: no reason against both together"
    shown = elements(findings, upgrade("may"), skips)
    assert shown[of("conformance-mixed")] == [("skipped", words)]


def test_what_both_alone_pass_is_a_failure_of_both_together() -> None:
    passes = (*found("conformance-from", Verdict.PASS), *found("conformance-to", Verdict.PASS))
    shown = elements((*passes, *found("conformance-mixed", Verdict.FAIL)), upgrade("may not"))
    assert shown[of("conformance-mixed")] == FAILED


def test_what_the_next_one_alone_fails_is_a_failure() -> None:
    findings = (*found("conformance-from", Verdict.PASS), *found("conformance-to", Verdict.FAIL))
    expected = {of("conformance-from"): [], of("conformance-to"): FAILED}
    assert elements(findings, upgrade("may not", (WORSE,))) == expected
    # Whatever became of the reason: what nothing explains is never shown as known.
    assert elements(findings, upgrade("may")) == expected


def test_what_is_a_reason_is_a_failure_even_if_todays_fails_it_too() -> None:
    findings = (*found("conformance-from", Verdict.FAIL), *found("conformance-to", Verdict.FAIL))
    assert elements(findings, upgrade("may not", (WORSE,))) == {
        of("conformance-from"): KNOWN,
        of("conformance-to"): FAILED,
    }


def test_what_todays_never_ran_is_not_known_of_it() -> None:
    findings = found("conformance-to", Verdict.FAIL)
    assert elements(findings, upgrade("cannot tell")) == {of("conformance-to"): FAILED}
    # Of today's after the way back, too late to be known before the next one.
    findings += found("conformance-back", Verdict.FAIL)
    assert elements(findings, upgrade("cannot tell"))[of("conformance-to")] == FAILED


@pytest.mark.parametrize("check", ["case", "answers"])
def test_an_accepted_case_says_until_when(check: str) -> None:
    acceptance = ACCEPTED.model_copy(update={"phase": "conformance-to", "case": CASE, "check": check})
    findings = (*found("conformance-from", Verdict.PASS), *found("conformance-to", Verdict.FAIL))
    shown = elements(findings, upgrade("may", accepted=(acceptance,)))
    assert shown[of("conformance-to")] == [("skipped", "accepted until 2027-01-31: we reconnect")]


def test_what_is_accepted_in_one_phase_is_not_in_another() -> None:
    acceptance = ACCEPTED.model_copy(update={"phase": "conformance-mixed", "case": CASE, "check": "case"})
    findings = (*found("conformance-from", Verdict.PASS), *found("conformance-to", Verdict.FAIL))
    assert elements(findings, upgrade("may", accepted=(acceptance,)))[of("conformance-to")] == FAILED


def test_traffic_of_a_phase_is_excused_by_acceptances_of_all_that_failed_in_it() -> None:
    phase = "roll-back"
    outage = found(phase, Verdict.FAIL, "outage", "")
    record = upgrade("may", accepted=(ACCEPTED,))
    assert elements(outage, record) == {"upgrade": [("skipped", "accepted until 2027-01-31: we reconnect")]}
    both = (*outage, *found(phase, Verdict.FAIL, "outage: kept TCP", ""))
    assert elements(both, record) == {"upgrade": [("failure", "outage; outage: kept TCP")]}
