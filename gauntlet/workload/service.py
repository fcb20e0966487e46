"""Service and Port: what a test wants served, declared as frozen data. Names are the API's, in our letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.semantics.objects import Distribution, Policy, ServiceType, is_external
from gauntlet.workload.backend import APP, HTTP_PORT, SCTP_PORT, UDP_PORT


class IpFamilyPolicy(StrEnum):
    """`spec.ipFamilyPolicy` (kubernetes.io/docs/concepts/services-networking/dual-stack)."""

    SINGLE_STACK = "SingleStack"
    PREFER_DUAL_STACK = "PreferDualStack"
    REQUIRE_DUAL_STACK = "RequireDualStack"


@dataclass(frozen=True)
class Port:
    """One port of a Service. `target` is a port of the backends, by number or by name.

    `given_name` is for ports that are to have another name than usual; an empty one makes a port without a name, which
    the API allows if it is the only one. `node_port` is 0 for whichever the API chooses. The API keeps a NodePort by
    the name of its port: one that is renumbered, and shall keep its NodePort, needs a name of its own.
    """

    number: int
    target: int | str
    protocol: Protocol = Protocol.TCP
    given_name: str | None = None
    node_port: int = 0

    @property
    def name(self) -> str:
        """Unique in its Service: the API demands names where there are several ports."""
        return f"{self.protocol}-{self.number}" if self.given_name is None else self.given_name


HTTP = Port(80, HTTP_PORT)
UDP = Port(80, UDP_PORT, Protocol.UDP)
SCTP = Port(80, SCTP_PORT, Protocol.SCTP)


@dataclass(frozen=True)
class Service:
    """One Service. `app` selects its backends; None makes a Service without a selector, whose slices we write.

    What is empty, None or 0 is left to the API server: addresses, families, node ports. `allocate_node_ports` is
    `allocateLoadBalancerNodePorts`, and means nothing for other types than LoadBalancer.
    """

    name: str
    ports: tuple[Port, ...] = (HTTP,)
    type: ServiceType = ServiceType.CLUSTER_IP
    app: str | None = APP
    headless: bool = False
    affinity_timeout_s: int | None = None
    external_traffic: Policy = Policy.CLUSTER
    internal_traffic: Policy = Policy.CLUSTER
    external_ips: tuple[str, ...] = ()
    cluster_ips: tuple[str, ...] = ()
    ip_families: tuple[Family, ...] = ()
    ip_family_policy: IpFamilyPolicy | None = None
    load_balancer_class: str = ""
    source_ranges: tuple[str, ...] = ()
    allocate_node_ports: bool = True
    health_check_node_port: int = 0
    publish_not_ready: bool = False
    traffic_distribution: Distribution = Distribution.NONE
    external_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_external(self) -> bool:
        """Whether it may have an externalTrafficPolicy."""
        return is_external(self.type, self.external_ips)

    @property
    def has_node_ports(self) -> bool:
        """Whether the API gives its ports node ports."""
        balanced = self.type is ServiceType.LOAD_BALANCER and self.allocate_node_ports
        return self.type is ServiceType.NODE_PORT or balanced

    def port(self, protocol: Protocol) -> Port:
        """The first port of this protocol. Raises LookupError if there is none."""
        for port in self.ports:
            if port.protocol is protocol:
                return port
        raise LookupError(f"Service {self.name} has no {protocol} port")


# Remembers its clients for three hours, the default of the API.
STICKY = Service("sticky", affinity_timeout_s=10_800)
