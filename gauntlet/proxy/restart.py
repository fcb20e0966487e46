"""Restarting the kube-proxy of a node, and waiting until the new one serves."""

from __future__ import annotations

from gauntlet.ground.cluster import Cluster, CommandFailed, Node, ProxyMode
from gauntlet.ground.history import Protocol
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy import finder, rules
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy.health import healthy
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding

# A kubelet that backs off after crashes lets half a minute pass before it starts kube-proxy again.
_DEADLINE_S = 60.0
# Shell for the node: tells its kube-proxy to end; one that is stopped dies of SIGTERM only when it continues.
# Whoever runs it there starts it again.
END = finder.each('kill -TERM "$pid"') + "true\n"
# The same, and one that is stopped continues.
RESTART = finder.each('kill -TERM "$pid" && kill -CONT "$pid"') + "true\n"


def await_anew(node: Node, cluster: Cluster, old: int | None, mode: ProxyMode | None = None) -> int:
    """Wait until another kube-proxy than `old` is healthy and has its rules in effect. Returns its pid.

    `mode` is given if this node's differs from that of its cluster. Rules alone may still be those of the old one, and
    in ipvs mode /healthz is content before the first sync.
    """
    mode = mode or cluster.mode

    def anew() -> int | None:
        new = node.proxy_pid()
        if new in (None, old) or node.run(healthy(node), check=False).code != 0:
            return None
        found = rules.read(node, mode)
        if not (found.hooked and found.routes):
            return None
        synced = proxy_metrics.read(node).syncs if traits(mode).counts_syncs else _is_whole(found, cluster)
        return new if synced else None

    return until(
        anew,
        what=f"a new kube-proxy on {node.name} has its rules in effect",
        deadline_s=_DEADLINE_S,
        every_s=0.1,
        retry_on=(CommandFailed, ApiRefused, ApiUnreachable),
        remedy="read kube-proxy's log of that node",
    )


def _is_whole(found: Forwarding, cluster: Cluster) -> bool:
    """Whether userspace mode has each Service in its rules: there no sync is counted, nor does /healthz wait for one.

    They are all its own: it deletes those of its predecessor before it serves /healthz (NewProxier in
    pkg/proxy/userspace/proxier.go of Kubernetes 1.25).
    """
    routes = {(route.address, route.port, str(route.protocol)) for route in found.routes}
    return _places(cluster) <= routes


def _places(cluster: Cluster) -> set[tuple[str | None, int, str]]:
    """Address, port and protocol of every Service that has an address; the address of a NodePort is None."""
    found: set[tuple[str | None, int, str]] = set()
    for service in Api(cluster.api).list(ServiceObject, "/api/v1/services"):
        if not service.spec.has_cluster_ip:
            continue
        for port in service.spec.ports:
            protocol = port.protocol.lower()
            if protocol not in set(Protocol):
                continue
            found.add((service.spec.cluster_ip, port.port, protocol))
            if port.node_port:
                found.add((None, port.node_port, protocol))
    return found
