"""What GitHub shows of an upgrade: the step summary, and annotations."""

from __future__ import annotations

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.annotations import ACTIONS, MOST, workflow_commands
from gauntlet.report.results import Results, records
from gauntlet.report.summary import summary
from gauntlet.report.upgrade_record import MOST_REASONS, ChangeRecord, UpgradeRecord
from gauntlet.report.watch_record import WatchRecord
from tests.unit.report.test_upgrade_record import ACCEPTED, BACK, RECORD, upgraded

IN_ACTIONS = {ACTIONS: "true"}


def with_(**changes: object) -> Results:
    return upgraded().model_copy(update={"upgrade": RECORD.model_copy(update=changes)})


def test_the_summary_has_the_answer_and_its_reasons_first() -> None:
    lines = summary(with_(limits=("Not run: the rest.",), accepted=(ACCEPTED,))).splitlines()
    assert "**rolled back: node-1**" in summary(with_(aftermath="rolled back: node-1")).splitlines()
    assert lines[0] == "## ❌ iptables → nftables: may not, with 1 accepted failure"
    assert lines[4] == "1. ❌ **the way back: outage: new TCP in roll-back, also in roll-again**"
    assert "Accepted until 2027-01-31 (we reconnect): the roll itself: outage in roll-back" in lines
    assert "- Not run: the rest." in lines
    assert "gauntlet upgrade --from iptables" in lines


def test_what_is_gained_and_what_differs_by_design_is_there() -> None:
    gain, design = ChangeRecord(case="a", text="it passes now"), ChangeRecord(case="b", text="not supported")
    text = summary(with_(gains=(gain,), by_design=(design,)))
    assert "Better: a: it passes now" in text
    assert "By design: b: not supported" in text


def test_each_phase_is_a_row_with_its_figures() -> None:
    found = records(
        BACK,
        "iptables",
        [
            Finding("outage: new TCP", Verdict.FAIL, "out", 0.851, "s", 0.0),
            Finding("affinity-broken: t/sticky", Verdict.PASS, "kept", 0.0, "clients"),
        ],
    )
    text = summary(with_().model_copy(update={"findings": found}))
    assert "| ❌ roll-back | not over | **0.85** | - | - | - | - | - | - | 0 | - |" in text


def test_the_first_of_each_concern_is_shown_however_many_stand_before_it() -> None:
    """As on the page in the terminal: eight of one kind hide nothing of another."""
    many = RECORD.reasons * (MOST_REASONS + 4)
    left = RECORD.reasons[0].model_copy(update={"name": "left behind: residue in mixed", "concern": "left behind"})
    whole = with_(reasons=(*many, left))
    assert f"{MOST_REASONS}. ❌ **left behind: residue in mixed, also in roll-again**" in summary(whole)
    assert f"… and {len(many) + 1 - MOST_REASONS} more: see report.html." in summary(whole)
    lines = workflow_commands(whole, IN_ACTIONS)
    assert sum("::left behind: residue in mixed: " in line for line in lines) == 1
    assert lines[-1].endswith(f"::{len(many) + 1 - (MOST - 1)} more: see report.html")


def test_names_of_namespaces_differ_from_run_to_run_and_are_left_out() -> None:
    sticky = "affinity-broken: kp-upgrade-d8884a/sticky"
    reason = RECORD.reasons[0].model_copy(
        update={"name": f"the roll itself: {sticky} in mixed", "reason": "client-1 left kp-upgrade-d8884a/echo"}
    )
    whole = with_(reasons=(reason,), accepted=(ACCEPTED.model_copy(update={"name": sticky}),))
    for text in (summary(whole), "\n".join(workflow_commands(whole, IN_ACTIONS))):
        assert "the roll itself: affinity-broken: sticky in mixed" in text
        assert "client-1 left echo" in text
        assert "kp-upgrade" not in text


def test_a_watch_is_called_by_what_was_watched() -> None:
    whole = with_(strategy="watch of ./roll.sh").model_copy(update={"watch": WatchRecord(command=("./roll.sh",))})
    assert summary(whole).startswith("## ❌ watch of ./roll.sh: may not\n")
    assert workflow_commands(whole, IN_ACTIONS)[0].startswith("::error title=watch of ./roll.sh%3A may not::")


def test_annotations_are_for_github_actions_alone() -> None:
    assert workflow_commands(upgraded(), {}) == ()
    assert workflow_commands(upgraded(), IN_ACTIONS) == (
        "::error title=iptables to nftables%3A may not::the way back: outage: new TCP in roll-back: "
        "1 outage: 0.851 s, 0.030 s after proxy_stopped nftables on node-1",
    )


def test_an_upgrade_that_may_is_a_notice_and_what_is_accepted_a_warning() -> None:
    lines = workflow_commands(
        with_(answer="may", reasons=(), reach="on the way there", accepted=(ACCEPTED,)), IN_ACTIONS
    )
    title = "title=iptables to nftables%3A may%2C with 1 accepted failure"
    assert lines[0] == f"::notice {title}::may, with 1 accepted failure, on the way there"
    assert lines[1].startswith(f"::warning {title}::accepted until 2027-01-31 (we reconnect): ")


def test_an_answer_that_is_not_known_is_an_error_whatever_else_is_there() -> None:
    assert workflow_commands(with_(answer="cannot tell", reasons=()), IN_ACTIONS)[0].startswith("::error ")


def test_what_github_would_not_show_is_counted() -> None:
    lines = workflow_commands(with_(reasons=RECORD.reasons * (MOST + 5)), IN_ACTIONS)
    assert len(lines) == MOST
    assert lines[-1].endswith("::6 more: see report.html")


def test_a_line_break_does_not_end_an_annotation() -> None:
    reason = RECORD.reasons[0].model_copy(update={"reason": "100%\nof two lines"})
    (line,) = workflow_commands(with_(reasons=(reason,)), IN_ACTIONS)
    assert line.endswith(": 100%25%0Aof two lines")
    assert isinstance(upgraded().upgrade, UpgradeRecord)
