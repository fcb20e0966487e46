"""Paths of packets: the links of nodes to their pods, and second addresses of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_interface

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.errors import Inconclusive


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
