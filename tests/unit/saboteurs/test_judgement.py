"""A saboteur is caught by what the register names, and by nothing else."""

from __future__ import annotations

import datetime

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.report.results import FindingRecord, Results
from gauntlet.report.subject_record import SubjectRecord
from tests.saboteurs.judgement import Caught, judge
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
FILE = "suites/conformance/test_x.py"
SECONDS = {f"{FILE}::test_even[{protocol}-iptables]": at for protocol, at in (("tcp", 20.0), ("udp", 30.0))}
SABOTEUR = Saboteur(
    "weights-x",
    "x",
    (Catch(f"{FILE}::test_even", "balance"),),
    (f"{FILE}::test_else",),
    (Beside(f"{FILE}::test_even", "latency", "x"),),
    modes=(ProxyMode.IPTABLES,),
)
RED = {
    ("test_even[tcp]", "balance"): Verdict.FAIL,
    ("test_even[udp]", "balance"): Verdict.FAIL,
    ("test_else", "availability"): Verdict.PASS,
}


def judged(found: dict[tuple[str, str], Verdict], saboteur: Saboteur = SABOTEUR) -> tuple[str, ...]:
    """What is complained of."""
    (judgement,) = judge(saboteur, results(found), SECONDS)
    return judgement.complaints


def results(found: dict[tuple[str, str], Verdict]) -> Results:
    findings = (
        FindingRecord(case=f"{FILE}::{case}", subject="iptables", check=check, verdict=verdict)
        for (case, check), verdict in found.items()
    )
    return Results.model_construct(findings=tuple(findings), subjects=(SubjectRecord.model_construct(name="iptables"),))


def test_it_is_caught_by_each_variant_of_its_case() -> None:
    (judgement,) = judge(SABOTEUR, results(RED), SECONDS)
    assert judgement.complaints == ()
    assert judgement.caught == (
        Caught(f"{FILE}::test_even[tcp]", "balance", 20.0),
        Caught(f"{FILE}::test_even[udp]", "balance", 30.0),
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({("test_even[udp]", "balance"): Verdict.PASS}, "test_even[udp] did not fail by balance"),
        ({("test_even[udp]", "balance"): Verdict.INCONCLUSIVE}, "test_even[udp] did not fail by balance"),
        ({("test_else", "availability"): Verdict.FAIL}, "test_else is fail by availability, which is not declared"),
        ({("test_else", "control"): Verdict.INCONCLUSIVE}, "test_else is inconclusive by control"),
        ({("test_even[tcp]", "errors"): Verdict.FAIL}, "test_even[tcp] is fail by errors"),
    ],
)
def test_what_is_not_as_declared_is_complained_of(change: dict[tuple[str, str], Verdict], complaint: str) -> None:
    assert any(complaint in each for each in judged(RED | change))


def test_what_is_declared_may_fail_beside_it() -> None:
    assert judged(RED | {("test_even[tcp]", "latency"): Verdict.FAIL}) == ()


def test_what_a_case_that_caught_it_cannot_tell_besides_is_no_complaint() -> None:
    assert judged(RED | {("test_even[tcp]", "source-address"): Verdict.INCONCLUSIVE}) == ()


def test_cases_that_did_not_run_are_complained_of() -> None:
    assert judged({}) == (f"{FILE}::test_even did not run", f"the witness {FILE}::test_else did not run")


def test_what_is_seen_besides_verdicts_is_complained_of() -> None:
    also = Saboteur(
        "weights-x", "x", SABOTEUR.catches, SABOTEUR.witnesses, modes=SABOTEUR.modes, also=lambda _: ["odd"]
    )
    assert judged(RED, also) == ("odd",)
