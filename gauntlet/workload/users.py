"""Who uses a Service, and where."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.family import families_of
from gauntlet.ground.history import Protocol
from gauntlet.traffic import Load, Target
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Served

RATE_PER_S = 10.0
# There are many of these.
ANEW_PER_S = 5.0


def kept_by(service: Served, clients: Clients, node: Node) -> tuple[tuple[Host, Load], ...]:
    """Users that keep their connections and UDP sockets, with RATE_PER_S attempts a second each."""
    return tuple((client, Load.kept(target, RATE_PER_S)) for client, target in users_of(service, clients, node))


def asked_by(service: Served, clients: Clients, node: Node) -> tuple[tuple[Host, Load], ...]:
    """The same, and as many users that have a new connection or socket for each attempt."""
    return tuple(
        (client, load)
        for client, target in users_of(service, clients, node)
        for load in (Load(target, rate_per_s=RATE_PER_S), Load.kept(target, RATE_PER_S))
    )


def users_of(service: Served, clients: Clients, node: Node) -> tuple[tuple[Host, Target], ...]:
    """The client pods at the ClusterIP, the host outside at the NodePort of this node; each over TCP and UDP."""
    return tuple(
        user
        for protocol in (Protocol.TCP, Protocol.UDP)
        for user in (
            *((pod, service.cluster_ip(protocol)) for pod in clients.pods),
            (clients.outside, service.node_port(node, protocol)),
        )
    )


def asking_anew(service: Served, clients: Clients, node: Node) -> tuple[tuple[Host, Load], ...]:
    """Users of each family of the Service, as `users_of` has them, with a new connection or socket each time."""
    users = users_of_each_family(service, clients, [node])
    return tuple((client, Load(target, rate_per_s=ANEW_PER_S)) for client, target in users)


def users_of_each_family(service: Served, clients: Clients, nodes: Sequence[Node]) -> Iterator[tuple[Host, Target]]:
    """The client pods at its ClusterIPs, the host outside at its NodePorts on these nodes; each over TCP and UDP."""
    for protocol, family in itertools.product((Protocol.TCP, Protocol.UDP), service.families):
        for pod in clients.pods:
            yield pod, service.cluster_ip(protocol, family=family)
        for node in nodes:
            if family in families_of(node.addresses) and family in families_of(clients.outside.addresses):
                yield clients.outside, service.node_port_at(node.address_in(family), protocol)
