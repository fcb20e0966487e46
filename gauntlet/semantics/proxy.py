"""The kube-proxy of a node as far as it decides who may answer: mode, version, configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address, ip_network

from gauntlet.ground.family import EVERYTHING, Family, family_of
from gauntlet.semantics.behaviour import Behaviour
from gauntlet.semantics.objects import Node
from gauntlet.semantics.versions import NEWEST, VersionRules

PRIMARY = "primary"
LOCALHOST = "localhost"
ALL = "all"
_LOOPBACK = {Family.IPV4: "127.0.0.0/8", Family.IPV6: "::1/128"}


class DetectLocal(StrEnum):
    """`detectLocalMode`: how a kube-proxy knows what comes from a pod of its node."""

    NONE = ""
    CLUSTER_CIDR = "ClusterCIDR"
    NODE_CIDR = "NodeCIDR"
    BRIDGE_INTERFACE = "BridgeInterface"
    INTERFACE_NAME_PREFIX = "InterfaceNamePrefix"


class LocalhostNodePorts(StrEnum):
    """How NodePorts of 127.0.0.1 and ::1 are served."""

    NONE = "not at all"
    RULES = "by rules, in IPv4 alone"
    LISTENER = "by a process that listens, TCP alone; other protocols are refused"
    REFUSED = "refused"
    EVERY_ADDRESS = "kube-proxy listens on every address"


@dataclass(frozen=True)
class Proxy:
    """`cluster_ranges` are those of detectLocal.clusterCIDRs. `node_port_addresses` may hold the words of the API."""

    behaviour: Behaviour
    version: VersionRules = NEWEST
    node_port_addresses: tuple[str, ...] = ()
    localhost: LocalhostNodePorts = LocalhostNodePorts.NONE
    masquerade_all: bool = False
    detect_local: DetectLocal = DetectLocal.CLUSTER_CIDR
    cluster_ranges: tuple[str, ...] = ()

    def serves_node_ports_at(self, node: Node, address: str) -> bool:
        """Whether nodePortAddresses names this address. None of a family names all of that family."""
        family = family_of(address)
        named = [each for each in self._node_port_ranges(node) if family_of(each) is family]
        return within(address, named or [EVERYTHING[family]])

    def detects(self, family: Family, node: Node) -> bool:
        """Whether it tells its own pods from other clients in this family (IsImplemented in util/localdetector.go)."""
        if self.detect_local in (DetectLocal.BRIDGE_INTERFACE, DetectLocal.INTERFACE_NAME_PREFIX):
            return True
        return any(family_of(each) is family for each in self._local_ranges(node))

    def takes_for_local(self, address: str, node: Node, client_node: str) -> bool:
        """Whether it takes a pod with this address, on `client_node`, for one of its own."""
        if self.detect_local in (DetectLocal.BRIDGE_INTERFACE, DetectLocal.INTERFACE_NAME_PREFIX):
            return client_node == node.name
        # The first range of a family counts (getLocalDetectors in cmd/kube-proxy/app/server_linux.go).
        of_family = [each for each in self._local_ranges(node) if family_of(each) is family_of(address)]
        return within(address, of_family[:1])

    def _local_ranges(self, node: Node) -> Sequence[str]:
        if self.detect_local is DetectLocal.CLUSTER_CIDR:
            return self.cluster_ranges
        return node.pod_ranges if self.detect_local is DetectLocal.NODE_CIDR else ()

    def _node_port_ranges(self, node: Node) -> list[str]:
        """The words of the API as ranges (expandNodePortAddressKeywords in cmd/kube-proxy/app/server.go)."""
        primaries = [address for family in Family if (address := node.primary(family)) is not None]
        words = {PRIMARY: primaries, LOCALHOST: list(_LOOPBACK.values()), ALL: list(EVERYTHING.values())}
        return [each for named in self.node_port_addresses for each in words.get(named, [named])]


def within(address: str, ranges: Sequence[str]) -> bool:
    return any(family_of(each) is family_of(address) and _is_in(address, each) for each in ranges)


# A table asks for the same few thousands of times.
@lru_cache(maxsize=4096)
def _is_in(address: str, network: str) -> bool:
    return ip_address(address) in ip_network(network, strict=False)
