"""What an experiment cost kept connections, UDP flows and sticky clients, by who was to be hurt at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gauntlet.checkers.experiment import judge
from gauntlet.checkers.losses import LOSSES
from gauntlet.checkers.windows import WINDOWS
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import EventKind
from tests.unit.checkers.experiments import (
    DECLARED,
    EVENTS,
    KEPT,
    STICKY,
    TCP,
    UDP,
    judged,
    promise,
    reach,
    traffic,
    wrong,
)
from tests.unit.checkers.histories import BACKENDS, Row, event, record

AFFINE = {"service": STICKY.service}


def befallen(
    kind: Mapping[str, str],
    node: str,
    begin_s: float,
    fate: Mapping[str, str | float | None],
    end_s: float | None = None,
) -> list[Row]:
    """The rows of those with something to keep, of which one kind on one node meets this fate for a time."""

    def mine(row: Row) -> bool:
        made = {"connection": "new", "protocol": "tcp", "service": "test/web", **kind}
        is_it = all(getattr(row, name) == value for name, value in made.items()) and row.node == node
        return is_it and begin_s <= row.at_s < (end_s or begin_s + 0.1)

    return [replace(row, **fate) if mine(row) else row for row in KEPT]  # type: ignore[arg-type]


CUT = {"outcome": "reset", "backend": None}
DEAD = {"outcome": "timeout", "backend": None, "latency_ms": 90.0}


@pytest.mark.parametrize("node", ["node-1", "node-3"])
@pytest.mark.parametrize(
    ("kind", "fate", "end_s", "expected"),
    [
        (TCP, CUT, None, {"connections-cut"}),
        (UDP, DEAD, 10, {"udp-flows-lost", "recovery"}),
        (UDP, {"backend": "backend-2"}, 26, {"udp-flows-moved"}),
        (AFFINE, {"backend": "backend-2"}, 26, {"affinity-broken"}),
    ],
)
def test_what_nobody_may_lose_fails_by_name(
    kind: Mapping[str, str], fate: Mapping[str, str | float | None], end_s: float | None, expected: set[str], node: str
) -> None:
    found = judged("kill-proxy", traffic(), keepers=befallen(kind, node, 6, fate, end_s))
    assert wrong(found) == dict.fromkeys(expected, Verdict.FAIL)
    (loss,) = expected & set(LOSSES)
    assert found[loss].figure == 1
    assert f"keeper-{node} ({node}) by cluster_ip: 1" in found[loss].reason
    assert "after fault_injected the-fault on node-1" in found[loss].details[0]


def test_a_lost_datagram_is_no_lost_flow() -> None:
    assert wrong(judged("kill-proxy", traffic(), keepers=befallen(UDP, "node-1", 6, DEAD))) == {}


def test_what_is_not_promised_is_measured_through_the_hurt_node_and_none_elsewhere() -> None:
    def broken(node: str) -> Finding:
        keepers = befallen(AFFINE, node, 13, {"backend": "backend-2"}, 26)
        return judged("flush-nat", traffic(), keepers=keepers)["affinity-broken"]

    here, elsewhere = broken("node-1"), broken("node-3")
    assert (here.verdict, here.figure) == (Verdict.MEASURED, 1)
    assert (elsewhere.verdict, elsewhere.figure) == (Verdict.FAIL, 1)
    assert "through the hurt node 0 times a client met another backend" in elsewhere.reason
    assert "elsewhere 1 times a client met another backend" in elsewhere.reason


def test_what_is_promised_nowhere_is_measured_everywhere() -> None:
    slo = promise("flush-nat").model_copy(update={"losses_elsewhere": None})
    keepers = befallen(AFFINE, "node-3", 13, {"backend": "backend-2"}, 26)
    history = record([*traffic(), *keepers], EVENTS)
    found = judge(history, slo, "node-1", BACKENDS, DECLARED, reach=reach("flush-nat"), sticky=STICKY)
    assert {each.verdict for each in found if each.check == "affinity-broken"} == {Verdict.MEASURED}


def test_a_backend_on_a_node_that_is_cut_off_may_end_what_leads_to_it() -> None:
    """Kept connections of others may end if they lead there, and not if they lead elsewhere."""

    def cut(backend: str) -> Verdict:
        leading = [
            replace(row, backend=backend, backend_node=backend.replace("backend", "node"))
            if row.node == "node-2" and row.at_s < 6
            else row
            for row in befallen(TCP, "node-2", 6, CUT)
        ]
        return judged("partition-nodes", traffic(), keepers=leading)["connections-cut"].verdict

    assert cut("backend-1") is Verdict.MEASURED
    assert cut("backend-2") is Verdict.FAIL


@pytest.mark.parametrize("name", ["stop-proxy", "partition-api"])
def test_flows_to_a_removed_endpoint_may_end_and_have_to_move(name: str) -> None:
    events, gone = [*EVENTS, event(5.5, EventKind.ENDPOINT_CHANGED)], frozenset({"backend-1"})

    def lost(node: str, end_s: float) -> dict[str, Verdict]:
        """Those of the clients on this node led to the removed one, and go on at another after a time."""
        leading = [replace(row, backend="backend-1" if row.at_s < 6 else "backend-2") for row in KEPT]
        dead = [
            replace(row, **DEAD) if row.node == node and row.protocol == "udp" and 6 <= row.at_s < end_s else row  # type: ignore[arg-type]
            for row in leading
        ]
        cut = [
            replace(row, **CUT) if row.connection == "kept" and row.protocol == "tcp" and row.at_s == 6 else row  # type: ignore[arg-type]
            for row in dead
        ]
        return wrong(judged(name, traffic(), events, keepers=cut, removed=gone))

    assert "udp-flows-lost" not in lost("node-1", 11)
    assert lost("node-2", 11)["udp-flows-lost"] is Verdict.FAIL
    assert set(lost("node-2", 7)).isdisjoint(LOSSES)


def test_a_udp_flow_that_stays_dead_is_no_recovery_whatever_is_promised_of_flows() -> None:
    found = judged("stop-proxy", traffic(), keepers=befallen(UDP, "node-1", 6, DEAD, 27))
    assert found["udp-flows-lost"].verdict is Verdict.MEASURED
    assert found["recovery"].verdict is Verdict.FAIL
    assert found["after"].verdict is Verdict.FAIL


def test_a_udp_flow_need_not_come_back_through_the_hurt_node_if_nothing_is_promised_of_that() -> None:
    def found(node: str) -> dict[str, Verdict]:
        slo = promise("stop-proxy").model_copy(update={"udp_flows_return": False})
        history = record([*traffic(), *befallen(UDP, node, 6, DEAD, 27)], EVENTS)
        found = judge(history, slo, "node-1", BACKENDS, DECLARED, reach=reach("stop-proxy"), sticky=STICKY)
        return {each.check: each.verdict for each in found}

    there, elsewhere = found("node-1"), found("node-3")
    assert {there[check] for check in ("recovery", "after")} == {Verdict.PASS}
    assert there["udp-flows-lost"] is Verdict.MEASURED
    assert {elsewhere[check] for check in ("recovery", "after")} == {Verdict.FAIL}


def test_a_sticky_client_that_waits_for_its_backend_breaks_no_promised_share() -> None:
    keepers = befallen(AFFINE, "node-1", 6, DEAD, 12)
    found = judged("stop-proxy", traffic(), keepers=keepers)
    assert found["availability"].verdict is Verdict.PASS
    assert found["outage"].figure == pytest.approx(6, abs=0.1)


def test_new_datagrams_and_sticky_clients_may_not_fail_if_nobody_may() -> None:
    for kind in ({"protocol": "udp"}, AFFINE):
        found = wrong(judged("kill-proxy", traffic(), keepers=befallen(kind, "node-2", 6, DEAD)))
        assert found == dict.fromkeys(
            ("availability", "error-kinds", "blast-radius", "outage", "recovery"), Verdict.FAIL
        )


def test_flows_with_something_to_keep_have_to_be_well_before_the_fault() -> None:
    found = judged("kill-proxy", traffic(), keepers=befallen(UDP, "node-2", 2, DEAD))
    assert found["control"].verdict is Verdict.INCONCLUSIVE
    assert "keeper-node-2" in found["control"].reason


def test_without_flows_that_keep_something_nothing_is_said_of_them() -> None:
    some = {flow: WINDOWS for flow in DECLARED if flow.client.startswith("client-")}
    found = wrong(judged("kill-proxy", traffic(), keepers=[], flows=some))
    assert found == dict.fromkeys(LOSSES, Verdict.INCONCLUSIVE)
