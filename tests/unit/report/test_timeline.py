"""From a history to what a timeline shows: bins, marks, windows, and evidence on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, History, Outcome, attempts, events
from gauntlet.report.balance import balance
from gauntlet.report.binning import SUCCESS_BINS, Axis, by_client, client_rows, latency_bins, success_steps
from gauntlet.report.evidence import evidence_of
from gauntlet.report.figures import shown
from gauntlet.report.marks import marks, windows
from gauntlet.report.names import anchor, command, group, node_id, title
from gauntlet.report.timeline import clients_of, span, timeline
from tests.unit.report.synthetic import CASE, START_NS, Shape, history, run

MS = 1_000_000
EMPTY = History(attempts([]), events([]))


def tries(*seen: tuple[float, str], latency_s: float = 0.01) -> pl.DataFrame:
    return attempts(
        {"at_ns": round(at_s * 1e9), "latency_ns": round(latency_s * 1e9), "client_node": "n", "outcome": outcome}
        for at_s, outcome in seen
    )


@pytest.mark.parametrize(("length_s", "bin_s"), [(0.5, 0.01), (16, 0.1), (17, 0.2), (60, 0.5), (600, 5)])
def test_bins_are_round_and_few(length_s: float, bin_s: float) -> None:
    axis = Axis(0, 0.0, length_s)
    assert axis.bin_s(SUCCESS_BINS) == pytest.approx(bin_s)


def test_success_is_a_rate_for_each_bin_and_equal_bins_join() -> None:
    seen = tries((0.01, "ok"), (0.11, "ok"), (0.21, "refused"), (0.25, "ok"), (0.31, "ok"))
    steps = success_steps(seen, Axis(0, 0.0, 16.0))
    assert [(round(step.start_s, 6), round(step.end_s, 6), step.rate, step.segment) for step in steps] == [
        (0.0, 0.2, 1.0, 0),
        (0.2, 0.3, 0.5, 0),
        (0.3, 0.4, 1.0, 0),
    ]


def test_a_silence_is_a_gap() -> None:
    steps = success_steps(tries((0.0, "ok"), (5.0, "ok")), Axis(0, 0.0, 16.0))
    assert [(step.start_s, step.segment) for step in steps] == [(0.0, 0), (5.0, 1)]


def test_a_client_that_waits_for_its_time_out_is_no_gap() -> None:
    seen = tries((0.0, "timeout"), (1.0, "timeout"), (2.0, "timeout"), latency_s=1.0)
    (step,) = success_steps(seen, Axis(0, 0.0, 16.0))
    assert (step.start_s, step.rate) == (0.0, 0.0)
    assert step.end_s == pytest.approx(2.1)


def test_latency_is_of_attempts_that_succeeded() -> None:
    (bin_,) = latency_bins(tries((0.0, "ok"), (0.1, "ok"), (0.2, "timeout")), Axis(0, 0.0, 60.0))
    assert (bin_.p50_ms, bin_.p99_ms) == (10.0, 10.0)


def test_the_outside_host_comes_last_under_its_own_name() -> None:
    assert client_rows(by_client(history(Shape(length_s=2)).attempts)) == ["node-1", "node-2", "node-3", "outside"]


def test_of_many_nodes_the_worst_keep_their_own_rows() -> None:
    rows = [
        {"at_ns": n, "latency_ns": MS, "client_node": f"node-{n:02}", "outcome": "timeout" if n == 37 else "ok"}
        for n in range(50)
    ]
    clients = clients_of(by_client(attempts(rows)))
    assert len(clients) == 10
    assert clients[-1].name == "41 others"
    assert [client.failed for client in clients if client.name == "node-37"] == [1]
    assert sum(client.attempts for client in clients) == 50


def test_time_counts_from_the_injection() -> None:
    axis = span(history(Shape(length_s=9, fault_s=4)))
    assert axis is not None
    assert axis.zero == "the fault was injected"
    assert axis.seconds(START_NS + 4_000_000_000) == 0
    assert axis.start_s == pytest.approx(-4, abs=0.2)


def test_close_events_share_a_label_and_no_label_covers_another() -> None:
    found = history(Shape(outage_s=8, remedy_s=7))
    axis = span(found)
    assert axis is not None
    placed = marks(found.events, axis, 470)
    assert [mark.label for mark in placed] == ["injected, landed", "remedy", "proxy restarted", "healed"]
    assert len({mark.lane for mark in placed[1:]}) == 3, "the last three are too near for one lane"


def test_a_label_near_the_end_is_written_to_the_left() -> None:
    late = events([Event(EventKind.REMEDY_APPLIED, "r", at_ns=9_900_000_000).row()])
    (mark,) = marks(late, Axis(0, 0.0, 10.0), 470)
    assert mark.leftward


def test_a_window_that_was_never_ended_reaches_to_the_end() -> None:
    begun = events([Event(EventKind.WINDOW_STARTED, "hurt", at_ns=2_000_000_000).row()])
    (window,) = windows(begun, Axis(0, 0.0, 10.0))
    assert (window.name, window.start_s, window.end_s) == ("hurt", 2.0, 10.0)


def test_nothing_is_drawn_from_nothing() -> None:
    assert timeline(EMPTY, "empty") == ""
    assert balance(EMPTY.attempts, "empty") == ""


def test_an_outage_of_everything_can_be_drawn() -> None:
    dark = Shape(length_s=4, fault_s=0, outage_s=9, hurt_nodes=("node-1", "node-2", "node-3", None))
    found = history(dark)
    assert set(found.attempts["outcome"]) == {str(Outcome.TIMEOUT)}
    assert "node-1 failed" in timeline(found, "dark")
    assert balance(found.attempts, "dark") == ""


def test_an_uneven_balance_shows_in_the_words_too() -> None:
    drawn = balance(history(Shape(weights=(7, 1.5, 1.5))).attempts, "uneven")
    assert "even is 33.3%" in drawn
    assert "from node-1 69%" in drawn


def test_evidence_may_be_named_by_folder_or_file(tmp_path: Path) -> None:
    history(Shape(length_s=1)).save(tmp_path / "evidence" / "x[1.5]-iptables")
    for path in ("evidence/x[1.5]-iptables", "evidence/x[1.5]-iptables/attempts.parquet"):
        assert evidence_of(tmp_path, [path]).history is not None


def test_evidence_outside_the_run_is_not_followed(tmp_path: Path) -> None:
    history(Shape(length_s=1)).save(tmp_path / "secret")
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    for path in ("../secret", str(tmp_path / "secret"), ""):
        assert evidence_of(run_folder, [path]).history is None


def test_a_history_without_events_is_evidence_too(tmp_path: Path) -> None:
    history(Shape(length_s=1)).save(tmp_path / "e")
    (tmp_path / "e" / "events.parquet").unlink()
    found = evidence_of(tmp_path, ["e"]).history
    assert found is not None
    assert found.events.is_empty()


@pytest.mark.parametrize(
    ("figure", "unit", "text"),
    [
        (8.9412, "s", "8.94 s"),
        (0.0, "s", "0 s"),
        (32680, "rules", "32,680 rules"),
        (1.0, "share", "100 %"),
        (0.99999, "share", "99.99 %"),
        (0.041, "of the fair share", "4.1 % of the fair share"),
    ],
)
def test_figures_are_written_for_people(figure: float, unit: str, text: str) -> None:
    assert shown(figure, unit) == text


def test_names_of_a_case() -> None:
    case = "suites/conformance/test_cluster_ip.py::test_every_node_answers[udp]"
    assert title(case) == "Every node answers (udp)"
    assert group(case) == "conformance / cluster ip"
    assert node_id(case, ProxyMode.NFTABLES) == case[:-1] + "-nftables]"
    assert node_id(CASE, ProxyMode.NFTABLES) == CASE + "[nftables]"
    assert anchor(case) != anchor(case.replace("[udp]", "[tcp]"))
    assert title("") == ""


def test_the_command_names_one_case_and_one_subject() -> None:
    assert command(CASE, "iptables", "iptables", run(()).options, {}) == (
        "pytest 'suites/conformance/test_node_port.py::test_outside[iptables]' --kp-modes=iptables "
        "--kp-seed=4711 --kp-version=1.37"
    )
    assert "suites -k node_port" in command("node_port", "iptables", "iptables", (), {})
    elsewhere = ("--kp-provider=existing", "--kp-context=the staging one")
    assert command(CASE, "iptables", "iptables", elsewhere, {}).endswith(
        "--kp-provider=existing '--kp-context=the staging one'"
    )
    assert command(CASE, "next", "next=nftables@1.37+SomeGate", (), {}) == (
        "pytest 'suites/conformance/test_node_port.py::test_outside[next]' --kp-subjects=next=nftables@1.37+SomeGate"
    )
