"""Node objects, written as a kubelet would write its own."""

from __future__ import annotations

from datetime import UTC, datetime

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from gauntlet.waiting import until


def register(api: ApiClient, name: str, address: str, pod_cidr: str) -> None:
    """Create a Ready Node with this InternalIP and pod range."""
    core = client.CoreV1Api(api)
    now = datetime.now(UTC)
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    core.create_node(
        client.V1Node(
            metadata=client.V1ObjectMeta(name=name, labels=labels),
            spec=client.V1NodeSpec(pod_cidr=pod_cidr, pod_cidrs=[pod_cidr]),
        )
    )
    ready = client.V1NodeCondition(
        type="Ready",
        status="True",
        reason="SandboxNode",
        message="namespaces of the sandbox are up",
        last_heartbeat_time=now,
        last_transition_time=now,
    )
    status = client.V1NodeStatus(
        addresses=[
            client.V1NodeAddress(type="InternalIP", address=address),
            client.V1NodeAddress(type="Hostname", address=name),
        ],
        conditions=[ready],
        capacity={"pods": "250", "cpu": "2", "memory": "4Gi"},
        allocatable={"pods": "250", "cpu": "2", "memory": "4Gi"},
    )
    core.patch_node_status(name, {"status": api.sanitize_for_serialization(status)})


def wait_default_namespace(api: ApiClient, deadline_s: float = 20.0) -> None:
    """Return when the namespace `default` exists, which the API server makes after it is ready."""
    core = client.CoreV1Api(api)
    until(
        lambda: core.read_namespace("default"),
        what="namespace default exists",
        deadline_s=deadline_s,
        retry_on=(ApiException,),
    )
