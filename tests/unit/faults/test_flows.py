"""Who asks what during an experiment."""

from __future__ import annotations

from collections import Counter
from typing import cast

import pytest

from gauntlet.checkers.kinds import is_free
from gauntlet.faults.chaos.flows import KEEPERS_RATE_PER_S, rate_per_s, wanted
from gauntlet.ground.cluster import Host, Node, ProxyMode
from gauntlet.promises.slo import load, shipped
from gauntlet.traffic import Load
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Served
from gauntlet.workload.service import STICKY
from gauntlet.workload.shared import ECHO
from tests.unit.checkers.histories import Row, frame
from tests.unit.stand_in_place import Place

NUMBERS = (1, 2, 3)
PODS = tuple(cast(Host, Place(f"client-{each}", f"node-{each}")) for each in NUMBERS)
NODES = tuple(cast(Node, Place(f"node-{each}", f"node-{each}", (f"10.77.0.{each}",))) for each in NUMBERS)
CLIENTS = Clients(PODS, NODES, cast(Host, Place("outside", None)))
SERVED = Served("test", ECHO, ("10.96.0.10",), {"tcp-80": 30080, "udp-80": 30081}, ())
REMEMBERING = Served("test", STICKY, ("10.96.0.11",), {}, ())
ASKED = tuple(wanted(CLIENTS, (*PODS, NODES[0]), SERVED, REMEMBERING, 50.0))


def kind(each: Load) -> tuple[str, str, str, str]:
    target = each.target
    return target.service, str(target.protocol), str(each.connection), str(target.frontend)


def test_every_flow_is_told_from_every_other() -> None:
    declared = Counter(each.declared(client) for client, each in ASKED)
    assert set(declared.values()) == {1}


def test_every_client_asks_in_every_way_that_is_its_own() -> None:
    asked: dict[str, set[tuple[str, str, str, str]]] = {}
    for client, each in ASKED:
        asked.setdefault(client.name, set()).add(kind(each))
    echo = {
        ("test/echo", protocol, connection, "cluster_ip")
        for protocol in ("tcp", "udp")
        for connection in ("new", "kept")
    }
    for pod in PODS:
        assert asked[pod.name] == {*echo, ("test/sticky", "tcp", "new", "cluster_ip")}
    assert asked["node-1"] == {("test/echo", "tcp", "new", "cluster_ip")}
    kept = {("test/echo", protocol, "kept", "node_port") for protocol in ("tcp", "udp")}
    assert asked["outside"] == {*kept, ("test/echo", "tcp", "new", "node_port")}
    assert {each.target.address for client, each in ASKED if client.name == "outside"} == {"10.77.0.1", "10.77.0.2"}


def test_kept_flows_have_one_user_each() -> None:
    assert all(each.pool == 1 for _, each in ASKED if each.connection == "kept")


def test_shares_and_balance_are_of_new_tcp_connections_at_the_rate_that_was_asked_for() -> None:
    for client, each in ASKED:
        target = each.target
        row = Row(
            *(0, "ok", 2.0, "backend-1", client.name),
            connection=str(each.connection),
            protocol=str(target.protocol),
            service=target.service,
        )
        is_one = not frame([row]).filter(is_free((REMEMBERING.name,))).is_empty()
        assert is_one is (each.rate_per_s == 50.0)


@pytest.mark.parametrize("mode", list(ProxyMode))
def test_flows_are_dense_enough_for_the_resolution_that_is_promised(mode: ProxyMode) -> None:
    book = load(shipped())
    coarsest = min(book.slo(name, mode, "1.37").recovery.resolution_s for name in book.experiments)
    assert coarsest >= 5 / KEEPERS_RATE_PER_S


@pytest.mark.parametrize(
    ("own_kernels", "processors", "rate"),
    [(False, 2.0, 50.0), (False, 1.9, 30.0), (True, 8.0, 30.0), (True, 1.0, 30.0)],
)
def test_new_connections_are_as_many_as_processors_bear(*, own_kernels: bool, processors: float, rate: float) -> None:
    assert rate_per_s(own_kernels=own_kernels, processors=processors) == rate
