"""An upgrade in results.json, and what the reports of every run say of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from gauntlet.cli.main import main
from gauntlet.ground.finding import Verdict
from gauntlet.report import results_file
from gauntlet.report.results import Results
from gauntlet.report.summary import summary
from gauntlet.report.upgrade_record import AcceptedRecord, PhaseRecord, ReasonRecord, UpgradeRecord
from gauntlet.report.verdicts import headline, troubles
from tests.unit.report.synthetic import failing, passing, run

BACK, HOLD = "upgrade::roll-back", "upgrade::hold-to"
BEGAN = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
RECORD = UpgradeRecord(
    today="iptables",
    next="nftables",
    strategy="node-by-node",
    nodes=1,
    phases=(PhaseRecord(name="roll-back", started=BEGAN, ended=None, after={"node-1": "iptables"}),),
    not_run=("conformance-to",),
    hold_s=2,
    answer="may not",
    reasons=(
        ReasonRecord(
            name="the way back: outage: new TCP in roll-back",
            concern="the way back",
            phase="roll-back",
            check="outage: new TCP",
            verdict=Verdict.FAIL,
            reason="1 outage: 0.851 s, 0.030 s after proxy_stopped nftables on node-1",
            promise="roll.outage_s: 0 (slos/upgrade.yaml:5)",
            also_in=("roll-again",),
        ),
    ),
)
ACCEPTED = AcceptedRecord(
    name="the roll itself: outage in roll-back",
    why="we reconnect",
    until=date(2027, 1, 31),
    phase="roll-back",
    check="outage",
)


def upgraded() -> Results:
    whole = run(failing(BACK, "iptables") + passing(HOLD, "nftables"), reproduce="gauntlet upgrade --from iptables")
    return whole.model_copy(update={"upgrade": RECORD, "gate": {}})


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    results_file.write(upgraded(), tmp_path)
    assert results_file.load(tmp_path).upgrade == RECORD


def test_a_run_of_suites_has_none() -> None:
    assert run(()).upgrade is None


def test_an_answer_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError):
        UpgradeRecord.model_validate(RECORD.model_dump() | {"answer": "perhaps"})


def test_a_phase_is_repeated_by_the_whole_upgrade() -> None:
    (trouble,) = troubles(upgraded())
    assert trouble.command == "gauntlet upgrade --from iptables"


def test_whether_the_cluster_may_take_todays_is_not_the_question() -> None:
    assert headline(upgraded(), "iptables").answer == "Not asked"
    # Its own cases passed: that it may not is the answer of the whole upgrade.
    assert headline(upgraded(), "nftables").answer == "May not"


def test_the_report_keeps_the_answer_and_the_exit_code_of_an_upgrade(tmp_path: Path) -> None:
    for answer, accepted, reach, words, code in (
        ("may", (), "", "May", 0),
        ("may", (), "with the cases of smoke alone", "May, with the cases of smoke alone", 0),
        ("may", (ACCEPTED,), "", "May, with 1 accepted failure", 0),
        ("may not", (), "", "May not", 1),
        ("cannot tell", (), "", "Cannot tell", 1),
    ):
        record = RECORD.model_copy(update={"answer": answer, "accepted": accepted, "reach": reach})
        results = upgraded().model_copy(update={"upgrade": record})
        assert headline(results, "nftables").answer == words
        assert summary(results).splitlines()[0].endswith(f" iptables → nftables: {words.lower()}")
        results_file.write(results, tmp_path)
        said = CliRunner().invoke(main, ["report", str(tmp_path)])
        assert said.exit_code == code, said.output
        assert words.lower() in " ".join(said.output.split())
        assert "not decided" not in said.output
