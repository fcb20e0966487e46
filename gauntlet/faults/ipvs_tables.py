"""IPVS of a node as the faults see it: what there is to hurt, and shell that sees it come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from pydantic import Field

from gauntlet.faults.fault import Needs, NoParameters, Scene
from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, Inconclusive, UsageError
from gauntlet.ground.family import place
from gauntlet.ground.journal.store import Argv
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject, path_of_service
from gauntlet.proxy import ipvs
from gauntlet.proxy.ipvs import Protocol, RealServer, VirtualServer
from gauntlet.proxy.ipvs.wholeness import CHECK, INTERFACE
from gauntlet.proxy.restart import RESTART

VIRTUAL_SERVERS = Needs(
    modes=frozenset({ProxyMode.IPVS}),
    elsewhere="only ipvs mode keeps virtual servers in the kernel, with their sets",
)
MODULES = replace(VIRTUAL_SERVERS, own_kernel=True)


class ServiceParameters(NoParameters):
    """`service` is the Service, `namespace/name`, whose first TCP port at its cluster IP is hurt."""

    service: str = Field(default="default/kubernetes", pattern="^[a-z0-9-]+/[a-z0-9-]+$")


def restart_where_missing() -> Argv:
    """Command that restarts kube-proxy where its virtual servers are not back by themselves."""
    return ("sh", "-c", f"( {CHECK} ) >/dev/null || {{ {RESTART} }}")


def require_ipvsadm(node: Node) -> None:
    """Raises EnvironmentUnfit if the node cannot change its virtual servers."""
    if node.run(("sh", "-c", "command -v ipvsadm"), check=False).code != 0:
        raise EnvironmentUnfit(
            f"{node.name} has no ipvsadm, with which this fault changes virtual servers",
            "install the package ipvsadm there (for the sandbox: on this machine)",
        )


def virtual_server(scene: Scene, service: str) -> VirtualServer:
    """The virtual server of the first TCP port of a Service on the node to hurt, with at least one real server.

    Raises UsageError if there is no such Service, Inconclusive if kube-proxy has not made it so.
    """
    try:
        spec = Api(scene.cluster.api).one(ServiceObject, path_of_service(service)).spec
    except ApiRefused as error:
        raise UsageError(f"Service {service}: {error.words}", "name one as namespace/name") from None
    ports = spec.tcp_ports
    if not spec.has_cluster_ip or not ports:
        raise UsageError(f"Service {service} has no TCP port at a cluster IP", "name a Service that has one")
    for found in ipvs.listing(scene.node):
        at_port = (found.protocol, found.address, found.port) == (Protocol.TCP, spec.cluster_ip, ports[0])
        if at_port and found.real_servers:
            return found
    raise Inconclusive(f"{scene.node.name} has no real server for {spec.cluster_ip}:{ports[0]} of Service {service}")


def refuse_others(scene: Scene) -> None:
    """Raise UsageError if the node has virtual servers that are not kube-proxy's: cleared, they are gone for good."""
    shown = scene.node.run(("ip", "-o", "address", "show", "dev", INTERFACE), check=False).stdout
    bound = {fields[3].partition("/")[0] for fields in map(str.split, shown.splitlines())}
    services = Api(scene.cluster.api).list(ServiceObject, "/api/v1/services")
    node_ports = {port.node_port for service in services for port in service.spec.ports if port.node_port}
    foreign = others(ipvs.listing(scene.node), bound, node_ports)
    if foreign:
        raise UsageError(
            f"{scene.node.name} has virtual servers that are not kube-proxy's, which would go too and not come back: "
            f"{', '.join(foreign)}",
            "hurt a node without them, or delete one virtual server alone: experiments/delete-virtual-server.yaml",
        )


def others(found: Iterable[VirtualServer], bound: Collection[str], node_ports: Collection[int]) -> list[str]:
    """Places of the virtual servers that are not kube-proxy's.

    Its own are at an address of its dummy device (`bound`), or at the NodePort of a Service.
    """
    return [
        each.place
        for each in found
        if each.fwmark is not None or (each.address not in bound and each.port not in node_ports)
    ]


def scheduler_in_use(node: Node) -> str:
    """The scheduler of most virtual servers. Raises Inconclusive if there is no virtual server."""
    found = Counter(each.scheduler for each in ipvs.listing(node))
    if not found:
        raise Inconclusive(f"{node.name} has no virtual server, so that no scheduler is in use")
    return found.most_common(1)[0][0]


def is_served(found: VirtualServer) -> str:
    """Shell condition: the virtual server has a real server, or its address is no Service's any more."""
    return f"{{ {_saved(f'-a -t {found.place} -r ')} || {_is_unbound(found)}; }}"


def has_real_server(found: VirtualServer, real: RealServer, *, weight: str = "") -> str:
    """Shell condition: the virtual server has this real server (of this weight), or its address is no Service's."""
    there = f"-a {entry(found, real)} -m -w {weight}"
    return f"{{ {_saved(there)} || {_is_unbound(found)}; }}"


def entry(found: VirtualServer, real: RealServer) -> str:
    """A real server in the words of ipvsadm."""
    return f"-t {found.place} -r {place(real.address, real.port)}"


def _saved(words: str) -> str:
    # The end of a line is a space, so that a weight of 1 is not found in 10.
    return f"ipvsadm --save --numeric 2>/dev/null | sed 's/$/ /' | grep -qF -e '{words}'"


def _is_unbound(found: VirtualServer) -> str:
    return f"! ip -o address show dev {INTERFACE} 2>/dev/null | grep -qF ' {found.address}/'"
