"""The network of a world: a bridge that joins the control plane, the nodes and the outside host.

There is no uplink. Addresses that nothing serves (an unprogrammed Service, say) are swallowed, as
the next router of a real cluster would do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gauntlet.ground.family import Family
from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.places import FABRIC, Place, new_host, prepare_world_for_ipv6, world_ip

# The masks of limited ICMP messages are those of the kernel without "destination unreachable": nodes send one for each
# refusal.
_ROUTER: Mapping[Family, Mapping[str, str]] = {
    Family.IPV4: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.icmp_ratemask": "6160",
        "net.ipv4.conf.all.send_redirects": "0",
        "net.ipv4.conf.default.send_redirects": "0",
        # It was there before its default was set.
        "net.ipv4.conf.eth0.send_redirects": "0",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
    },
    Family.IPV6: {
        "net.ipv6.conf.all.forwarding": "1",
        "net.ipv6.icmp.ratemask": "3-127",
    },
}
_HASH_OF_PORTS = {
    Family.IPV4: {"net.ipv4.fib_multipath_hash_policy": "1"},
    Family.IPV6: {"net.ipv6.fib_multipath_hash_policy": "1"},
}
_FORWARDING = {Family.IPV4: "net/ipv4/ip_forward", Family.IPV6: "net/ipv6/conf/all/forwarding"}
_BRIDGED = ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables")


def set_up(plans: Sequence[AddressPlan]) -> None:
    """Make the bridge, with the control plane on it."""
    prepare_world_for_ipv6()
    world_ip(
        # Nobody asks who listens to which group: a bridge that snoops would come to know none of its members.
        f"link add {FABRIC} type bridge mcast_snooping 0",
        *(f"addr add {plan.api}/{plan.fabric_bits} dev {FABRIC}" for plan in plans),
        f"link set {FABRIC} up",
    )
    for name in _BRIDGED:
        bridged = Path("/proc/sys/net/bridge", name)
        if bridged.exists():
            bridged.write_text("0")
    for plan in plans:
        Path("/proc/sys", _FORWARDING[plan.family]).write_text("1")


def node(index: int, nodes: int, plans: Sequence[AddressPlan]) -> Place:
    """Make node `index` of so many, on the host's kernel."""
    place = _host(layout.node_name(index), {plan: plan.node(index) for plan in plans})
    place.sysctl(*(_ROUTER[plan.family] for plan in plans))
    place.ip(*(line for plan in plans for line in to_other_pods(index, nodes, plan)))
    return place


def to_other_pods(index: int, nodes: int, plan: AddressPlan) -> list[str]:
    """Lines for ip(8): the routes from node `index` of so many to the pods of the others."""
    others = (other for other in range(1, nodes + 1) if other != index)
    return [f"route add {plan.node_pods(other)} via {plan.node(other)}" for other in others]


def outside(nodes: int, plans: Sequence[AddressPlan]) -> Place:
    """Make the outside host, and the routes of the next router, for so many nodes."""
    place = _host("outside", {plan: plan.outside for plan in plans})
    place.sysctl(*(_HASH_OF_PORTS[plan.family] for plan in plans))
    place.ip(*(_to_load_balancers(nodes, plan) for plan in plans))
    world_ip(*(line for plan in plans for line in _at_the_next_router(nodes, plan)))
    return place


def _to_load_balancers(nodes: int, plan: AddressPlan) -> str:
    hops = " ".join(f"nexthop via {plan.node(i)}" for i in range(1, nodes + 1))
    return f"route add {plan.load_balancers} {hops}"


def _at_the_next_router(nodes: int, plan: AddressPlan) -> list[str]:
    return [
        *(f"route add {plan.node_pods(i)} via {plan.node(i)}" for i in range(1, nodes + 1)),
        f"route add blackhole {plan.services}",
        f"route add blackhole {plan.load_balancers}",
    ]


def _host(name: str, addresses: Mapping[AddressPlan, str]) -> Place:
    place = new_host(name)
    world_ip(
        f"link add {name} type veth peer name eth0 netns {place.pid}",
        f"link set {name} master {FABRIC}",
        f"link set {name} up",
    )
    place.ip(
        *(f"addr add {address}/{plan.fabric_bits} dev eth0" for plan, address in addresses.items()),
        "link set eth0 up",
        *(f"route add {plan.everything} via {plan.api}" for plan in addresses),
    )
    return place


def wire_pod(node: Place, index: int, number: int, pod: Place, link: str, plans: Sequence[AddressPlan]) -> None:
    """Join a pod to its node by a link of its own; every packet of the pod passes the node's network."""
    node.ip(
        f"link add {link} type veth peer name eth0 netns {pod.pid}",
        *(f"addr add {plan.alone(plan.gateway(index))} dev {link}" for plan in plans),
        f"link set {link} up",
        *(f"route add {plan.alone(plan.pod_of(index, number))} dev {link}" for plan in plans),
    )
    pod.ip(*at_the_pod(index, number, plans))
    node.wait_up(link)
    pod.wait_up("eth0")


def at_the_pod(index: int, number: int, plans: Sequence[AddressPlan]) -> list[str]:
    """Lines for ip(8): the addresses of pod `number` on node `index`, and the routes that make the node its gateway."""
    return [
        *(f"addr add {plan.alone(plan.pod_of(index, number))} dev eth0" for plan in plans),
        "link set eth0 up",
        *(
            line
            for plan in plans
            for line in (
                f"route add {plan.alone(plan.gateway(index))} dev eth0",
                f"route add {plan.everything} via {plan.gateway(index)}",
            )
        ),
    ]
