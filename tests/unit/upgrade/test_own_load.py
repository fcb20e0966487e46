"""A lost attempt is held against the load of its client's machine: what then stands, and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.upgrade.phases import PhaseHistory
from gauntlet.upgrade.roll_cost import Setting, held
from tests.unit.checkers.histories import BACKENDS, Row, declared, frame, ns
from tests.unit.upgrade.upgrades import TERMS

END_S = 60.0
# Far from the stop and the start of the kube-proxy.
LOST_S = 40.0
REPLACED = (
    Event(EventKind.PROXY_STOPPED, "today", "node-1", at_ns=ns(5)),
    Event(EventKind.PROXY_REPLACED, "next", "node-1", at_ns=ns(8)),
)
LATE_MS = 250.0
LOST = Row(LOST_S, "timeout", 1000.0, late_ms=2.0)


def rows(
    lost: Sequence[Row], *, connection: str = "new", late_ms: float | None = LATE_MS, node: str = "node-1"
) -> list[Row]:
    """Two clients attempt each 50 ms. From the moment at which the first one is lost until its end they begin late."""
    until_s = LOST_S + 1.0
    found = []
    for number in range(int(END_S / 0.05)):
        at_s = number * 0.05
        busy = late_ms if LOST_S < at_s < until_s else 1.0
        late = None if late_ms is None else busy
        found.append(Row(at_s + 0.01, connection=connection, late_ms=late, client="client-2", node=node))
        if not any(each.at_s <= at_s < each.at_s + each.latency_ms / 1000 for each in lost):
            found.append(Row(at_s, connection=connection, late_ms=late if node == "node-1" else 1.0))
    return [*found, *(replace(each, connection=connection) for each in lost)]


def judged(seen: Sequence[Row], events: Sequence[Event] = REPLACED) -> dict[str, Finding]:
    whole = History(frame(seen), history.events(event.row() for event in events))
    setting = Setting({declared(row) for row in seen}, BACKENDS)
    part = PhaseHistory(whole.attempts, whole.events, whole, Stretch(ns(0), ns(END_S)))
    return {finding.check: finding for finding in held(part, setting, TERMS)}


@pytest.mark.parametrize("check", ["outage: new TCP", "availability: new TCP"])
def test_one_that_was_lost_alone_while_clients_began_late_is_nobodys_proof(check: str) -> None:
    found = judged(rows([LOST]))[check]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "began up to 0.250 s late then" in found.reason
    assert found.remedy


def test_a_connection_that_its_client_gave_up_then_is_nobodys_proof_either() -> None:
    found = judged(rows([LOST], connection="kept"))
    assert {found[check].verdict for check in ("outage: kept TCP", "connections-cut")} == {Verdict.INCONCLUSIVE}


RESTARTED = Event(EventKind.PROXY_RESTARTED, "next", "node-1", at_ns=ns(LOST_S - 9))
STANDS = {
    "nobody was late": (rows([LOST], late_ms=199.0), REPLACED),
    "how late was not measured": (rows([LOST], late_ms=None), REPLACED),
    "only clients of another node were late": (rows([LOST], node="node-2"), REPLACED),
    "refused": (rows([replace(LOST, outcome="refused")]), REPLACED),
    "two in a row": (rows([LOST, Row(LOST_S + 1, "timeout", 1000.0, late_ms=300.0)]), REPLACED),
    "two clients": (rows([LOST, replace(LOST, client="client-2", at_s=LOST_S + 0.005)]), REPLACED),
    "another one without any load": (rows([LOST, Row(LOST_S + 10, "timeout", 1000.0, late_ms=2.0)]), REPLACED),
    "near a restart": (rows([LOST]), (*REPLACED, RESTARTED)),
    "while a kube-proxy is away": (rows([LOST]), REPLACED[:1]),
    "just before a stop": (rows([LOST]), (Event(EventKind.PROXY_STOPPED, "today", "node-1", at_ns=ns(LOST_S + 0.5)),)),
    "while a command runs": (rows([LOST]), (Event(EventKind.COMMAND_STARTED, "kubectl", at_ns=ns(1)),)),
}


@pytest.mark.parametrize("case", STANDS)
def test_what_load_does_not_explain_stands(case: str) -> None:
    seen, events = STANDS[case]
    found = judged(seen, events)
    assert {found[check].verdict for check in ("outage: new TCP", "availability: new TCP")} == {Verdict.FAIL}


@pytest.mark.parametrize("seen", [rows([LOST]), *(seen for seen, _ in STANDS.values())])
def test_what_was_lost_never_passes(seen: list[Row]) -> None:
    assert Verdict.PASS not in {found.verdict for check, found in judged(seen).items() if "new TCP" in check}


def test_a_resolution_that_load_made_coarse_says_so() -> None:
    seen = [row for row in rows([]) if not 20 < row.at_s < 20.3]
    late = [replace(row, late_ms=250.0) if 20.3 <= row.at_s < 20.32 else row for row in seen]
    coarse, loaded = judged(seen)["resolution"], judged(late)["resolution"]
    assert {coarse.verdict, loaded.verdict} == {Verdict.INCONCLUSIVE}
    assert "began 0.250 s too late" in loaded.reason
    assert loaded.remedy
    assert "0.250" not in coarse.reason
