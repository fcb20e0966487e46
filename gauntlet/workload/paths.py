"""Paths of packets: the links of nodes to their pods, bridges, and second addresses of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_interface

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family, family_of


def link_to(node: Node, address: str) -> str:
    """The node's own end of the link to a pod of its. Raises Inconclusive if it reaches the pod in another way."""
    route = node.run(("ip", "-o", "route", "get", address)).stdout
    words = route.split()
    if "dev" not in words or "via" in words:
        raise Inconclusive(f"{node.name} reaches {address} by no link of its own: {route.strip()}")
    return words[words.index("dev") + 1]


def narrow(node: Node, address: str, mtu: int) -> None:
    """Have the node send nothing larger than this to a pod of its own, which does not know. It ends with the pod."""
    node.run(("ip", "link", "set", "dev", link_to(node, address), "mtu", str(mtu)))


@contextmanager
def routed(host: Host, address: str, by: Node) -> Iterator[None]:
    """Have the host send what it has for this address to a node, as long as this lasts."""
    route = ("ip", "route", "replace", address, "via", by.address)
    host.run(route)
    try:
        yield
    finally:
        host.run(("ip", "route", "del", *route[3:]))


@contextmanager
def forwarding_nothing(node: Node) -> Iterator[None]:
    """Have the node drop what it would forward, unless a rule accepts it, while this lasts; in its first family."""
    tool = ("ip6tables" if family_of(node.address) is Family.IPV6 else "iptables", "-w", "5")
    before = node.run((*tool, "-S", "FORWARD")).stdout.split()[2]
    node.run((*tool, "-P", "FORWARD", "DROP"))
    try:
        yield
    finally:
        node.run((*tool, "-P", "FORWARD", before))


class Secondary:
    """A second IPv4 address of each node, of the nodes' own network. No Node object has it."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Raises CommandFailed; Inconclusive if a node does not have the address that its object names."""
        self._added: list[tuple[Node, str, str]] = []
        for number, node in enumerate(nodes):
            shown = node.run(("ip", "-o", "address", "show", "to", node.address)).stdout.split()
            if "inet" not in shown:
                raise Inconclusive(f"no interface of {node.name} has its address {node.address}")
            device, network = shown[1], ip_interface(shown[shown.index("inet") + 1]).network
            # From the end of the range, where neither nodes nor anybody beside them are.
            address = f"{network.broadcast_address - 2 - number}/{network.prefixlen}"
            node.run(("ip", "address", "add", address, "dev", device))
            self._added.append((node, address, device))

    @property
    def of_nodes(self) -> Mapping[str, tuple[str, ...]]:
        """By the node's name."""
        return {node.name: (address.partition("/")[0],) for node, address, _ in self._added}

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address for found in self.of_nodes.values() for address in found)

    def remove(self) -> None:
        for node, address, device in self._added:
            node.run(("ip", "address", "del", address, "dev", device))
        self._added.clear()


class Bridges:
    """A bridge of one name on each node, with the node's client pod behind it; nodes may have such a link already.

    Its packets are routed by the node as before. A bridge answers for the addresses that the node's end of the pod's
    link has, and accepts what is sent to the hardware address of that end.
    """

    name = "pods-bridge"

    def __init__(self, nodes: Sequence[Node], pods: Sequence[Host]) -> None:
        """Raises CommandFailed; Inconclusive if a node reaches its pod in another way."""
        self._made: list[tuple[Node, str, Host]] = []
        links = {node.name: link_to(node, pod.address) for node, pod in zip(nodes, pods, strict=True)}
        shared = set(links.values())
        if len(shared) == 1:
            (self.name,) = shared
            return
        for node, pod in zip(nodes, pods, strict=True):
            self._made.append((node, links[node.name], pod))
            self._make(node, links[node.name], pod)

    def remove(self) -> None:
        for node, link, pod in self._made:
            _route(node, pod, link)
            node.run(("ip", "link", "del", self.name))
        self._made.clear()

    def _make(self, node: Node, link: str, pod: Host) -> None:
        shown = node.run(("ip", "-o", "address", "show", "dev", link, "scope", "global")).stdout.splitlines()
        addresses = [
            words[words.index(kind) + 1] for line in shown if (words := line.split()) for kind in _KINDS & {*words}
        ]
        node.run(("ip", "link", "add", self.name, "type", "bridge", "mcast_snooping", "0"))
        # What is bridged would meet the rules of the node twice.
        node.run(("sh", "-c", "for each in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do echo 0 >$each; done"))
        node.run(("ip", "link", "set", "dev", self.name, "addrgenmode", "none", "up"))
        for address in addresses:
            node.run(("ip", "address", "add", address, "dev", self.name, *(["nodad"] if ":" in address else [])))
        node.run(("ip", "link", "set", "dev", link, "master", self.name))
        _route(node, pod, self.name)


_KINDS = frozenset({"inet", "inet6"})


def _route(node: Node, pod: Host, link: str) -> None:
    for address in pod.addresses:
        node.run(("ip", "route", "replace", address, "dev", link))
