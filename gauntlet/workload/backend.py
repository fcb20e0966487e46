"""Backend: one probe pod, declared as frozen data.

Backends are pods of Kubernetes' own test image agnhost; its `netexec` answers HTTP (/hostname,
/clientip, /shell, /healthz) and UDP (hostname, clientip).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.66"
HTTP_PORT = 8080
UDP_PORT = 8081
# Where a server of ours answers SCTP in client pods (gauntlet/traffic/sctp_server.py): agnhost speaks it only if the
# kernel does.
SCTP_PORT = 8082
HTTP_PORT_NAME = "http"
UDP_PORT_NAME = "datagram"
# Of pods in the network of their node, where the others may be somebody's.
HOST_HTTP_PORT = 18080
HOST_UDP_PORT = 18081
APP_LABEL = "app"
APP = "backend"
READY_FILE = "/tmp/ready"  # noqa: S108  (inside the pod, whose /tmp is its own)
READY_GATE = "gauntlet.dev/serving"


class Readiness(StrEnum):
    """What decides that a backend is ready."""

    SERVES = "serves"  # its HTTP server answers
    FILE = "file"  # READY_FILE exists in the pod (an exec probe)
    GATE = "gate"  # its HTTP server answers and the condition READY_GATE is true (KEP-580)


@dataclass(frozen=True)
class Program:
    """What a pod runs instead of netexec: a command, and the path and port where it says by HTTP that it is ready."""

    command: tuple[str, ...]
    ready_path: str
    ready_port: int
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Backend:
    """One pod that answers with its own name.

    `node` pins it; `image` is agnhost or one that serves as it does. Services select it by `app`. Every backend listens
    on `http_port` (TCP, named HTTP_PORT_NAME) and `udp_port` (UDP, named UDP_PORT_NAME), unless it runs another
    `program`. If `in_host_network`, it shares its node's addresses, and calls itself what the node does. It answers
    datagrams at `udp_addresses`, or at any address if there are none. It serves on for `serves_on_s` once its pod is
    deleted.
    """

    name: str
    node: str
    app: str = APP
    readiness: Readiness = Readiness.SERVES
    probe_period_s: int = 1
    image: str = IMAGE
    http_port: int = HTTP_PORT
    udp_port: int = UDP_PORT
    in_host_network: bool = False
    udp_addresses: tuple[str, ...] = ()
    serves_on_s: int = 0
    program: Program | None = None


def one_on_each(
    nodes: tuple[str, ...], *, app: str = APP, readiness: Readiness = Readiness.SERVES, image: str = IMAGE
) -> tuple[Backend, ...]:
    """One backend on each node, named after the app and the node."""
    return tuple(
        Backend(f"{app}-{number}", node, app, readiness, image=image) for number, node in enumerate(nodes, start=1)
    )


def spread(count: int, nodes: tuple[str, ...], *, app: str = APP) -> tuple[Backend, ...]:
    """`count` backends, dealt to the nodes in turn."""
    return tuple(Backend(f"{app}-{number + 1}", nodes[number % len(nodes)], app) for number in range(count))
