"""The parts of API objects that the cluster check reads (Kubernetes API reference)."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from gauntlet.ground.cluster import Json


class _Part(BaseModel):
    """Go writes an empty list as null: that counts as not given."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Json, info: ValidationInfo) -> object:
        if value is not None or info.field_name is None:
            return value
        return cls.model_fields[info.field_name].default


class Metadata(_Part):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Version(_Part):
    git_version: str


class Condition(_Part):
    type: str
    status: str


class NodeAddress(_Part):
    type: str
    address: str


class NodeStatus(_Part):
    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()


class NodeObject(_Part):
    metadata: Metadata
    status: NodeStatus = NodeStatus()

    @property
    def linux(self) -> bool:
        return self.metadata.labels.get("kubernetes.io/os", "linux") == "linux"


class Waiting(_Part):
    reason: str = ""


class ContainerState(_Part):
    waiting: Waiting | None = None


class ContainerStatus(_Part):
    restart_count: int = 0
    state: ContainerState = ContainerState()


class Variable(_Part):
    name: str
    value: str = ""


class Container(_Part):
    image: str = ""
    env: tuple[Variable, ...] = ()


class ConfigMapSource(_Part):
    name: str = ""


class Volume(_Part):
    config_map: ConfigMapSource | None = None


class PodSpec(_Part):
    node_name: str = ""
    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()


class PodStatus(_Part):
    phase: str = "Pending"
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(_Part):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        return any((each.type, each.status) == ("Ready", "True") for each in self.status.conditions)

    @property
    def trouble(self) -> str:
        """Its phase, why its containers wait, and how often they were restarted."""
        waiting = [each.state.waiting.reason for each in self.status.container_statuses if each.state.waiting]
        restarts = sum(each.restart_count for each in self.status.container_statuses)
        return ", ".join([self.status.phase, *filter(None, waiting), *([f"{restarts} restarts"] if restarts else [])])


class PodTemplate(_Part):
    metadata: Metadata = Metadata(name="")
    spec: PodSpec

    @field_validator("metadata", mode="before")
    @classmethod
    def _named(cls, value: Json) -> Json:
        return {"name": "", **value} if isinstance(value, dict) else value


class DaemonSetSpec(_Part):
    template: PodTemplate


class DaemonSetStatus(_Part):
    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0


class DaemonSet(_Part):
    metadata: Metadata
    spec: DaemonSetSpec
    status: DaemonSetStatus = DaemonSetStatus()


class ConfigMap(_Part):
    metadata: Metadata
    data: dict[str, str] = {}


class ServicePort(_Part):
    name: str = ""
    protocol: str = "TCP"
    port: int
    node_port: int | None = None


class ServiceSpec(_Part):
    type: str = "ClusterIP"
    cluster_ip: str = Field(default="", alias="clusterIP")
    cluster_ips: tuple[str, ...] = Field(default=(), alias="clusterIPs")
    external_ips: tuple[str, ...] = Field(default=(), alias="externalIPs")
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    internal_traffic_policy: str = "Cluster"
    traffic_distribution: str = ""


class Ingress(_Part):
    ip: str = ""
    ip_mode: str = "VIP"


class LoadBalancer(_Part):
    ingress: tuple[Ingress, ...] = ()


class ServiceStatus(_Part):
    load_balancer: LoadBalancer = LoadBalancer()


class ServiceObject(_Part):
    metadata: Metadata
    spec: ServiceSpec
    status: ServiceStatus = ServiceStatus()


class EndpointConditions(_Part):
    """Null means: ready and serving where not said otherwise (discovery.k8s.io/v1, EndpointConditions)."""

    ready: bool = True
    serving: bool = True
    terminating: bool = False


class EndpointObject(_Part):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hints: dict[str, object] = {}


class SlicePort(_Part):
    name: str = ""


class Slice(_Part):
    metadata: Metadata
    address_type: str = "IPv4"
    endpoints: tuple[EndpointObject, ...] = ()
    ports: tuple[SlicePort, ...] = ()

    @property
    def service(self) -> str:
        """namespace/name of its Service."""
        return f"{self.metadata.namespace}/{self.metadata.labels.get('kubernetes.io/service-name', '')}"


class FelixSpec(_Part):
    bpf_enabled: bool = False


class FelixConfiguration(_Part):
    spec: FelixSpec = FelixSpec()


class CalicoNetwork(_Part):
    linux_dataplane: str = ""


class InstallationSpec(_Part):
    calico_network: CalicoNetwork = CalicoNetwork()


class Installation(_Part):
    spec: InstallationSpec = InstallationSpec()


T = TypeVar("T", bound=BaseModel)


def items(kind: type[T], text: bytes) -> tuple[T, ...]:
    """The objects of a list as the API server answers it."""
    parsed = _List.model_validate_json(text)
    return tuple(kind.model_validate(item) for item in parsed.items)


class _List(_Part):
    items: tuple[dict[str, object], ...] = ()
