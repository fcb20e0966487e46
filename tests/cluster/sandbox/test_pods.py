"""The pod runner does what a kubelet would for probe workloads."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused
from tests.cluster.sandbox.conftest import Namespace


def ask(namespace: Namespace, pod: str, path: str, **query: str) -> bytes:
    """GET from the pod's agnhost as any provider can, through the API server's pod proxy. Raises ApiRefused."""
    proxy = f"/api/v1/namespaces/{namespace.name}/pods/{pod}:8080/proxy"
    return Api(namespace.core.api_client).get(f"{proxy}/{path}", query)


def test_readiness_follows_the_probe(cluster: Cluster, namespace: Namespace) -> None:
    probe = {"exec": {"command": ["test", "!", "-e", "/tmp/unready"]}, "periodSeconds": 1, "failureThreshold": 1}
    for name in ("flips", "stays"):
        namespace.start(name, cluster.nodes[0].name, container={"readinessProbe": probe})
        namespace.wait_ready(name)
    # Its probe passes before it listens.
    until(lambda: ask(namespace, "flips", "hostname"), what="flips listens", deadline_s=10.0, retry_on=(ApiRefused,))
    ask(namespace, "flips", "shell", cmd="touch /tmp/unready")
    namespace.wait_unready("flips")
    ask(namespace, "flips", "shell", cmd="rm /tmp/unready")
    namespace.wait_ready("flips")
    # /tmp is each pod's own: the neighbour never saw the file.
    assert namespace.is_ready("stays")


def test_readiness_gate_holds_a_pod_back(cluster: Cluster, namespace: Namespace) -> None:
    namespace.start("gated", cluster.nodes[0].name, readinessGates=[{"conditionType": "gauntlet/open"}])
    until(
        lambda: any(
            each.type == "ContainersReady" and each.status == "True"
            for each in namespace.pod("gated").status.conditions or []
        ),
        what="containers ready",
        deadline_s=20.0,
    )
    assert not namespace.is_ready("gated")
    opened = {"status": {"conditions": [{"type": "gauntlet/open", "status": "True"}]}}
    namespace.core.patch_namespaced_pod_status("gated", namespace.name, opened)
    namespace.wait_ready("gated")


def test_graceful_termination_waits_and_then_kills(cluster: Cluster, namespace: Namespace) -> None:
    stubborn = "trap : TERM; touch /tmp/armed; while :; do sleep 0.1; done"
    armed = {"exec": {"command": ["test", "-e", "/tmp/armed"]}, "periodSeconds": 1}
    for name, script in (("willing", "touch /tmp/armed; exec sleep 1000"), ("stubborn", stubborn)):
        namespace.start(
            name,
            cluster.nodes[0].name,
            container={"command": ["sh", "-c", script], "args": [], "readinessProbe": armed},
            terminationGracePeriodSeconds=6,
        )
        namespace.wait_ready(name)
    for name in ("willing", "stubborn"):
        namespace.core.delete_namespaced_pod(name, namespace.name)

    def left() -> set[str]:
        return {pod.metadata.name for pod in namespace.core.list_namespaced_pod(namespace.name).items}

    until(lambda: "willing" not in left(), what="willing pod gone", deadline_s=10.0)
    assert "stubborn" in left()
    until(lambda: not left(), what="stubborn pod gone", deadline_s=10.0)


def test_crashed_process_is_restarted(cluster: Cluster, namespace: Namespace) -> None:
    namespace.start("crashes", cluster.nodes[0].name)
    namespace.wait_ready("crashes")
    with pytest.raises(ApiRefused, match="503"):  # it ends before it answers
        ask(namespace, "crashes", "exit", code="7")

    def restarted() -> bool:
        return bool(namespace.pod("crashes").status.container_statuses[0].restart_count == 1)

    until(restarted, what="one restart", deadline_s=10.0)
    namespace.wait_ready("crashes")


def test_unknown_image_is_reported(cluster: Cluster, namespace: Namespace) -> None:
    namespace.start("strange", cluster.nodes[0].name, container={"image": "example.invalid/strange:1"})

    def waiting() -> str:
        statuses = namespace.pod("strange").status.container_statuses
        return statuses[0].state.waiting.reason if statuses else ""

    assert until(waiting, what="a reason", deadline_s=10.0) == "ErrImagePull"


def test_host_network_pod_has_the_address_of_its_node(cluster: Cluster, namespace: Namespace) -> None:
    node = cluster.nodes[1]
    namespace.start("hosted", node.name, hostNetwork=True)
    namespace.wait_ready("hosted")
    assert namespace.pod("hosted").status.pod_ip == node.address
