"""The parts of API objects that the sandbox's own controllers read (Kubernetes API reference, core/v1).

The kubernetes client's generated models take two seconds of CPU to load, at the very moment when the API server
needs both cores to start.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Metadata(_Part):
    name: str
    uid: str
    namespace: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None


class ApiObject(_Part):
    """Anything that is listed and watched."""

    metadata: Metadata


class HttpGet(_Part):
    port: int | str
    path: str = "/"
    host: str = ""


class TcpSocket(_Part):
    port: int | str
    host: str = ""


class Exec(_Part):
    command: tuple[str, ...] = ()


class Probe(_Part):
    """A container's probe, with the defaults that the API server writes."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    exec_: Exec | None = Field(default=None, alias="exec")
    grpc: JsonValue = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    success_threshold: int = 1
    failure_threshold: int = 3


class ContainerPort(_Part):
    container_port: int
    name: str = ""


class Variable(_Part):
    name: str
    value: str | None = None
    value_from: JsonValue = None


class VolumeMount(_Part):
    name: str


class Container(_Part):
    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[JsonValue, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None


class ReadinessGate(_Part):
    condition_type: str


class Terms(_Part):
    """A kind of affinity: what it requires, and what it only prefers, which is not read."""

    required: JsonValue = Field(default=None, alias="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(_Part):
    node_affinity: Terms = Terms()
    pod_affinity: Terms = Terms()
    pod_anti_affinity: Terms = Terms()


class TopologySpread(_Part):
    when_unsatisfiable: str = ""


class PodSpec(_Part):
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: Affinity = Affinity()
    topology_spread_constraints: tuple[TopologySpread, ...] = ()
    scheduler_name: str = ""
    scheduling_gates: tuple[JsonValue, ...] = ()
    restart_policy: str = "Always"
    host_network: bool = False
    readiness_gates: tuple[ReadinessGate, ...] = ()


class Condition(_Part):
    type: str
    status: str
    last_transition_time: datetime | None = None


class ContainerStatus(_Part):
    container_id: str = Field(default="", alias="containerID")


class PodStatus(_Part):
    phase: str = "Pending"
    # camel case of the API is podIP, not podIp
    pod_ip: str = Field(default="", alias="podIP")
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(ApiObject):
    spec: PodSpec
    status: PodStatus = PodStatus()


class NodeSpec(_Part):
    unschedulable: bool = False


class Node(ApiObject):
    spec: NodeSpec = NodeSpec()


class NodeList(_Part):
    items: tuple[Node, ...]


class ServiceSpec(_Part):
    load_balancer_class: str | None = None


class Service(ApiObject):
    spec: ServiceSpec = ServiceSpec()
