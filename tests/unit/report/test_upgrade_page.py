"""The page of an upgrade: the answer first, why, and what it is not about; one timeline for all of its phases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.names import group
from gauntlet.report.page import page
from gauntlet.report.results import Results, records
from gauntlet.report.upgrade_page import LETTERS
from gauntlet.report.upgrade_record import AcceptedRecord, ChangeRecord
from tests.unit.checkers.histories import record
from tests.unit.report.synthetic import run
from tests.unit.report.test_page import HOSTILE, Elements
from tests.unit.report.test_roll_timeline import ROLL, WHOLE, every, out
from tests.unit.report.test_upgrade_record import ACCEPTED, RECORD

FOLDER = "evidence/upgrade"
OUT = Finding("outage: new TCP", Verdict.FAIL, "1 outage", 1.0, "s", 0.0)


def upgraded(**changes: object) -> Results:
    found = (
        *records("upgrade::hold-from", "iptables", [Finding("flows", Verdict.PASS, "all")], [FOLDER]),
        *records("upgrade::roll-forward", "nftables", [OUT], [FOLDER]),
    )
    reasons = tuple(
        each.model_copy(update={"reason": "outside -> kp-upgrade-ddb9b9/echo: 1 s"}) for each in RECORD.reasons
    )
    record_ = WHOLE.model_copy(update={"reasons": reasons, **changes})
    return run(found).model_copy(update={"upgrade": record_, "gate": {}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record(out(every(), 5, 6), ROLL).save(tmp_path / FOLDER)
    return tmp_path


def test_the_answer_comes_first_then_what_stands_against_it_then_the_roll(folder: Path) -> None:
    words = Elements(page(upgraded(), folder)).text
    order = (
        "May this cluster go from iptables to nftables? May not 1 broken promise. 2 nodes, node-by-node, 2 phases.",
        "What stands against it",
        "outage: new TCP the way back · roll-back, roll-again outside -> echo: 1 s",
        "roll.outage_s: 0 (slos/upgrade.yaml:5)",
        "The whole roll node runs iptables",
        "All checks of all phases",
    )
    places = [words.index(each) for each in order]
    assert places == sorted(places)


def test_what_became_of_a_roll_that_stopped_is_said(folder: Path) -> None:
    assert "2 phases. rolled back: node-1" in Elements(page(upgraded(aftermath="rolled back: node-1"), folder)).text


def test_all_phases_share_one_timeline(folder: Path) -> None:
    html = page(upgraded(), folder)
    assert html.count('role="img"') == 1
    assert 'aria-label="Timeline of the upgrade from iptables to nftables' in html


def test_a_fault_of_a_phase_keeps_its_own_picture(folder: Path) -> None:
    fault = "upgrade::faults-to::suites/chaos/test_flush.py::test_nat_flush"
    record(out(every(), 5, 6), ROLL).save(folder / "cases/flush")
    whole = upgraded()
    more = (*whole.findings, *records(fault, "nftables", [OUT], ["cases/flush"]))
    html = page(whole.model_copy(update={"findings": more}), folder)
    assert html.count('role="img"') == 2
    assert group(fault) == "upgrade / faults-to / chaos / flush"


def test_what_is_accepted_gained_different_and_left_out_is_said(folder: Path) -> None:
    gain, design = ChangeRecord(case="a", text="it passes now"), ChangeRecord(case="b", text="not supported")
    found = upgraded(
        answer="may",
        reach="on the way there",
        reasons=(),
        accepted=(ACCEPTED,),
        notes=("accepted, but nothing like it failed: x",),
        gains=(gain,),
        by_design=(design,),
        limits=("Not compared: the rest.",),
        not_run=("roll-back",),
    )
    words = Elements(page(found, folder)).text
    assert "May, with 1 accepted failure , on the way there No promise was broken, except for" in words
    assert "What stands against it Nothing." in words
    for each in (
        "Accepted failures the roll itself: outage in roll-back until 2027-01-31: we reconnect",
        "accepted, but nothing like it failed: x",
        "What is gained A: it passes now",
        "Different by design B: not supported",
        "What this answer is not about Not compared: the rest.",
        "Not run: roll-back.",
    ):
        assert each in words, each


def test_a_reason_is_not_shown_at_any_length(folder: Path) -> None:
    reason = RECORD.reasons[0].model_copy(update={"reason": "x" * 1000})
    text = Elements(page(upgraded(reasons=(reason,)), folder)).text
    assert "x" * LETTERS + "…" in text
    assert "x" * (LETTERS + 1) not in text


def test_each_phase_is_a_row_with_what_is_broken_marked(folder: Path) -> None:
    html = page(upgraded(), folder)
    assert re.search(r'roll-forward</th><td class="whole">16 s</td><td class="figure-of verdict fail">1.00</td>', html)


def test_it_needs_nothing_outside_itself_and_trusts_no_name(folder: Path) -> None:
    hostile = AcceptedRecord(name=HOSTILE, why=HOSTILE, until=ACCEPTED.until)
    reason = RECORD.reasons[0].model_copy(update={"reason": HOSTILE, "check": HOSTILE})
    found = Elements(page(upgraded(accepted=(hostile,), reasons=(reason,), limits=(HOSTILE,)), folder))
    assert not {"script", "img", "iframe"}.intersection(tag for tag, _ in found.found)
    assert not [value for name in ("src", "href") for value in found.values(name) if "//" in value]


def test_a_history_that_is_missing_is_said(tmp_path: Path) -> None:
    assert f"No picture: {FOLDER}/attempts.parquet is missing." in Elements(page(upgraded(), tmp_path)).text
