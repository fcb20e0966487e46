"""A flow under way: the row that it is, and what it must see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gauntlet.ground.history import Connection, Protocol
from gauntlet.semantics.asked import Row
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import Protocol as Spoken
from gauntlet.semantics.places import Where
from gauntlet.semantics.standing import Standing, standings
from gauntlet.traffic import Load
from gauntlet.workload.catalogue.found import Found
from gauntlet.workload.catalogue.started import Started
from gauntlet.workload.catalogue.step import Flow
from gauntlet.workload.catalogue.tables import target
from tests.unit.catalogue.asking import around, planned
from tests.unit.semantics.world import NODES, WEB, everywhere

UDP = replace(WEB, ports=(replace(WEB.ports[0], protocol=Spoken.UDP),))
ROWS, OF_UDP = (planned(service, slices=(everywhere(),)).rows for service in (WEB, UDP))
FOUND = Found({"web": WEB}, copies([everywhere()]), frozenset(), frozenset())
ASKERS = {each.host.name: each for each in around().askers}


@dataclass
class Running:
    """What is known of a flow that nobody started."""

    load: Load


def started(row: Row, protocol: Protocol, local_port: int | None = None) -> Started:
    declared = Flow("web", row.place.where, row.frontend.kind, protocol)
    running = Running(Load(target(row), users=1, connection=Connection.KEPT, local_port=local_port))
    return Started(declared, ASKERS[row.client], row.place, row.frontend, WEB, running, since_ns=0)  # type: ignore[arg-type]


def udp_row(local_port: int) -> Row:
    return started(OF_UDP[0], Protocol.UDP, local_port).asked(7, OF_UDP[0].outcome)


def told(row: Row) -> Standing:
    (made,) = standings([("one", [row])], {})
    return made


def test_the_port_of_a_flow_is_shown_and_no_part_of_what_is_compared() -> None:
    first, second = udp_row(20_001), udp_row(20_002)

    assert first.question.client == f"UDP flow 20001 of {first.place}"
    assert told(first) == told(second)


def test_a_connection_has_no_port_to_show() -> None:
    row = started(ROWS[0], Protocol.TCP).asked(7, ROWS[0].outcome)

    assert (row.number, row.question.client) == (7, f"TCP flow of {row.place}")


def decided(row: Row, backend: str) -> str:
    """Who is said to decide of an open connection to the backend on a node, that began as this row does."""
    flow = started(row, Protocol.TCP)
    flow.kept = next(each for each in row.outcome.answers if each.backend.node == backend)
    said = flow.said(WEB, FOUND, around())
    assert said is not None
    assert {each.node for each in said.backends} == {backend}
    return said.decided_by


@pytest.mark.parametrize("backend", ["a", "b", "c"])
@pytest.mark.parametrize(
    ("kind", "where", "decides"),
    [
        (Kind.CLUSTER_IP, Where.POD, "a"),
        (Kind.CLUSTER_IP, Where.NODE, "a"),
        (Kind.EXTERNAL_IP, Where.POD, "a"),
        (Kind.LOAD_BALANCER, Where.NODE, "a"),
        (Kind.NODE_PORT, Where.OUTSIDE, "b"),
        (Kind.NODE_PORT, Where.POD, "b"),
        (Kind.NODE_PORT, Where.NODE, "b"),
        # Whichever node the routers choose.
        (Kind.LOAD_BALANCER, Where.OUTSIDE, "a, b, c"),
    ],
)
def test_the_node_that_translates_an_open_connection_decides_whoever_its_backend_is(
    kind: Kind, where: Where, decides: str, backend: str
) -> None:
    """Clients of node a ask; at a NodePort they ask node b."""
    mine = [row for row in ROWS if (row.frontend.kind, row.place.where) == (kind, where)]
    mine = [row for row in mine if row.place.is_outside or row.place.node == "a"]
    (row,) = [row for row in mine if kind is not Kind.NODE_PORT or row.frontend.address in NODES[1].addresses]

    assert decided(row, backend) == decides


def test_it_is_who_decides_of_new_connections() -> None:
    assert all(decided(row, "b") == row.outcome.decided_by for row in ROWS)
