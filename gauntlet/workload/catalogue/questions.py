"""What is asked of one Service: which frontends, from where, and what the model says of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gauntlet.ground.family import Family, family_of
from gauntlet.ground.history import Protocol as Spoken
from gauntlet.semantics.endpoints import Copies, Undefined
from gauntlet.semantics.expectation import expected
from gauntlet.semantics.frontends import Frontend, Kind, frontends
from gauntlet.semantics.objects import Node, Protocol, Service, ServicePort
from gauntlet.semantics.outcomes import Outcome, Reaction
from gauntlet.semantics.places import Place, Where, is_loopback
from gauntlet.semantics.versions import VersionRules
from gauntlet.workload.catalogue.step import Also, Asks
from gauntlet.workload.catalogue.surroundings import Asker, Surroundings

# Whatever a version or a label makes of it: what is not served is asked as well.
_EVERYTHING = VersionRules(ip_mode=False)


@dataclass(frozen=True)
class Asking:
    """One question: a frontend of a Service, asked by a client."""

    asker: Asker
    place: Place
    frontend: Frontend


def listed(service: Service, nodes: Sequence[Node], families: Sequence[Family]) -> tuple[Frontend, ...]:
    """Every address and port that the object names, of these families; a NodePort at each node's primary addresses,
    also in a family that the Service does not have: nobody may answer there."""
    bare = replace(service, labels=frozenset[str]())
    found = frontends(bare, _EVERYTHING)
    return tuple(dict.fromkeys(at for each in found for at in _at_places(each, nodes, families)))


def own_frontends(service: Service, around: Surroundings) -> tuple[Frontend, ...]:
    """Those that it has, in the families that are asked."""
    return listed(service, around.nodes, around.families)


def besides(service: Service, also: Also, around: Surroundings) -> tuple[Frontend, ...]:
    """What a case asks besides."""
    of_kind = [each for each in own_frontends(service, around) if each.kind is also.kind]
    if also.port:
        number = ServicePort(also.port, protocol=Protocol(also.protocol.upper()))
        of_kind = [replace(each, number=also.port, port=number) for each in of_kind]
    if also.address:
        family = family_of(also.address)
        of_kind = [replace(each, address=also.address) for each in of_kind if each.family is family]
    return tuple(dict.fromkeys(of_kind))


def wanted(of: Sequence[Frontend], asks: Asks) -> list[Frontend]:
    """Those of the kinds that a step wants asked."""
    return [each for each in of if asks.kinds is None or each.kind in asks.kinds]


def askings(of: Sequence[Frontend], asks: Asks, around: Surroundings) -> Iterator[Asking]:
    """Who asks these: every client from where a step wants them asked, and where the network takes the packet."""
    for frontend in of:
        for asker in around.askers:
            place = asker.place(frontend.family)
            if place is not None and (asks.places is None or asker.where in asks.places) and _leads(asker, frontend):
                yield Asking(asker, place, frontend)


def _leads(asker: Asker, frontend: Frontend) -> bool:
    """Whether the client's packets come to a node at all: nobody routes ClusterIPs and external IPs from outside."""
    if is_loopback(frontend.address):
        return asker.where is Where.NODE
    return asker.where is not Where.OUTSIDE or frontend.kind in (Kind.NODE_PORT, Kind.LOAD_BALANCER)


def outcome(service: Service, found: Copies, asking: Asking, around: Surroundings) -> Outcome | None:
    """What the model says; None if nobody says what holds, or whose the address is."""
    places = _places(asking, around)
    try:
        made = merged([expected(service, found, asking.frontend, each, around.world) for each in places])
    except Undefined:
        return None
    if Reaction.UNHANDLED not in made.reactions:
        return made
    if not around.nobody_else:
        return None
    return replace(made, reactions=made.reactions - {Reaction.UNHANDLED} | {Reaction.UNANSWERED})


def decided_by(asking: Asking, around: Surroundings) -> str:
    """The node whose kube-proxy meets these packets, with commas if it may be any of several."""
    deciding = (around.world.deciding(place, asking.frontend) for place in _places(asking, around))
    return _any_of(each.node.name for each in deciding)


def _places(asking: Asking, around: Surroundings) -> list[Place]:
    """A client's place. From outside any node may meet a packet for an address that no node has: the routers choose."""
    if asking.place.is_outside and asking.frontend.kind is not Kind.NODE_PORT:
        return [replace(asking.place, node=each.name) for each in around.nodes]
    return [asking.place]


def _any_of(nodes: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(nodes))


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """What may happen if any of these does. Each node remembers clients by itself: among several, nothing is kept."""
    first = outcomes[0]
    return replace(
        first,
        reactions=frozenset[Reaction]().union(*(each.reactions for each in outcomes)),
        decided_by=_any_of(each.decided_by for each in outcomes),
        rules=tuple(dict.fromkeys(rule for each in outcomes for rule in each.rules)),
        affinity_timeout_s=first.affinity_timeout_s if len(outcomes) == 1 else None,
        answers=tuple(dict.fromkeys(answer for each in outcomes for answer in each.answers)),
    )


def spoken(protocol: Protocol) -> Spoken:
    """The history's word for a protocol."""
    return Spoken(protocol.lower())


def _at_places(frontend: Frontend, nodes: Sequence[Node], families: Sequence[Family]) -> Iterator[Frontend]:
    if frontend.kind is not Kind.NODE_PORT:
        if frontend.family in families:
            yield frontend
        return
    for family in families:
        for node in nodes:
            address = node.primary(family)
            if address is not None:
                yield replace(frontend, address=address, family=family)


def key(frontend: Frontend) -> tuple[str, int, str]:
    """What two frontends cannot both have."""
    return frontend.address, frontend.number, frontend.protocol
