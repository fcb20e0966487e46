"""The objects of the API that the model knows, as plain values. What the API left out has its default here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.family import Family, family_of


class Protocol(StrEnum):
    """`spec.ports.protocol`, in the API's own letters."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Policy(StrEnum):
    """Of internalTrafficPolicy and externalTrafficPolicy."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class ServiceType(StrEnum):
    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"
    EXTERNAL_NAME = "ExternalName"


class Distribution(StrEnum):
    """`spec.trafficDistribution`; NONE if it is not set."""

    NONE = ""
    PREFER_CLOSE = "PreferClose"
    PREFER_SAME_ZONE = "PreferSameZone"
    PREFER_SAME_NODE = "PreferSameNode"


class IpMode(StrEnum):
    """`ipMode` of a load balancer's ingress: packets keep the address, or the load balancer makes new connections."""

    VIP = "VIP"
    PROXY = "Proxy"


def is_external(kind: ServiceType, external_ips: tuple[str, ...]) -> bool:
    """Whether clients outside may reach a Service (ExternallyAccessible in pkg/api/v1/service/util.go)."""
    by_address = kind is ServiceType.CLUSTER_IP and bool(external_ips)
    return kind in (ServiceType.NODE_PORT, ServiceType.LOAD_BALANCER) or by_address


@dataclass(frozen=True)
class ServicePort:
    """`node_port` is 0 if it has none."""

    port: int
    name: str = ""
    protocol: Protocol = Protocol.TCP
    node_port: int = 0


@dataclass(frozen=True)
class Ingress:
    address: str
    ip_mode: IpMode = IpMode.VIP


@dataclass(frozen=True)
class Service:
    """`name` is namespace/name; `cluster_ips` is empty for a headless Service and for an ExternalName.

    `affinity_timeout_s` is None without sessionAffinity ClientIP. `has_selector` says who writes its endpoints: the
    controllers, or somebody by hand.
    """

    name: str
    ports: tuple[ServicePort, ...]
    cluster_ips: tuple[str, ...] = ()
    type: ServiceType = ServiceType.CLUSTER_IP
    external_ips: tuple[str, ...] = ()
    ingress: tuple[Ingress, ...] = ()
    internal_policy: Policy = Policy.CLUSTER
    external_policy: Policy = Policy.CLUSTER
    affinity_timeout_s: int | None = None
    source_ranges: tuple[str, ...] = ()
    health_check_node_port: int = 0
    publish_not_ready: bool = False
    distribution: Distribution = Distribution.NONE
    has_selector: bool = True
    labels: frozenset[str] = frozenset()
    topology_annotation: str = ""

    @property
    def is_external(self) -> bool:
        """Whether externalTrafficPolicy means anything for it."""
        return is_external(self.type, self.external_ips)

    @property
    def external_is_local(self) -> bool:
        return self.is_external and self.external_policy is Policy.LOCAL

    @property
    def internal_is_local(self) -> bool:
        return self.internal_policy is Policy.LOCAL


@dataclass(frozen=True)
class Conditions:
    """What is not said counts as ready, serving and not terminating (discovery.k8s.io/v1, EndpointConditions)."""

    ready: bool = True
    serving: bool = True
    terminating: bool = False

    @property
    def usable_at_last(self) -> bool:
        """Whether it may be used if nothing ready is left (KEP-1669)."""
        return self.serving and self.terminating

    @property
    def usable(self) -> bool:
        """Whether a connection may be sent there under any circumstances."""
        return self.ready or self.usable_at_last


# What holds if nothing is said.
FIT = Conditions()


@dataclass(frozen=True)
class Hints:
    """Whom an endpoint is meant for: zones and nodes."""

    zones: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()


FOR_ALL = Hints()


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of a slice. `node` and `zone` are empty if the slice does not name them."""

    addresses: tuple[str, ...]
    node: str = ""
    zone: str = ""
    conditions: Conditions = FIT
    hints: Hints = FOR_ALL


@dataclass(frozen=True)
class SlicePort:
    """Port of the endpoints that a port of the Service with this name leads to; `number` is 0 if there is none."""

    number: int
    name: str = ""
    protocol: Protocol = Protocol.TCP


@dataclass(frozen=True)
class EndpointSlice:
    """`service` is namespace/name of its Service. `address_type` may also be FQDN, which nobody reads."""

    service: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[SlicePort, ...] = ()
    address_type: str = Family.IPV4
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Node:
    """`addresses` are all that its interfaces have; the first of a family is the node's IP. `zone` is empty without."""

    name: str
    addresses: tuple[str, ...]
    zone: str = ""
    pod_ranges: tuple[str, ...] = ()

    def primary(self, family: Family) -> str | None:
        return next((each for each in self.addresses if family_of(each) is family), None)
