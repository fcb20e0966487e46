"""Findings are told which field of an SLO they were held against, and what to do next."""

from __future__ import annotations

import pytest

from gauntlet.checkers.advice import advised
from gauntlet.checkers.experiment import CHECKS
from gauntlet.checkers.terms import FIELDS, under
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.paths import project_root
from gauntlet.promises.slo import load

TERMS = load(project_root() / "slos").terms("kill-proxy", ProxyMode.IPTABLES, "1.37")


def test_a_finding_names_its_promise_with_file_and_line() -> None:
    (found,) = under(TERMS, [Finding("outage", Verdict.FAIL, "3 s", 3.0, "s", 0.0)])
    assert found.promise.startswith("outage_s: 0 (slos/")
    assert found.promise.endswith(")")


@pytest.mark.parametrize("check", sorted(FIELDS))
def test_every_field_that_a_check_names_is_one_of_an_slo(check: str) -> None:
    assert ": null" not in TERMS.field(FIELDS[check])
    assert ".yaml:" in TERMS.field(FIELDS[check])


def test_what_no_slo_promises_names_none() -> None:
    (found,) = under(TERMS, [Finding("landed", Verdict.PASS, "seen")])
    assert found.promise == ""


@pytest.mark.parametrize("check", [*CHECKS, "some-other-check"])
@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_whatever_blocks_says_what_to_do_next(check: str, verdict: Verdict) -> None:
    assert advised(Finding(check, verdict, "so")).remedy


def test_a_remedy_that_is_known_stays_and_what_passes_needs_none() -> None:
    assert advised(Finding("case", Verdict.INCONCLUSIVE, "so", remedy="start Docker")).remedy == "start Docker"
    assert advised(Finding("outage", Verdict.MEASURED, "so")).remedy == ""
    assert advised(Finding("outage", Verdict.PASS, "so")).remedy == ""


def test_what_a_check_is_of_does_not_change_the_advice() -> None:
    alone, about = (advised(Finding(check, Verdict.FAIL, "so")) for check in ("outage", "outage: new TCP"))
    assert alone.remedy == about.remedy != advised(Finding("of nobody's", Verdict.FAIL, "so")).remedy
