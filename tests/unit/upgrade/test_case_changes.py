"""What the cases of an upgrade's phases say of the next kube-proxy beside today's."""

from __future__ import annotations

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.report.results import FindingRecord
from gauntlet.upgrade.case_changes import CaseChanges, case_changes, known_defects
from gauntlet.upgrade.case_run import CaseRun
from gauntlet.upgrade.compare import Course
from gauntlet.upgrade.phases import Side
from gauntlet.upgrade.verdict import Concern, Observation
from tests.unit.upgrade.case_runs import CASE, case_run
from tests.unit.upgrade.upgrades import EVERY, SUBJECTS, TERMS

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
WORSE = TERMS.slo.worse


def seen(**runs: CaseRun) -> tuple[Observation, ...]:
    """What stands against the upgrade, if these phases had the case; `_` in a name is a dash."""
    named = {name.replace("_", "-"): run for name, run in runs.items()}
    return case_changes(named, EVERY, SUBJECTS, WORSE, {}).observations


@pytest.mark.parametrize(
    ("today", "following", "verdicts"),
    [
        (PASS, FAIL, [FAIL]),
        (PASS, UNKNOWN, [UNKNOWN]),
        (UNKNOWN, FAIL, [UNKNOWN]),
        (FAIL, FAIL, []),
        (FAIL, PASS, []),
        (PASS, PASS, []),
    ],
)
def test_only_what_fails_with_the_next_one_alone_is_a_reason(
    today: Verdict, following: Verdict, verdicts: list[Verdict]
) -> None:
    found = seen(conformance_from=case_run(today), conformance_to=case_run(following))
    assert [each.finding.verdict for each in found] == verdicts
    assert all((each.phase, each.concern, each.case) == ("conformance-to", Concern.WORSE, CASE) for each in found)


def test_what_fails_with_todays_alone_is_a_gain_and_a_skip_is_by_design() -> None:
    runs = {"conformance-from": case_run(FAIL), "conformance-to": case_run(PASS)}
    assert [each.course for each in case_changes(runs, EVERY, SUBJECTS, WORSE, {}).notes] == [Course.BETTER]
    runs = {"conformance-from": case_run(PASS), "conformance-to": case_run(skipped="it serves no NodePort there")}
    assert [each.course for each in case_changes(runs, EVERY, SUBJECTS, WORSE, {}).notes] == [Course.BY_DESIGN]


LACKS = "iptables mode does not have this"


@pytest.mark.parametrize(
    ("following", "verdicts"), [(PASS, []), (FAIL, [FAIL]), (UNKNOWN, [UNKNOWN]), (Verdict.KNOWN_DEFECT, [])]
)
def test_what_todays_does_not_have_and_the_next_one_fails_is_a_reason(
    following: Verdict, verdicts: list[Verdict]
) -> None:
    found = seen(conformance_from=case_run(skipped=LACKS), conformance_to=case_run(following))
    assert [each.finding.verdict for each in found] == verdicts
    assert all((each.phase, each.concern, each.case) == ("conformance-to", Concern.WORSE, CASE) for each in found)


@pytest.mark.parametrize("mixed", [FAIL, UNKNOWN])
def test_what_todays_does_not_have_says_nothing_of_the_mix(mixed: Verdict) -> None:
    runs = {"conformance_from": case_run(skipped=LACKS), "conformance_to": case_run(PASS)}
    assert seen(**runs, conformance_mixed=case_run(mixed)) == ()


def test_a_reason_says_how_to_look_at_the_case_alone() -> None:
    (found,) = seen(conformance_from=case_run(PASS), conformance_to=case_run(FAIL))
    assert "test_pod_reaches_itself[tcp-nftables]" in found.finding.remedy


