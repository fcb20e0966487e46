"""Somebody's cluster while a run is at work there: its record, its nodes, and the pods on them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING

from gauntlet.ground.cluster import HostKind, Json, Limits, ProxyMode
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import PodObject
from gauntlet.nodes.local import LocalHost
from gauntlet.nodes.pod_host import INTO_NODE, Door, PodAccessHost, PodAccessNode, into_pod
from gauntlet.providers.existing import marker
from gauntlet.providers.existing.node_access import CONTAINER, Entrance
from gauntlet.providers.existing.record import ExistingRecord, state_dir
from gauntlet.providers.node_record import NodeRecord, families
from gauntlet.subject import present

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class ExistingCluster:
    """See gauntlet.ground.cluster.Cluster for what each member promises. Making one changes nothing."""

    provider = "existing"
    refuses_freely = False

    def __init__(self, record: ExistingRecord) -> None:
        self.record = record
        self.name = record.name
        self.mode = ProxyMode(record.mode)
        self.version = record.version
        self.origin = ""
        self.proxy_sha256 = ""
        self.subject = present(self.mode, record.version)
        self.control_plane_version = record.control_plane_version
        self.kernel = record.kernel
        self.api_address = record.api_address
        self.client_image: str | None = record.image
        self.state_dir = state_dir(record.name)
        self.kubeconfig = self.state_dir / "kubeconfig"
        self.limits = Limits(frozenset(record.targets), record.at_once, reconfigurable=False)
        self.outside = LocalHost((record.outside,) if record.outside else ())
        self.families = families(record.nodes)

    @cached_property
    def api(self) -> ApiClient:
        from gauntlet.kube.api_client import api_client

        return api_client(self.kubeconfig)

    @cached_property
    def entrance(self) -> Entrance:
        record = self.record
        return Entrance(Api(self.api), record.run, record.image, tuple(node.name for node in record.nodes))

    @cached_property
    def nodes(self) -> tuple[PodAccessNode, ...]:
        return tuple(self._node(node) for node in self.record.nodes)

    def node(self, name: str) -> PodAccessNode:
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.record.nodes)
        raise UsageError(f"cluster {self.name} has no node {name!r}", f"choose one of: {known}")

    def serving(self) -> AbstractContextManager[None]:
        """The cluster's own load balancer does it, if it has one."""
        return nullcontext()

    def configure_proxies(self, changes: Mapping[str, Json]) -> None:
        """Refused: the one ConfigMap is every node's, also of those that may not be hurt."""
        raise UsageError(
            f"the configuration of kube-proxy in somebody's cluster is not the gauntlet's to change ({dict(changes)})",
            "use the sandbox or kind provider for that",
        )

    def pod(self, namespace: str, name: str) -> PodAccessHost:
        full_name = f"{namespace}/{name}"
        try:
            pod = Api(self.api).one(PodObject, f"/api/v1/namespaces/{namespace}/pods/{name}")
        except ApiRefused as error:
            raise GauntletError(f"pod {full_name}: {error.what}", error.remedy) from None
        if pod.status.phase != "Running" or not pod.container:
            raise GauntletError(f"pod {full_name} is not running (phase {pod.status.phase})")
        node = self.node(pod.spec.node_name)
        pid = node.container_pid(pod.container)
        if pid is None:
            raise GauntletError(
                f"pod {full_name} has no process on {node.name}", "it has just been restarted: try again"
            )
        return PodAccessHost(node.door, full_name, HostKind.POD, node.name, pod.addresses, into_pod(pid))

    def _node(self, node: NodeRecord) -> PodAccessNode:
        door = Door(self.api, marker.NAMESPACE, CONTAINER, partial(self.entrance.pod_on, node.name))
        return PodAccessNode(
            door, node.name, HostKind.NODE, node.name, node.addresses, INTO_NODE, pod_cidrs=node.pod_cidrs
        )
