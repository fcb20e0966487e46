"""Who asks what during an upgrade."""

from __future__ import annotations

from collections import Counter
from typing import cast

from gauntlet.ground.cluster import Host, Node
from gauntlet.traffic import Load
from gauntlet.upgrade.roll_traffic import ECHO, RATE_PER_S, wanted
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Served
from gauntlet.workload.service import STICKY
from tests.unit.stand_in_place import Place
from tests.unit.upgrade.upgrades import TERMS


def _nodes(*numbers: int) -> tuple[Node, ...]:
    return tuple(cast(Node, Place(f"node-{each}", f"node-{each}", (f"10.77.0.{each}",))) for each in numbers)


PODS = tuple(cast(Host, Place(f"client-{each}", f"node-{each}")) for each in (1, 2))
CLIENTS = Clients(PODS, _nodes(1, 2), cast(Host, Place("outside", None)))
PORTS = {"tcp-80": 30080, "udp-80": 30081}
ASKED = tuple(
    wanted(
        CLIENTS,
        Served("test", ECHO, ("10.96.0.10",), PORTS, ("10.200.0.1",)),
        Served("test", STICKY, ("10.96.0.11",), {}, ()),
    )
)


def kind(load: Load) -> tuple[str, str, str]:
    return str(load.target.protocol), str(load.connection), str(load.target.frontend)


def test_every_flow_is_told_from_every_other() -> None:
    declared = Counter(load.declared(client) for client, load in ASKED)
    assert set(declared.values()) == {1}


def test_every_kind_of_client_asks_by_every_kind_of_connection_that_it_has() -> None:
    asked: dict[str, set[tuple[str, str, str]]] = {}
    for client, load in ASKED:
        asked.setdefault(client.name, set()).add(kind(load))
    inside = {(protocol, connection, "cluster_ip") for protocol in ("tcp", "udp") for connection in ("new", "kept")}
    assert asked["client-1"] == asked["client-2"] == inside
    assert asked["node-1"] == {("tcp", "new", "cluster_ip")}
    assert asked["outside"] == {
        *(("tcp", "new", "node_port"), ("tcp", "kept", "node_port"), ("udp", "kept", "node_port")),
        ("tcp", "new", "load_balancer"),
    }


def test_the_sticky_service_has_clients_on_every_node() -> None:
    sticky = {client.name for client, load in ASKED if load.target.service == "test/sticky"}
    assert sticky == {"client-1", "client-2"}
    assert STICKY.affinity_timeout_s


def test_kept_flows_have_one_user_each() -> None:
    assert all(load.pool == 1 for _, load in ASKED if load.connection == "kept")


def test_flows_are_dense_enough_for_the_resolution_that_is_promised() -> None:
    assert TERMS.slo.roll.resolution_s > 1 / RATE_PER_S
