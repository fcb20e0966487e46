"""The network of a world: a bridge that joins the control plane, the nodes and the outside host.

There is no uplink. Addresses that nothing serves (an unprogrammed Service, say) are swallowed, as
the next router of a real cluster would do.
"""

from __future__ import annotations

from pathlib import Path

from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.places import FABRIC, Place, new_host, world_ip

_ROUTER = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    # It was there before its default was set. Each redirect would also use up the limit of refusals to its receiver
    # (inet_peer: icmp_ratelimit counts both).
    "net.ipv4.conf.eth0.send_redirects": "0",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
}


def set_up() -> None:
    """Make the bridge, with the control plane on it."""
    bridged = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    world_ip(
        "link set lo up",
        f"link add {FABRIC} type bridge",
        f"addr add {layout.API_ADDRESS}/{layout.NODE_NETWORK_PREFIX} dev {FABRIC}",
        f"link set {FABRIC} up",
    )
    if bridged.exists():
        bridged.write_text("0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def node(index: int, nodes: int) -> Place:
    """Make node `index` of so many, on the host's kernel."""
    place = _host(layout.node_name(index), layout.node_address(index))
    place.sysctl(_ROUTER)
    place.ip(
        *(
            f"route add {layout.node_pod_cidr(other)} via {layout.node_address(other)}"
            for other in range(1, nodes + 1)
            if other != index
        )
    )
    return place


def outside(nodes: int) -> Place:
    """Make the outside host, and the routes of the next router, for so many nodes."""
    indices = range(1, nodes + 1)
    place = _host("outside", layout.OUTSIDE_ADDRESS)
    place.sysctl({"net.ipv4.fib_multipath_hash_policy": "1"})
    hops = " ".join(f"nexthop via {layout.node_address(i)}" for i in indices)
    place.ip(f"route add {layout.LOAD_BALANCER_POOL} {hops}")
    world_ip(
        *(f"route add {layout.node_pod_cidr(i)} via {layout.node_address(i)}" for i in indices),
        f"route add blackhole {layout.SERVICE_CIDR}",
        f"route add blackhole {layout.LOAD_BALANCER_POOL}",
    )
    return place


def _host(name: str, address: str) -> Place:
    place = new_host(name)
    world_ip(
        f"link add {name} type veth peer name eth0 netns {place.pid}",
        f"link set {name} master {FABRIC}",
        f"link set {name} up",
    )
    place.ip(
        f"addr add {address}/{layout.NODE_NETWORK_PREFIX} dev eth0",
        "link set eth0 up",
        f"route add default via {layout.API_ADDRESS}",
    )
    return place


def wire_pod(node: Place, index: int, pod: Place, address: str, link: str) -> None:
    """Join a pod to its node by a link of its own; every packet of the pod passes the node's network."""
    gateway = layout.gateway(index)
    node.ip(
        f"link add {link} type veth peer name eth0 netns {pod.pid}",
        f"addr add {gateway}/32 dev {link}",
        f"link set {link} up",
        f"route add {address}/32 dev {link}",
    )
    pod.ip(
        f"addr add {address}/32 dev eth0",
        "link set eth0 up",
        f"route add {gateway} dev eth0",
        f"route add default via {gateway}",
    )
    node.wait_up(link)
    pod.wait_up("eth0")
