"""What the cluster made of a declaration: running backends, and Services with their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import Node
from gauntlet.ground.family import Addressed, Family, families_of, family_of
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.traffic import Target
from gauntlet.workload.backend import HTTP_PORT, UDP_PORT
from gauntlet.workload.endpoints import Endpoint, ready
from gauntlet.workload.service import Service


@dataclass(frozen=True)
class RunningBackend(Addressed):
    """A backend whose pod has an address. It names itself `name` in every reply."""

    namespace: str
    name: str
    node: str
    addresses: tuple[str, ...]

    def endpoint(self) -> Endpoint:
        return ready(self)

    def target(self, protocol: Protocol = Protocol.TCP) -> Target:
        """The pod itself, without any Service in between (what a headless Service hands out)."""
        port = HTTP_PORT if protocol is Protocol.TCP else UDP_PORT
        return Target(f"{self.namespace}/{self.name}", Frontend.HEADLESS, self.address, port, protocol)


@dataclass(frozen=True)
class Backends:
    """Running backends, as the checkers and the traffic want them named."""

    all: tuple[RunningBackend, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.all)

    @property
    def nodes(self) -> dict[str, str]:
        """Backend name -> node."""
        return {each.name: each.node for each in self.all}

    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(each.endpoint() for each in self.all)

    def on(self, node: str) -> Backends:
        """Those on one node; possibly none."""
        return Backends(tuple(each for each in self.all if each.node == node))

    def without(self, name: str) -> Backends:
        return Backends(tuple(each for each in self.all if each.name != name))

    def __getitem__(self, name: str) -> RunningBackend:
        for each in self.all:
            if each.name == name:
                return each
        raise KeyError(name)


@dataclass(frozen=True)
class Served(Addressed):
    """A Service that the API server accepted, with the addresses it was given: a ClusterIP of each of its families.

    `node_ports` maps the name of a port to its node port. `ingress` holds the load balancer's IPs.
    """

    namespace: str
    declared: Service
    addresses: tuple[str, ...]
    node_ports: Mapping[str, int]
    ingress: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.declared.name}"

    @property
    def families(self) -> tuple[Family, ...]:
        """Those that it has a ClusterIP of, the primary one first; none of a headless one."""
        return families_of(self.addresses)

    @property
    def family(self) -> Family:
        """The primary one."""
        return family_of(self.address)

    def cluster_ip(
        self, protocol: Protocol = Protocol.TCP, *, number: int | None = None, family: Family | None = None
    ) -> Target:
        """ClusterIP and port; `number` picks one of several ports. Raises LookupError if it is not of this family."""
        if number is None:
            number = self.declared.port(protocol).number
        address = self.address_in(family or self.family)
        return Target(self.name, Frontend.CLUSTER_IP, address, number, protocol)

    def node_port(self, node: Node, protocol: Protocol = Protocol.TCP) -> Target:
        """The NodePort on this node's address of the primary family."""
        return self.node_port_at(node.address_in(self.family), protocol)

    def node_port_at(self, address: str, protocol: Protocol = Protocol.TCP) -> Target:
        number = self.node_ports[self.declared.port(protocol).name]
        return Target(self.name, Frontend.NODE_PORT, address, number, protocol)

    def load_balancer(self, protocol: Protocol = Protocol.TCP) -> Target:
        """The first ingress IP of the load balancer."""
        return self.at(self.ingress[0], protocol, Frontend.LOAD_BALANCER)

    def at(self, address: str, protocol: Protocol, frontend: Frontend) -> Target:
        """The port of this protocol at an address that the Service has as this kind of frontend."""
        return Target(self.name, frontend, address, self.declared.port(protocol).number, protocol)
