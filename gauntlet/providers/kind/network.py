"""The network of a kind cluster beside its nodes: routes between their pods, and the host outside."""

from __future__ import annotations

import json

from gauntlet.build import docker
from gauntlet.ground import nobody
from gauntlet.ground.family import family_of
from gauntlet.nodes.container import MEMBER_LABEL, ContainerNode
from gauntlet.providers.kind.cluster import LOAD_BALANCER_POOL, outside_name
from gauntlet.providers.node_record import NodeRecord

NETWORK = "kind"


def start_outside(cluster: str, image: str, nodes: tuple[NodeRecord, ...]) -> None:
    """Start the host outside the cluster. It sends load balancer addresses to the nodes.

    It forwards nothing (nor IPv6, which a new network namespace never does): what is routed to it on its way to
    somewhere else, it swallows.
    """
    name = outside_name(cluster)
    docker.run(
        *("run", "--detach", "--name", name, "--hostname", "outside", "--label", f"{MEMBER_LABEL}={cluster}"),
        *(f"--network={NETWORK}", "--cap-add=NET_ADMIN", "--sysctl=net.ipv4.ip_forward=0"),
        # The hash of ports too, so that flows are spread over the nodes.
        *("--sysctl=net.ipv4.fib_multipath_hash_policy=1", image),
    )
    hops = [part for node in nodes for part in ("nexthop", "via", node.address)]
    docker.run("exec", name, "ip", "route", "add", LOAD_BALANCER_POOL, *hops)


def outside_addresses(cluster: str) -> tuple[str, ...]:
    """The addresses of that host, the IPv4 one first."""
    return addresses(docker.run("inspect", "--format", "{{json .NetworkSettings.Networks}}", outside_name(cluster)))


def addresses(networks: str) -> tuple[str, ...]:
    """A container's on kind's network, by its `.NetworkSettings.Networks`: IPv4, and IPv6 if the network has it."""
    joined = json.loads(networks)[NETWORK]
    return tuple(str(joined[key]) for key in ("IPAddress", "GlobalIPv6Address") if joined.get(key))


def swallow_services(nodes: tuple[ContainerNode, ...], subnet: str, outside: tuple[str, ...]) -> None:
    """Send what no kube-proxy translated to the host outside, which drops it: see docs/decisions/0003.

    Without it such a packet would leave by the node's default route, which may lead to a real network.
    """
    for node in nodes:
        for network, way in swallowed(subnet, outside):
            node.run(["ip", "route", "replace", network, "via", way])


def swallowed(subnet: str, outside: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each range whose addresses only kube-proxy may answer for, and the outside host's address to send it to.

    Of a family that the outside host has no address of, nodes, on the same network, have no way anywhere.
    """
    ranges = (subnet, LOAD_BALANCER_POOL, *nobody.RANGES)
    ways = {family_of(each): each for each in outside}
    return tuple((each, ways[family_of(each)]) for each in ranges if family_of(each) in ways)


def stop_redirects(nodes: tuple[ContainerNode, ...]) -> None:
    """Have the nodes send no ICMP redirects to hosts whose packets they forward to where these came from.

    Each would count towards the limit of refusals to its receiver (icmp_ratelimit), and a Service without endpoints
    would then be slow to refuse for no fault of kube-proxy's.
    """
    settings = [f"net.ipv4.conf.{each}.send_redirects=0" for each in ("all", "default", "eth0")]
    for node in nodes:
        node.run(["sysctl", "--quiet", "--write", *settings])


def route_pods(nodes: tuple[ContainerNode, ...]) -> None:
    """Tell each node the way to the others' pods, as no CNI daemon does it."""
    for node in nodes:
        for other in nodes:
            if other.name != node.name:
                for pods in other.pod_cidrs:
                    family = family_of(pods)
                    node.run(["ip", "route", "replace", pods, "via", other.address_in(family)])
