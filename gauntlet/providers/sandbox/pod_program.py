"""What a Pod's container runs in the sandbox, or why the sandbox cannot run the Pod."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gauntlet.kube.objects import Container, PodObject, Probe

AGNHOST_IMAGE = "registry.k8s.io/e2e-test-images/agnhost"
_AGNHOST = "agnhost"
# What the image runs without a command or arguments (CMD of its Dockerfile).
_AGNHOST_DEFAULT = "pause"


@dataclass(frozen=True)
class Unable:
    """Why a Pod is not run. `reason` is the kubelet's word for it, for the state of its container."""

    reason: str
    message: str


def program_of(pod: PodObject, binaries: Path) -> list[str] | Unable:
    """The command line of the Pod's container."""
    unknown = _unknown(pod)
    if unknown:
        return Unable(
            "CreateContainerConfigError",
            f"the sandbox runs plain probe Pods and knows nothing of {' and '.join(unknown)}; a kind cluster does "
            "(gauntlet cluster up --provider kind)",
        )
    container = pod.spec.containers[0]
    argv = _argv(container, str(binaries / _AGNHOST))
    if argv is None:
        return Unable(
            "ErrImagePull",
            f'cannot pull image "{container.image}": the sandbox pulls none. It runs Kubernetes\' test image agnhost '
            f"({AGNHOST_IMAGE}), and a container of another image only if the Pod names its command, which is then a "
            "program of this machine",
        )
    return argv


def _argv(container: Container, agnhost: str) -> list[str] | None:
    command, args = list(container.command), list(container.args)
    if not _is_agnhost(container.image):
        return [*command, *args] if command else None
    if not command:
        return [agnhost, *(args or [_AGNHOST_DEFAULT])]
    return [agnhost if command[0] in {"/agnhost", "agnhost"} else command[0], *command[1:], *args]


def _is_agnhost(image: str) -> bool:
    return _AGNHOST in image


def _unknown(pod: PodObject) -> list[str]:
    """The fields that a Pod without which would be another Pod, and that the sandbox does not know."""
    container = pod.spec.containers[0]
    probe = container.readiness_probe
    found = {
        f"{len(pod.spec.containers)} containers in one Pod": len(pod.spec.containers) > 1,
        "initContainers": pod.spec.init_containers,
        "volumeMounts": container.volume_mounts,
        "env with valueFrom": any(variable.value_from for variable in container.env),
        "envFrom": container.env_from,
        "a readinessProbe by gRPC": probe is not None and probe.grpc is not None,
        "a readinessProbe at a port that the container does not name": probe is not None
        and not _has_port(probe, container),
    }
    return [name for name, there in found.items() if there]


def _has_port(probe: Probe, container: Container) -> bool:
    action = probe.http_get or probe.tcp_socket
    if action is None or isinstance(action.port, int):
        return True
    return action.port.isdecimal() or action.port in {port.name for port in container.ports}