def test_a_longer_recovery_from_the_same_fault_is_a_reason() -> None:
    def recovery(figure: float) -> tuple[FindingRecord, ...]:
        return (
            FindingRecord(
                case=CASE, subject="iptables", check="recovery", verdict=Verdict.MEASURED, figure=figure, resolution=0.1
            ),
        )

    short, long = (case_run(PASS, records=recovery(figure)) for figure in (1.0, 9.0))
    (found,) = seen(faults_from=short, faults_to=long)
    assert (found.finding.check, found.finding.verdict, found.phase) == ("recovery", FAIL, "faults-to")
    assert seen(faults_from=long, faults_to=short) == ()


@pytest.mark.parametrize(
    ("today", "following", "mixed", "verdicts"),
    [
        (PASS, PASS, FAIL, [FAIL]),
        (PASS, PASS, UNKNOWN, [UNKNOWN]),
        (PASS, PASS, PASS, []),
        (FAIL, PASS, FAIL, []),
        (PASS, FAIL, FAIL, []),
    ],
)
def test_only_what_both_do_together_and_neither_alone_counts_against_the_mix(
    today: Verdict, following: Verdict, mixed: Verdict, verdicts: list[Verdict]
) -> None:
    found = seen(
        conformance_from=case_run(today), conformance_to=case_run(following), conformance_mixed=case_run(mixed)
    )
    of_mix = [each for each in found if each.phase == "conformance-mixed"]
    assert [each.finding.verdict for each in of_mix] == verdicts
    assert all(each.concern is Concern.ROLL for each in of_mix)


def test_what_the_next_one_does_not_have_says_nothing_of_the_mix() -> None:
    lacks = case_run(skipped="it serves no NodePort there")
    assert seen(conformance_from=case_run(PASS), conformance_to=lacks, conformance_mixed=case_run(FAIL)) == ()


def test_without_the_next_one_alone_the_mix_is_held_against_todays() -> None:
    (found,) = seen(conformance_from=case_run(PASS), conformance_mixed=case_run(FAIL))
    assert (found.phase, found.finding.verdict) == ("conformance-mixed", FAIL)


def test_what_passed_before_and_fails_on_the_way_back_is_of_the_way_back() -> None:
    (found,) = seen(conformance_from=case_run(PASS), conformance_back=case_run(FAIL))
    assert (found.concern, found.phase, found.subject) == (Concern.WAY_BACK, "conformance-back", "iptables")


def test_a_phase_alone_is_compared_with_nothing() -> None:
    assert seen(conformance_to=case_run(FAIL)) == ()
    assert seen(conformance_from=case_run(FAIL)) == ()


def test_a_case_that_did_not_run_afterwards_is_not_known() -> None:
    (found,) = seen(conformance_from=case_run(PASS), conformance_to=CaseRun(None, "", "it broke off"))
    assert found.finding.verdict is UNKNOWN


def defective(name: str, side: Side) -> CaseRun:
    """A run whose case failed, which this known defect explains."""
    explained = FindingRecord(
        case=CASE,
        subject=SUBJECTS[side].name,
        check="truth-table",
        verdict=Verdict.KNOWN_DEFECT,
        reason="4 rows",
        known_defect=name,
    )
    return case_run(subject=SUBJECTS[side], records=(explained,))


def test_a_known_defect_of_the_next_one_alone_is_a_reason_by_its_name() -> None:
    (found,) = seen(conformance_from=case_run(PASS), conformance_to=defective("135266: refused", Side.TO))
    assert (found.finding.check, found.finding.verdict) == ("known-defect", FAIL)
    assert "135266: refused" in found.finding.reason


def test_a_known_defect_of_todays_alone_is_a_gain_and_of_both_neither() -> None:
    both = {"conformance-from": defective("a", Side.FROM), "conformance-to": defective("a", Side.TO)}
    assert case_changes(both, EVERY, SUBJECTS, WORSE, {}) == CaseChanges((), ())
    gone = {**both, "conformance-to": case_run(PASS, subject=SUBJECTS[Side.TO])}
    (gain,) = case_changes(gone, EVERY, SUBJECTS, WORSE, {}).notes
    assert (gain.course, gain.text) == (Course.BETTER, "known defect a, then pass")


