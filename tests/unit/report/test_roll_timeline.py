"""The timeline of an upgrade: its phases, what each node ran, and who got what meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gauntlet.ground import history as histories
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.report.binning import Axis
from gauntlet.report.roll_lines import MOST_LINES, lines, stays
from gauntlet.report.roll_timeline import bars, roll_timeline
from gauntlet.report.upgrade_record import PhaseRecord, UpgradeRecord
from tests.unit.checkers.histories import EMPTY, T0, Row, frame, ns, record

LENGTH_S = 20.0
AXIS = Axis(T0, 0.0, LENGTH_S)
NODES = {"node-1": "iptables", "node-2": "iptables"}
STOPPED, REPLACED = EventKind.PROXY_STOPPED, EventKind.PROXY_REPLACED
ROLL = (
    Event(STOPPED, "iptables", "node-1", at_ns=ns(5)),
    Event(REPLACED, "nftables", "node-1", at_ns=ns(7)),
    Event(STOPPED, "iptables", "node-2", at_ns=ns(12)),
)


def phase(name: str, start_s: float, end_s: float | None) -> PhaseRecord:
    began = datetime.fromtimestamp(T0 / 1e9, UTC)
    ended = None if end_s is None else began + timedelta(seconds=end_s)
    return PhaseRecord(name=name, started=began + timedelta(seconds=start_s), ended=ended, after=NODES)


def upgrade(*phases: PhaseRecord) -> UpgradeRecord:
    return UpgradeRecord(
        today="iptables",
        next="nftables",
        strategy="node-by-node",
        nodes=2,
        phases=phases,
        hold_s=2,
        answer="may not",
    )


WHOLE = upgrade(phase("hold-from", 0, 4), phase("roll-forward", 4, LENGTH_S))


def every(step_s: float = 0.1, **of: str | None) -> list[Row]:
    return [Row(number * step_s, **of) for number in range(round(LENGTH_S / step_s))]  # type: ignore[arg-type]


def out(rows: Sequence[Row], start_s: float, end_s: float) -> list[Row]:
    return [replace(row, outcome="timeout") if start_s <= row.at_s < end_s else row for row in rows]


def test_clients_are_told_apart_by_place_frontend_and_connection() -> None:
    rows = every() + every(client="node-1") + every(client="outside", node=None) + every(connection="kept")
    assert [line.name for line in lines(History(frame(rows), histories.events([])), AXIS, 2)] == [
        "pods → cluster IP, new TCP",
        "pods → cluster IP, kept TCP",
        "nodes → cluster IP, new TCP",
        "outside → cluster IP, new TCP",
    ]


def test_outages_of_several_clients_at_a_time_are_one_bar_with_the_longest() -> None:
    rows = out(every(), 5, 6) + out(every(client="client-2", node="node-2"), 5.5, 7)
    (line,) = lines(record(rows, ROLL), AXIS, 2)
    (hurt,) = line.hurts
    assert (line.failed, line.attempts.height) == (25, 400)
    assert (hurt.start_s, hurt.end_s) == (5.0, 7.0)
    assert abs(hurt.longest_s - 1.5) < 1e-6


def test_an_outage_that_does_not_end_reaches_to_the_end() -> None:
    (line,) = lines(record(out(every(), 15, LENGTH_S), ()), AXIS, 2)
    assert line.hurts[0].end_s == LENGTH_S


def test_of_many_lines_the_worst_have_their_own() -> None:
    rows: list[Row] = []
    for number in range(MOST_LINES + 3):
        mine = every(0.5, client=f"client-{number}")
        rows += out(mine, 5, 6) if number == MOST_LINES + 2 else mine
    attempts = frame(rows).with_columns(service=("t/" + frame(rows)["client"]))
    found = lines(History(attempts, histories.events([])), AXIS, 2)
    assert len(found) == MOST_LINES
    assert found[-1].name == "4 others"
    assert [line.name for line in found if line.failed] == [
        f"pods → client-{MOST_LINES + 2} cluster IP, new TCP",
    ]
    assert sum(line.attempts.height for line in found) == len(rows)


def test_a_node_runs_nothing_while_it_is_replaced_nor_if_its_next_does_not_come() -> None:
    found = stays(record([], ROLL), list(NODES), "iptables", AXIS)
    assert [(each.node, each.subject, each.start_s, each.end_s) for each in found] == [
        ("node-1", "iptables", 0.0, 5.0),
        ("node-1", "nftables", 7.0, LENGTH_S),
        ("node-2", "iptables", 0.0, 12.0),
    ]


def test_names_of_phases_do_not_stand_on_one_another() -> None:
    short = upgrade(phase("hold-from", 0, 4), phase("conformance-from", 4, 4.5), phase("roll-forward", 4.5, None))
    found = bars(record([], ROLL), short, Axis(T0, 0.0, LENGTH_S * 10))
    assert len({bar.lane for bar in found}) == 3
    assert [(bar.name, bar.rolls) for bar in found] == [
        ("hold-from", False),
        ("conformance-from", False),
        ("roll-forward", True),
    ]
    # One that did not come to its end is as long as the picture.
    assert found[-1].end_s == LENGTH_S * 10


def test_the_drawing_has_every_phase_node_and_line_with_its_figures() -> None:
    drawn = roll_timeline(record(out(every(), 5, 6) + every(client="node-1"), ROLL), WHOLE)
    for word in ("hold-from", "roll-forward", "node-1", "node-2", "10 failed, longest 1.00 s", "none failed"):
        assert f">{word}</text>" in drawn, word
    assert "10 of 200 attempts pods → cluster IP, new TCP failed" in drawn


def test_of_nothing_there_is_no_drawing() -> None:
    assert roll_timeline(History(EMPTY, histories.events([])), WHOLE) == ""
    assert roll_timeline(record(every(), ROLL), upgrade()) == ""
