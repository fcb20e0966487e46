"""Services (core/v1) and their EndpointSlices (discovery.k8s.io/v1)."""

from __future__ import annotations

from pydantic import Field

from gauntlet.ground.family import Family
from gauntlet.kube.objects.parts import ApiObject, Part

SERVICE_NAME = "kubernetes.io/service-name"


def path_of_service(service: str) -> str:
    """Where the API has a Service, `namespace/name`."""
    namespace, _, name = service.partition("/")
    return f"/api/v1/namespaces/{namespace}/services/{name}"


class ServicePort(Part):
    name: str = ""
    protocol: str = "TCP"
    port: int = 0
    target_port: int | str | None = None
    node_port: int | None = None


class ClientIpConfig(Part):
    # As the API server sets it if nothing is said.
    timeout_seconds: int = 10800


class AffinityConfig(Part):
    client_ip: ClientIpConfig = Field(default=ClientIpConfig(), alias="clientIP")


class ServiceSpec(Part):
    type: str = "ClusterIP"
    cluster_ip: str = Field(default="", alias="clusterIP")
    cluster_ips: tuple[str, ...] = Field(default=(), alias="clusterIPs")
    ip_families: tuple[Family, ...] = ()
    external_ips: tuple[str, ...] = Field(default=(), alias="externalIPs")
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = Field(default={})
    internal_traffic_policy: str = "Cluster"
    external_traffic_policy: str = "Cluster"
    traffic_distribution: str = ""
    session_affinity: str = "None"
    session_affinity_config: AffinityConfig = AffinityConfig()
    publish_not_ready_addresses: bool = False
    health_check_node_port: int = 0
    load_balancer_class: str = ""
    load_balancer_source_ranges: tuple[str, ...] = ()

    @property
    def has_cluster_ip(self) -> bool:
        """A headless Service says `None`, an ExternalName nothing."""
        return self.cluster_ip not in ("", "None")

    @property
    def all_cluster_ips(self) -> tuple[str, ...]:
        """Its ClusterIPs, the primary one first; empty if it is headless or an ExternalName."""
        return (self.cluster_ips or (self.cluster_ip,)) if self.has_cluster_ip else ()

    @property
    def tcp_ports(self) -> tuple[int, ...]:
        return tuple(each.port for each in self.ports if each.protocol == "TCP")


class Ingress(Part):
    ip: str = ""
    ip_mode: str = "VIP"


class LoadBalancerStatus(Part):
    ingress: tuple[Ingress, ...] = ()


class ServiceStatus(Part):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class ServiceObject(ApiObject):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def ingress(self) -> tuple[str, ...]:
        """The addresses that a load balancer gave it."""
        return tuple(each.ip for each in self.status.load_balancer.ingress if each.ip)


class EndpointConditions(Part):
    """Null means: ready and serving unless something else is said (discovery.k8s.io/v1, EndpointConditions)."""

    ready: bool = True
    serving: bool = True
    terminating: bool = False


class Hint(Part):
    name: str


class EndpointHints(Part):
    for_zones: tuple[Hint, ...] = ()
    for_nodes: tuple[Hint, ...] = ()


class EndpointObject(Part):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hints: EndpointHints = EndpointHints()
    node_name: str = ""
    zone: str = ""


class SlicePort(Part):
    name: str = ""
    port: int = 0
    protocol: str = "TCP"


class EndpointSlice(ApiObject):
    address_type: str = "IPv4"
    endpoints: tuple[EndpointObject, ...] = ()
    ports: tuple[SlicePort, ...] = ()

    @property
    def service(self) -> str:
        """namespace/name of its Service."""
        return f"{self.metadata.namespace}/{self.metadata.labels.get(SERVICE_NAME, '')}"

    @property
    def addresses(self) -> frozenset[str]:
        """Those of all endpoints, whatever their state."""
        return frozenset(address for endpoint in self.endpoints for address in endpoint.addresses)

    @property
    def ready_addresses(self) -> frozenset[str]:
        return frozenset(
            address for endpoint in self.endpoints if endpoint.conditions.ready for address in endpoint.addresses
        )
