"""One sandbox cluster a mode for the tests of this folder."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from kubernetes import client

from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.waiting import until
from gauntlet.providers import ClusterSpec, provider
from gauntlet.subject import plain

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.66"


@pytest.fixture(scope="package")
def in_mode() -> Iterator[Callable[[ProxyMode], Cluster]]:
    """The cluster in a mode, made when first asked for. It goes with the last test of this folder: idle ones cost."""
    sandbox = provider("sandbox")
    made: dict[ProxyMode, Cluster] = {}

    def of(mode: ProxyMode) -> Cluster:
        if mode not in made:
            made[mode] = sandbox.create(ClusterSpec(name=f"test-{mode}-{os.getpid()}", subject=plain(mode)))
        return made[mode]

    yield of
    for cluster in made.values():
        sandbox.delete(cluster.name)


@pytest.fixture(scope="package", params=[ProxyMode.IPTABLES, ProxyMode.NFTABLES])
def cluster(request: pytest.FixtureRequest, in_mode: Callable[[ProxyMode], Cluster]) -> Cluster:
    return in_mode(request.param)


@dataclass(frozen=True)
class Namespace:
    """A namespace of one test, and what tests do in it."""

    cluster: Cluster
    name: str

    @property
    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self.cluster.api)

    def start(self, name: str, node: str, *, container: Mapping[str, object] | None = None, **spec: object) -> None:
        """Create a Pod bound to a node; fields of its spec and `container` override a plain agnhost netexec."""
        main: dict[str, object] = {
            "name": "main",
            "image": AGNHOST,
            "args": ["netexec", "--http-port=8080", "--udp-port=8081"],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1},
        }
        main |= container or {}
        body = {
            "metadata": {"name": name, "labels": {"app": "backend"}},
            "spec": {"nodeName": node, "terminationGracePeriodSeconds": 2, "containers": [main], **spec},
        }
        self.core.create_namespaced_pod(self.name, body)

    def pod(self, name: str) -> client.V1Pod:
        return self.core.read_namespaced_pod(name, self.name)

    def is_ready(self, name: str) -> bool:
        conditions = self.pod(name).status.conditions or []
        return any(each.type == "Ready" and each.status == "True" for each in conditions)

    def wait_ready(self, name: str) -> None:
        until(lambda: self.is_ready(name), what=f"pod {name} ready", deadline_s=20.0)

    def wait_unready(self, name: str) -> None:
        until(lambda: not self.is_ready(name), what=f"pod {name} not ready", deadline_s=20.0)

    def service(self, **spec: object) -> client.V1Service:
        body = {
            "metadata": {"name": "service"},
            "spec": {"selector": {"app": "backend"}, "ports": [{"port": 80, "targetPort": 8080}], **spec},
        }
        return self.core.create_namespaced_service(self.name, body)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Namespace]:
    name = f"t-{uuid.uuid4().hex[:10]}"
    core = client.CoreV1Api(cluster.api)
    core.create_namespace({"metadata": {"name": name}})
    yield Namespace(cluster, name)
    core.delete_namespace(name)
