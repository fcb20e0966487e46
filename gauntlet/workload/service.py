"""Service and Port: what a test wants served, declared as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.history import Protocol
from gauntlet.workload.backend import APP, HTTP_PORT, UDP_PORT


class ServiceType(StrEnum):
    """`spec.type` of a Service (kubernetes.io/docs/concepts/services-networking/service, "Service type")."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class TrafficPolicy(StrEnum):
    """`spec.externalTrafficPolicy`: all endpoints, or only those on the node that received the packet."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


@dataclass(frozen=True)
class Port:
    """One port of a Service. `target` is a port of the backends, by number or by name."""

    number: int
    target: int | str
    protocol: Protocol = Protocol.TCP

    @property
    def name(self) -> str:
        """Unique in its Service: the API demands names where there are several ports."""
        return f"{self.protocol}-{self.number}"


HTTP = Port(80, HTTP_PORT)
UDP = Port(80, UDP_PORT, Protocol.UDP)


@dataclass(frozen=True)
class Service:
    """One Service. `app` selects its backends; None makes a Service without a selector, whose slices we write."""

    name: str
    ports: tuple[Port, ...] = (HTTP,)
    type: ServiceType = ServiceType.CLUSTER_IP
    app: str | None = APP
    headless: bool = False
    affinity_timeout_s: int | None = None
    external_traffic: TrafficPolicy = TrafficPolicy.CLUSTER

    def port(self, protocol: Protocol) -> Port:
        """The first port of this protocol. Raises LookupError if there is none."""
        for port in self.ports:
            if port.protocol is protocol:
                return port
        raise LookupError(f"Service {self.name} has no {protocol} port")


# Remembers its clients for three hours, the default of the API.
STICKY = Service("sticky", affinity_timeout_s=10_800)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of a slice that we write ourselves. `address` is a pod's IP."""

    address: str
    node: str
    ready: bool = True
