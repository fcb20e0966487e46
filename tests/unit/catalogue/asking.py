"""The model's three nodes with a client everywhere, as the engine sees them."""

from __future__ import annotations

from gauntlet.ground.cluster import HostKind, ProxyMode
from gauntlet.ground.family import BOTH, Family
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.objects import EndpointSlice, Service
from gauntlet.semantics.places import Where
from gauntlet.workload.catalogue.plan import Planned, Wanted, plan
from gauntlet.workload.catalogue.step import Asks
from gauntlet.workload.catalogue.surroundings import Asker, Surroundings
from tests.unit.semantics.world import NODES, OUTSIDE, address, world
from tests.unit.stand_in_host import StandInHost

EVERYTHING = Asks()


class Client(StandInHost):
    addresses: tuple[str, ...] = ()  # type: ignore[assignment]

    def __init__(self, name: str, kind: HostKind, node: str | None, addresses: tuple[str, ...]) -> None:
        self.name, self.kind, self.node, self.addresses = name, kind, node or "", addresses


def _pod(node: str) -> Client:
    return Client(f"pod-{node}", HostKind.POD, node, tuple(address(node, 9, family) for family in BOTH))


def around(mode: ProxyMode = ProxyMode.IPTABLES, families: tuple[Family, ...] = BOTH) -> Surroundings:
    askers = (
        *(Asker(_pod(node.name), Where.POD) for node in NODES),  # type: ignore[arg-type]
        *(Asker(Client(node.name, HostKind.NODE, node.name, node.addresses), Where.NODE) for node in NODES),  # type: ignore[arg-type]
        Asker(Client("outside", HostKind.OUTSIDE, None, (OUTSIDE, "2001:db8:99::1")), Where.OUTSIDE),  # type: ignore[arg-type]
    )
    own = {node.name: frozenset(node.addresses) for node in NODES}
    modes = {node.name: mode for node in NODES}
    return Surroundings(world(mode), askers, own, modes, families, nobody_else=True)


def planned(
    *services: Service,
    slices: tuple[EndpointSlice, ...] = (),
    asks: Asks = EVERYTHING,
    before: Planned | None = None,
    taken: frozenset[tuple[str, int, str]] = frozenset(),
    mode: ProxyMode = ProxyMode.IPTABLES,
    families: tuple[Family, ...] = (Family.IPV4,),
) -> Planned:
    """The plan of one case."""
    former = {} if before is None else before.had["case"]
    wanted = Wanted("case", asks, services, former)
    return plan([wanted], copies(slices), taken, around(mode, families), 1)