def test_only_known_defects_of_the_next_one_are_named_at_the_head() -> None:
    runs = {"conformance-from": defective("a", Side.FROM), "conformance-to": defective("b", Side.TO)}
    assert known_defects(runs, EVERY) == ("b",)


def test_what_both_together_show_of_a_known_defect_is_no_reason() -> None:
    mixed = defective("a", Side.TO)
    assert seen(conformance_from=case_run(PASS), conformance_to=case_run(PASS), conformance_mixed=mixed) == ()


@pytest.mark.parametrize("phase", ["conformance-to", "conformance-mixed"])
def test_what_fails_after_a_skipped_case_is_not_known(phase: str) -> None:
    lacks = case_run(skipped="nftables mode does not have this")
    broken = case_run(UNKNOWN, skipped="nftables mode does not have this")
    (found,) = case_changes({"conformance-from": lacks, phase: broken}, EVERY, SUBJECTS, WORSE, {}).observations
    assert (found.phase, found.finding.verdict) == (phase, UNKNOWN)
    assert found.finding.reason == "skipped, then inconclusive: hold: seen"


@pytest.mark.parametrize(
    ("away", "today", "following", "verdicts"),
    [
        ("conformance-to", PASS, FAIL, [UNKNOWN]),
        # That today's fails it, too, is not known then.
        ("conformance-from", FAIL, FAIL, [UNKNOWN]),
        ("conformance-from", FAIL, PASS, []),
        ("conformance-back", PASS, FAIL, [FAIL]),
    ],
)
def test_what_failed_while_the_api_server_was_away_is_not_known(
    away: str, today: Verdict, following: Verdict, verdicts: list[Verdict]
) -> None:
    runs = {"conformance-from": case_run(today), "conformance-to": case_run(following)}
    found = case_changes(runs, EVERY, SUBJECTS, WORSE, {away: "it did not answer for 60 s"})
    assert [each.finding.verdict for each in found.observations] == verdicts
    assert found.notes == ()


def test_a_case_that_fails_on_mixed_nodes_while_the_api_server_was_away_is_not_known() -> None:
    alike = {name: case_run(PASS) for name in ("conformance-from", "conformance-to")}
    runs = {**alike, "conformance-mixed": case_run(FAIL)}
    (found,) = case_changes(runs, EVERY, SUBJECTS, WORSE, {"conformance-mixed": "it was away"}).observations
    assert found.finding.verdict is UNKNOWN
    assert "it was away: seen" in found.finding.reason


def test_a_wrong_backend_is_wrong_in_a_case_without_an_api_server_too() -> None:
    wrong = FindingRecord(case=CASE, subject="iptables", check="correctness", verdict=FAIL, reason="another answered")
    runs = {"conformance-from": case_run(PASS), "conformance-to": case_run(records=(wrong,))}
    (found,) = case_changes(runs, EVERY, SUBJECTS, WORSE, {"conformance-to": "it was away"}).observations
    assert found.finding.verdict is FAIL


@pytest.mark.parametrize("away", ["faults-from", "faults-to"])
def test_a_recovery_that_took_longer_while_the_api_server_was_away_is_not_known(away: str) -> None:
    runs = {
        name: case_run(
            PASS,
            records=(
                FindingRecord(
                    case=CASE,
                    subject="iptables",
                    check="recovery",
                    verdict=Verdict.MEASURED,
                    figure=figure,
                    resolution=0.1,
                ),
            ),
        )
        for name, figure in (("faults-from", 1.0), ("faults-to", 9.0))
    }
    (found,) = case_changes(runs, EVERY, SUBJECTS, WORSE, {away: "it was away"}).observations
    assert (found.finding.check, found.finding.verdict) == ("recovery", UNKNOWN)
