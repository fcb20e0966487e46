"""A flow under way: the row that it is, and what it must see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gauntlet.ground.history import Connection, Protocol
from gauntlet.semantics.asked import Row
from gauntlet.semantics.objects import Protocol as Spoken
from gauntlet.semantics.standing import Standing, standings
from gauntlet.traffic import Load
from gauntlet.workload.catalogue.started import Started
from gauntlet.workload.catalogue.step import Flow
from gauntlet.workload.catalogue.tables import target
from tests.unit.catalogue.asking import around, planned
from tests.unit.semantics.world import WEB, everywhere

UDP = replace(WEB, ports=(replace(WEB.ports[0], protocol=Spoken.UDP),))
ROWS, OF_UDP = (planned(service, slices=(everywhere(),)).rows for service in (WEB, UDP))
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
