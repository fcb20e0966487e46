"""Node objects, written as a kubelet would write its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gauntlet.ground.cluster import Json
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects.nodes import ZONE


def zone_of(name: str) -> str:
    """Two zones in turn: of three nodes, the first and the third share one, the second has its own."""
    return f"zone-{2 - int(name.rpartition('-')[2]) % 2}"


def register(api: Api, name: str, addresses: Sequence[str], pod_cidrs: Sequence[str]) -> None:
    """Create a Ready Node with these InternalIPs and pod ranges, the primary ones first."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ZONE: zone_of(name)}
    api.post(
        "/api/v1/nodes",
        {"metadata": {"name": name, "labels": labels}, "spec": {"podCIDR": pod_cidrs[0], "podCIDRs": [*pod_cidrs]}},
    )
    room: dict[str, Json] = {"pods": "250", "cpu": "2", "memory": "4Gi"}
    ready: dict[str, Json] = {
        "type": "Ready",
        "status": "True",
        "reason": "SandboxNode",
        "message": "namespaces of the sandbox are up",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    status: dict[str, Json] = {
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in addresses),
            {"type": "Hostname", "address": name},
        ],
        "conditions": [ready],
        "capacity": room,
        "allocatable": room,
    }
    api.patch(f"/api/v1/nodes/{name}/status", {"status": status})


def wait_default_namespace(api: Api, deadline_s: float = 20.0) -> None:
    """Return when the namespace `default` exists, which the API server makes after it is ready."""
    until(
        lambda: api.get("/api/v1/namespaces/default"),
        what="namespace default exists",
        deadline_s=deadline_s,
        retry_on=(ApiRefused,),
    )
