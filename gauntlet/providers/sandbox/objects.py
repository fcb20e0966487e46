"""The parts of API objects that the sandbox's own controllers read (Kubernetes API reference, core/v1).

The kubernetes client's generated models take two seconds of CPU to load, at the very moment when the API server
needs both cores to start.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Metadata(_Part):
    name: str
    uid: str
    namespace: str = ""
    resource_version: str = ""
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


class Container(_Part):
    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None


class ReadinessGate(_Part):
    condition_type: str


class PodSpec(_Part):
    containers: tuple[Container, ...]
    node_name: str = ""
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


class ServiceSpec(_Part):
    load_balancer_class: str | None = None


class Service(ApiObject):
    spec: ServiceSpec = ServiceSpec()
