"""What a kubelet would write into a Pod's status, from what is known of its process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kubernetes.client import (
    V1ContainerState,
    V1ContainerStateRunning,
    V1ContainerStateTerminated,
    V1ContainerStateWaiting,
    V1ContainerStatus,
    V1HostIP,
    V1Pod,
    V1PodCondition,
    V1PodIP,
    V1PodStatus,
)


@dataclass(frozen=True)
class ContainerView:
    """One container as its runner sees it. `waiting` is a reason and message while it does not run."""

    name: str
    image: str
    started: datetime | None
    ready: bool
    restarts: int
    waiting: tuple[str, str] | None = None
    exit_code: int | None = None


def status_of(
    pod: V1Pod, container: ContainerView, *, host_ip: str, pod_ip: str, holder_pid: int, phase: str
) -> V1PodStatus:
    """The whole status. `holder_pid` names the process that holds the pod's namespaces, as containerID."""
    now = datetime.now(UTC)
    contained = container.ready
    ready = contained and _gates_open(pod)
    conditions = [
        _condition(pod, kind, "True" if value else "False", now)
        for kind, value in (
            ("PodScheduled", True),
            ("Initialized", True),
            ("ContainersReady", contained),
            ("Ready", ready),
        )
    ]
    return V1PodStatus(
        phase=phase,
        host_ip=host_ip,
        host_ips=[V1HostIP(ip=host_ip)],
        pod_ip=pod_ip or None,
        pod_ips=[V1PodIP(ip=pod_ip)] if pod_ip else None,
        start_time=pod.metadata.creation_timestamp,
        conditions=conditions,
        container_statuses=[
            V1ContainerStatus(
                name=container.name,
                image=container.image,
                image_id=container.image,
                container_id=f"sandbox://{holder_pid}",
                ready=contained,
                started=container.started is not None,
                restart_count=container.restarts,
                state=_state(container, now),
            )
        ],
    )


def _gates_open(pod: V1Pod) -> bool:
    """Whether every readiness gate's condition is True (Pod lifecycle docs, "Pod readiness")."""
    gates = pod.spec.readiness_gates or []
    true = {each.type for each in (pod.status.conditions or []) if each.status == "True"}
    return all(gate.condition_type in true for gate in gates)


def _condition(pod: V1Pod, kind: str, status: str, now: datetime) -> V1PodCondition:
    before = next((each for each in (pod.status.conditions or []) if each.type == kind), None)
    since = before.last_transition_time if before is not None and before.status == status else now
    return V1PodCondition(type=kind, status=status, last_transition_time=since)


def _state(container: ContainerView, now: datetime) -> V1ContainerState:
    if container.exit_code is not None:
        return V1ContainerState(terminated=V1ContainerStateTerminated(exit_code=container.exit_code, finished_at=now))
    if container.waiting is not None:
        reason, message = container.waiting
        return V1ContainerState(waiting=V1ContainerStateWaiting(reason=reason, message=message))
    return V1ContainerState(running=V1ContainerStateRunning(started_at=container.started))
