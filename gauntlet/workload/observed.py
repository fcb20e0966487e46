"""What is read back from the API: only the fields that the workload looks at."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Observed(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Metadata(_Observed):
    name: str
    deletion_timestamp: str | None = None


class Condition(_Observed):
    type: str
    status: str


class PodSpec(_Observed):
    node_name: str = ""


class PodStatus(_Observed):
    phase: str = "Pending"
    # camel case of the API is podIP, not podIp
    pod_ip: str = Field(default="", alias="podIP")
    conditions: tuple[Condition, ...] = ()


class ObservedPod(_Observed):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus = PodStatus()

    @property
    def ready_status(self) -> str:
        """Status of the Ready condition: True, False or Unknown."""
        return next((each.status for each in self.status.conditions if each.type == "Ready"), "Unknown")

    @property
    def serves(self) -> bool:
        """Ready and not on its way out: what makes it a ready endpoint."""
        return self.ready_status == "True" and self.metadata.deletion_timestamp is None


class PodList(_Observed):
    items: tuple[ObservedPod, ...] = ()


class ServicePort(_Observed):
    name: str = ""
    node_port: int | None = None


class ServiceSpec(_Observed):
    cluster_ip: str = Field(default="", alias="clusterIP")
    ports: tuple[ServicePort, ...] = ()


class Ingress(_Observed):
    ip: str = ""


class LoadBalancer(_Observed):
    ingress: tuple[Ingress, ...] = ()


class ServiceStatus(_Observed):
    load_balancer: LoadBalancer = LoadBalancer()


class ObservedService(_Observed):
    metadata: Metadata
    spec: ServiceSpec
    status: ServiceStatus = ServiceStatus()


class EndpointConditions(_Observed):
    # null counts as ready (discovery.k8s.io/v1, EndpointConditions)
    ready: bool | None = None


class ObservedEndpoint(_Observed):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()


class Slice(_Observed):
    metadata: Metadata
    endpoints: tuple[ObservedEndpoint, ...] | None = None

    @property
    def ready_addresses(self) -> frozenset[str]:
        return frozenset(
            address
            for endpoint in self.endpoints or ()
            if endpoint.conditions.ready is not False
            for address in endpoint.addresses
        )


class SliceList(_Observed):
    items: tuple[Slice, ...] = ()
