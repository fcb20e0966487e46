"""Pods (core/v1)."""

from __future__ import annotations

from pydantic import Field, JsonValue

from gauntlet.kube.objects.containers import Container, ContainerStatus
from gauntlet.kube.objects.parts import ApiObject, Condition, Part, status_of

_UNPULLABLE = ("ImagePullBackOff", "ErrImageNeverPull")


class ReadinessGate(Part):
    condition_type: str


class Terms(Part):
    """A kind of affinity: what it requires, and what it only prefers, which is not read."""

    required: JsonValue = Field(default=None, alias="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(Part):
    node_affinity: Terms = Terms()
    pod_affinity: Terms = Terms()
    pod_anti_affinity: Terms = Terms()


class TopologySpread(Part):
    when_unsatisfiable: str = ""


class ConfigMapSource(Part):
    name: str = ""


class Volume(Part):
    config_map: ConfigMapSource | None = None


class PodSpec(Part):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_name: str = ""
    node_selector: dict[str, str] = Field(default={})
    affinity: Affinity = Affinity()
    topology_spread_constraints: tuple[TopologySpread, ...] = ()
    scheduler_name: str = ""
    scheduling_gates: tuple[JsonValue, ...] = ()
    restart_policy: str = "Always"
    host_network: bool = False
    readiness_gates: tuple[ReadinessGate, ...] = ()


class PodIp(Part):
    ip: str


class PodStatus(Part):
    phase: str = "Pending"
    # camel case of the API is podIP, not podIp
    pod_ip: str = Field(default="", alias="podIP")
    pod_ips: tuple[PodIp, ...] = Field(default=(), alias="podIPs")
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class PodObject(ApiObject):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def addresses(self) -> tuple[str, ...]:
        """One of each IP family, the primary one first; empty while it has none."""
        named = (*(each.ip for each in self.status.pod_ips), self.status.pod_ip)
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def ready_status(self) -> str:
        """Status of the Ready condition: True, False or Unknown."""
        return status_of(self.status.conditions, "Ready")

    @property
    def ready(self) -> bool:
        return self.ready_status == "True"

    @property
    def serves(self) -> bool:
        """Ready and not on its way out: what makes it a ready endpoint."""
        return self.ready and self.metadata.deletion_timestamp is None

    @property
    def runs(self) -> bool:
        """Started, with all its containers, and not on its way out. A pod without a probe may not be Ready yet."""
        started = self.status.phase == "Running" and self.metadata.deletion_timestamp is None
        return started and all(each.ready for each in self.status.container_statuses)

    @property
    def container_id(self) -> str:
        """That of its first container, `RUNTIME://ID`; empty while it has none."""
        return next((each.container_id for each in self.status.container_statuses), "")

    @property
    def container(self) -> str:
        """The id of its first container, without the runtime's name; empty while it has none."""
        return self.container_id.partition("://")[2]

    @property
    def unpullable(self) -> str:
        """Why its image cannot be had, in the kubelet's words; empty if nothing says so."""
        waiting = [each.state.waiting for each in self.status.container_statuses if each.state.waiting is not None]
        return next((f"{each.reason}: {each.message}" for each in waiting if each.reason in _UNPULLABLE), "")

    @property
    def trouble(self) -> str:
        """Its phase, why its containers wait, and how often they were restarted."""
        waiting = [each.state.waiting.reason for each in self.status.container_statuses if each.state.waiting]
        restarts = sum(each.restart_count for each in self.status.container_statuses)
        return ", ".join([self.status.phase, *filter(None, waiting), *([f"{restarts} restarts"] if restarts else [])])
