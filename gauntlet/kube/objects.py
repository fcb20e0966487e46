"""The parts of API objects that the provider of existing clusters reads (Kubernetes API reference)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Metadata(_Part):
    name: str
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    deletion_timestamp: str | None = None


class Named(_Part):
    metadata: Metadata


class NamedList(_Part):
    items: tuple[Named, ...] = ()


class _NodeSpec(_Part):
    pod_cidr: str = Field(default="", alias="podCIDR")


class _Address(_Part):
    type: str
    address: str


class _Condition(_Part):
    type: str
    status: str


class _Info(_Part):
    kernel_version: str = ""
    operating_system: str = "linux"


class _NodeStatus(_Part):
    addresses: tuple[_Address, ...] = ()
    conditions: tuple[_Condition, ...] = ()
    node_info: _Info = _Info()


class NodeObject(_Part):
    metadata: Metadata
    spec: _NodeSpec = _NodeSpec()
    status: _NodeStatus = _NodeStatus()

    @property
    def address(self) -> str:
        """Its InternalIP; empty where it has none."""
        return next((each.address for each in self.status.addresses if each.type == "InternalIP"), "")

    @property
    def ready(self) -> bool:
        return any((each.type, each.status) == ("Ready", "True") for each in self.status.conditions)

    @property
    def is_linux(self) -> bool:
        return self.status.node_info.operating_system == "linux"

    @property
    def is_control_plane(self) -> bool:
        return _CONTROL_PLANE in self.metadata.labels


class NodeList(_Part):
    items: tuple[NodeObject, ...] = ()


class _Waiting(_Part):
    reason: str = ""
    message: str = ""


class _State(_Part):
    waiting: _Waiting | None = None


class _ContainerStatus(_Part):
    container_id: str = Field(default="", alias="containerID")
    ready: bool = False
    state: _State = _State()


class _PodSpec(_Part):
    node_name: str = ""


class _PodStatus(_Part):
    phase: str = ""
    pod_ip: str = Field(default="", alias="podIP")
    container_statuses: tuple[_ContainerStatus, ...] = ()


class PodObject(_Part):
    metadata: Metadata
    spec: _PodSpec = _PodSpec()
    status: _PodStatus = _PodStatus()

    @property
    def runs(self) -> bool:
        started = self.status.phase == "Running" and self.metadata.deletion_timestamp is None
        return started and all(each.ready for each in self.status.container_statuses)

    @property
    def container(self) -> str:
        """The id of its first container, without the runtime's name; empty while it has none."""
        return next((each.container_id.partition("://")[2] for each in self.status.container_statuses), "")

    @property
    def unpullable(self) -> str:
        """Why its image cannot be had, in the kubelet's words; empty where nothing says so."""
        waiting = [each.state.waiting for each in self.status.container_statuses if each.state.waiting is not None]
        return next(
            (
                f"{each.reason}: {each.message}"
                for each in waiting
                if each.reason in ("ImagePullBackOff", "ErrImageNeverPull")
            ),
            "",
        )


class PodList(_Part):
    items: tuple[PodObject, ...] = ()


class _Endpoint(_Part):
    addresses: tuple[str, ...] = ()


class _EndpointPort(_Part):
    port: int = 0


class EndpointSlice(_Part):
    endpoints: tuple[_Endpoint, ...] = ()
    ports: tuple[_EndpointPort, ...] = ()


class EndpointSlices(_Part):
    items: tuple[EndpointSlice, ...] = ()


class _Ingress(_Part):
    ip: str = ""


class _Balancer(_Part):
    ingress: tuple[_Ingress, ...] = ()


class _ServiceStatus(_Part):
    load_balancer: _Balancer = _Balancer()


class ServiceObject(_Part):
    status: _ServiceStatus = _ServiceStatus()


class ServiceList(_Part):
    items: tuple[ServiceObject, ...] = ()


class Version(_Part):
    git_version: str
