"""JUnit XML of a run: what does not pass is a failure or an error there, too, and never less."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.junit import junit
from gauntlet.report.results import Account, FindingRecord, Results, Skip, records
from tests.unit.report.synthetic import CASE, failing, passing, run
from tests.unit.report.test_upgrade_record import ACCEPTED, upgraded

NODE_PORT = "suites/conformance/test_node_port.py::test_answers"
UNSURE = Finding("answers", Verdict.INCONCLUSIVE, "no attempt \x00 & <nothing>", remedy="look")


def suites(results: Results) -> dict[str, ET.Element]:
    root = ET.fromstring(junit(results))  # noqa: S314  # what we wrote
    return {suite.attrib["name"]: suite for suite in root}


def test_each_case_of_each_subject_has_its_verdict() -> None:
    unsure = records(NODE_PORT, "nftables", [UNSURE])
    found = suites(run((*passing(CASE, "iptables"), *failing(CASE, "nftables"), *unsure)))
    counts = {name: (suite.get("tests"), suite.get("failures"), suite.get("errors")) for name, suite in found.items()}
    assert counts == {"iptables": ("1", "0", "0"), "nftables": ("2", "1", "1")}
    error = found["nftables"].find("testcase/error")
    assert error is not None
    assert error.attrib == {"type": "inconclusive", "message": "answers"}
    # XML has no word for a null byte, which the output of a program may hold.
    assert error.text == "answers (inconclusive): no attempt \ufffd & <nothing>\nlook"
    assert [case.get("classname") for case in found["nftables"]][1] == "conformance.node port"


def test_what_was_skipped_and_a_run_that_did_not_finish_are_there() -> None:
    skip = Skip(case=NODE_PORT, subject="iptables", reason="unsupported")
    whole = run(passing(CASE, "iptables")).model_copy(update={"skipped": (skip,), "incomplete": "Ctrl-C"})
    found = suites(whole)
    assert found["iptables"].get("skipped") == "1"
    assert found["run"].get("errors") == "1"


@pytest.mark.parametrize("findings", [(), passing(CASE, "iptables")], ids=["of nobody", "of the other"])
def test_a_subject_of_which_no_case_ran_is_an_error(findings: tuple[FindingRecord, ...]) -> None:
    skip = Skip(case=NODE_PORT, subject="nftables", reason="unsupported")
    whole = run(findings).model_copy(update={"skipped": (skip,)})
    assert whole.verdict is Verdict.INCONCLUSIVE
    assert suites(whole)["nftables"].get("errors") == "1"


def test_a_failure_of_a_subject_that_was_not_asked_for_is_there() -> None:
    assert suites(run(failing(CASE, "nftables"), "iptables"))["nftables"].get("failures") == "1"


def test_cases_say_how_long_they_took_if_that_is_known() -> None:
    account = Account(case=CASE, subject="nftables", expected="", took_s=1.5)
    both = run((*passing(CASE, "iptables"), *failing(CASE, "nftables"))).model_copy(update={"accounts": (account,)})
    found = suites(both)
    assert (found["nftables"].get("time"), found["nftables"][0].get("time")) == ("1.500", "1.500")
    assert (found["iptables"].get("time"), found["iptables"][0].get("time")) == (None, None)


@pytest.mark.parametrize(("answer", "kind"), [("may", None), ("may not", "failure"), ("cannot tell", "error")], ids=str)
def test_the_answer_of_an_upgrade_is_a_case(answer: str, kind: str | None) -> None:
    whole = upgraded()
    assert whole.upgrade is not None
    record = whole.upgrade.model_copy(update={"answer": answer, "accepted": (ACCEPTED,)})
    (case,) = suites(whole.model_copy(update={"upgrade": record}))["upgrade"]
    assert case.get("name") == "iptables to nftables"
    assert [each.tag for each in case] == ([] if kind is None else [kind])
    if kind is not None:
        assert case[0].get("message") == f"{answer}, with 1 accepted failure"
        assert "the way back: outage: new TCP in roll-back: 1 outage" in (case[0].text or "")
