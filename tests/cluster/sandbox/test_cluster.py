"""A sandbox cluster serves Services from every kind of client, and its parts are the real ones."""

from __future__ import annotations

from functools import partial

import pytest
from kubernetes import client
from kubernetes.client import ApiException

from gauntlet.ground.cluster import Cluster, CommandFailed, Host, HostKind, ProxyMode
from gauntlet.ground.waiting import until
from gauntlet.providers import connect
from tests.cluster.sandbox.conftest import Namespace


def fetch(host: Host, url: str) -> str:
    return host.run(["curl", "--silent", "--fail", "--max-time", "1", url]).stdout


def reaches(host: Host, url: str, backends: set[str]) -> bool:
    """Whether 40 requests all succeed, and find these backends and no others."""
    try:
        return {fetch(host, url) for _ in range(40)} == backends
    except CommandFailed:
        return False


def test_service_answers_every_client(cluster: Cluster, namespace: Namespace) -> None:
    for number, node in enumerate(cluster.nodes):
        namespace.start(f"backend-{number}", node.name)
    service = namespace.service(type="LoadBalancer")
    for number in range(3):
        namespace.wait_ready(f"backend-{number}")
    ingress = until(
        lambda: namespace.core.read_namespaced_service("service", namespace.name).status.load_balancer.ingress,
        what="load balancer address",
        deadline_s=10.0,
    )
    pod = cluster.pod(namespace.name, "backend-0")
    cluster_ip = f"http://{service.spec.cluster_ip}/hostname"
    backends = {"backend-0", "backend-1", "backend-2"}
    for host in (pod, *cluster.nodes):
        until(partial(reaches, host, cluster_ip, backends), what=f"{host.name} reaches every backend", deadline_s=20.0)
    for node in cluster.nodes:
        assert fetch(cluster.outside, f"http://{node.address}:{service.spec.ports[0].node_port}/hostname") in backends
    assert fetch(cluster.outside, f"http://{ingress[0].ip}/hostname") in backends
    with pytest.raises(CommandFailed):
        fetch(cluster.outside, cluster_ip)  # a ClusterIP is of the cluster alone


def test_pods_know_themselves(cluster: Cluster, namespace: Namespace) -> None:
    node = cluster.nodes[1]
    namespace.start("alone", node.name)
    namespace.wait_ready("alone")
    pod = cluster.pod(namespace.name, "alone")
    assert pod.run(["hostname"]).stdout.strip() == "alone"
    assert (pod.kind, pod.node) == (HostKind.POD, node.name)
    proxied = namespace.core.connect_get_namespaced_pod_proxy_with_path("alone:8080", namespace.name, "hostname")
    assert proxied == "alone"


def test_nodes_differ(cluster: Cluster) -> None:
    assert [node.run(["hostname"]).stdout.strip() for node in cluster.nodes] == ["node-1", "node-2", "node-3"]
    first, second, _ = cluster.nodes
    first.run(["touch", "/run/xtables.lock-of-first"])
    assert second.run(["test", "-e", "/run/xtables.lock-of-first"], check=False).code == 1


def test_proxy_runs_in_its_mode_and_comes_back(cluster: Cluster) -> None:
    node = cluster.nodes[2]
    mode = node.run(["curl", "--silent", "http://127.0.0.1:10249/proxyMode"]).stdout
    assert ProxyMode(mode) is cluster.mode
    first = node.proxy_pid()
    assert first is not None
    node.run(["kill", "-KILL", str(first)])
    second = until(lambda: (pid := node.proxy_pid()) != first and pid, what="new kube-proxy", deadline_s=15.0)
    assert second != first
    assert "kube-proxy ended with -9" in node.proxy_log()


def test_rbac_is_on(cluster: Cluster) -> None:
    """The proxy may read Services, and may not write them."""
    kubeconfig = cluster.state_dir / "nodes" / "node-1" / "kube-proxy.kubeconfig"
    inside = cluster.nodes[0]
    review = {"spec": {"user": "system:kube-proxy", "resourceAttributes": {"verb": "list", "resource": "services"}}}
    allowed = client.AuthorizationV1Api(cluster.api).create_subject_access_review(review)
    assert allowed.status.allowed
    review["spec"]["resourceAttributes"]["verb"] = "create"  # type: ignore[index]
    assert not client.AuthorizationV1Api(cluster.api).create_subject_access_review(review).status.allowed
    assert kubeconfig.stat().st_mode & 0o077 == 0
    anonymous = inside.run(["curl", "--silent", "--insecure", f"https://{cluster.api_address}/api/v1/nodes"]).stdout
    assert '"code": 403' in anonymous


def test_connect_by_kubeconfig(cluster: Cluster) -> None:
    again = connect(cluster.kubeconfig)
    assert (again.name, again.mode, again.version) == (cluster.name, cluster.mode, cluster.version)
    assert again.node("node-2").run(["hostname"]).stdout.strip() == "node-2"
    with pytest.raises(ApiException):
        client.CoreV1Api(again.api).read_node("node-9")


def test_command_failures_say_where(cluster: Cluster) -> None:
    with pytest.raises(CommandFailed, match="on node-1 ended with 3: sorry"):
        cluster.nodes[0].run(["sh", "-c", "echo sorry >&2; exit 3"])
    with pytest.raises(CommandFailed, match="not done after"):
        cluster.nodes[0].run(["sleep", "60"], timeout_s=0.2)
