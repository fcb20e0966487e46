"""What a kubelet would write into a Pod's status, from what is known of its process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gauntlet.ground.cluster import Json
from gauntlet.kube.objects import PodObject

# In place of the process that holds a pod's namespaces, for a pod in the network of an own-kernel node.
IN_GUEST = "guest"


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
    pod: PodObject,
    container: ContainerView,
    *,
    host_ips: Sequence[str],
    pod_ips: Sequence[str],
    holder: str,
    phase: str,
) -> dict[str, Json]:
    """The whole status.

    The primary addresses are first; `pod_ips` is empty while it has none. `holder`, the containerID, is a process that
    holds the pod's namespaces, IN_GUEST, or empty.
    """
    now = _stamp(datetime.now(UTC))
    ready = {
        "PodScheduled": True,
        "Initialized": True,
        "ContainersReady": container.ready,
        "Ready": container.ready and _gates_open(pod),
    }
    container_status: dict[str, Json] = {
        "name": container.name,
        "image": container.image,
        "imageID": container.image,
        "containerID": f"sandbox://{holder}",
        "ready": container.ready,
        "started": container.started is not None,
        "restartCount": container.restarts,
        # Named to the end: a merge would otherwise keep the state before.
        "state": {"running": None, "waiting": None, "terminated": None} | _state(container, now),
    }
    status: dict[str, Json] = {
        "phase": phase,
        "hostIP": host_ips[0],
        "hostIPs": [{"ip": address} for address in host_ips],
        "startTime": _stamp(pod.metadata.creation_timestamp or datetime.now(UTC)),
        "conditions": [_condition(pod, kind, "True" if true else "False", now) for kind, true in ready.items()],
        "containerStatuses": [container_status],
    }
    if pod_ips:
        status |= {"podIP": pod_ips[0], "podIPs": [{"ip": address} for address in pod_ips]}
    return status


def _gates_open(pod: PodObject) -> bool:
    """Whether every readiness gate's condition is True (Pod lifecycle docs, "Pod readiness")."""
    true = {each.type for each in pod.status.conditions if each.status == "True"}
    return all(gate.condition_type in true for gate in pod.spec.readiness_gates)


def _condition(pod: PodObject, kind: str, status: str, now: str) -> dict[str, Json]:
    since = next(
        (
            _stamp(each.last_transition_time)
            for each in pod.status.conditions
            if (each.type, each.status) == (kind, status) and each.last_transition_time is not None
        ),
        now,
    )
    # A merge would otherwise keep what the binder said while no node took the Pod.
    return {"type": kind, "status": status, "lastTransitionTime": since, "reason": None, "message": None}


def _state(container: ContainerView, now: str) -> dict[str, Json]:
    if container.exit_code is not None:
        return {"terminated": {"exitCode": container.exit_code, "finishedAt": now}}
    if container.waiting is not None:
        reason, message = container.waiting
        return {"waiting": {"reason": reason, "message": message}}
    return {"running": {"startedAt": _stamp(container.started) if container.started else now}}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
