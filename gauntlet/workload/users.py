"""Who uses a Service, and where."""

from __future__ import annotations

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.history import Protocol
from gauntlet.traffic import Target
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Served


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
