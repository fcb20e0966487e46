"""Where a client is, which nodes there are, and which of them decides about a connection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address

from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import Node
from gauntlet.semantics.proxy import Proxy


class Where(StrEnum):
    POD = "pod"
    NODE = "node"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Place:
    """A client. `address` is what its packets have as their source; if a network translates that, what comes out of it.

    `node` is the node that it is on. For a client outside it is the node to which the network takes packets for
    addresses that no node has (ClusterIPs, external and load balancer IPs). A pod of the host's network is a NODE.
    """

    where: Where
    node: str
    address: str

    @property
    def is_outside(self) -> bool:
        return self.where is Where.OUTSIDE

    def __str__(self) -> str:
        return f"{self.where} at {self.address}" if self.is_outside else f"{self.where} on {self.node}"


@dataclass(frozen=True)
class ServingNode:
    """A node and its kube-proxy."""

    node: Node
    proxy: Proxy


@dataclass(frozen=True)
class World:
    """All nodes with their kube-proxies, which may be of different modes and versions."""

    nodes: tuple[ServingNode, ...]

    def __getitem__(self, name: str) -> ServingNode:
        for each in self.nodes:
            if each.node.name == name:
                return each
        raise KeyError(name)

    def deciding(self, place: Place, frontend: Frontend) -> ServingNode:
        """The node whose kube-proxy meets the connection: the one that has the address, or the client's own.

        Raises LookupError for a NodePort at an address that no node has.
        """
        if frontend.kind is not Kind.NODE_PORT or is_loopback(frontend.address):
            return self[place.node]
        for each in self.nodes:
            if frontend.address in each.node.addresses:
                return each
        raise LookupError(f"no node has the address {frontend.address!r} of a NodePort")


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    return bool(address) and ip_address(address).is_loopback
