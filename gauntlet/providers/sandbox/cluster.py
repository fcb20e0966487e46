"""A running sandbox cluster, as the driver outside its world sees it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.ground.cluster import NO_LIMITS, HostKind, Json, NodeKernel, ProxyMode, have_own_kernels
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.family import families_of, place
from gauntlet.ground.fields import merged
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import PodObject
from gauntlet.nodes.guest.node import GuestHost, GuestNode
from gauntlet.nodes.namespaced import NamespacedHost, NamespacedNode, World
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.providers.sandbox import layout, replacement
from gauntlet.providers.sandbox.address_plan import plans
from gauntlet.providers.sandbox.layout import ClusterRecord, HostRecord
from gauntlet.providers.sandbox.pod_status import IN_GUEST
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.providers.sandbox.replacement import settled
from gauntlet.proxy.configuration import OWN_NAME, changed
from gauntlet.subject import Subject

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

# The kubernetes library is loaded where it is used: the world's own processes import this package too, and need it not.


class SandboxCluster:
    """See gauntlet.ground.cluster.Cluster for what each member promises."""

    provider = "sandbox"
    client_image = None
    limits = NO_LIMITS

    def __init__(self, record: ClusterRecord) -> None:
        assert record.outside is not None
        self._take(record)
        self.name = record.name
        self.control_plane_version = record.control_plane_version
        self.kernel = record.kernel_release
        self.state_dir: Path = layout.state_dir(record.name)
        self.kubeconfig: Path = self.state_dir / "kubeconfig"
        self.families = families_of(record.nodes[0].addresses)
        self.api_address = place(plans(self.families)[0].api, layout.API_PORT)
        world = World(record.init_pid, record.user_namespace)
        self._world = world
        self._switchboard = Switchboard(self.state_dir / layout.SWITCHBOARD)
        self.nodes: tuple[NamespacedNode | GuestNode, ...] = tuple(self._node(node) for node in record.nodes)
        self.refuses_freely = not have_own_kernels(self.nodes)
        outside = record.outside
        self.outside = NamespacedHost(world, outside.name, HostKind.OUTSIDE, None, outside.addresses, outside.pid)

    def _take(self, record: ClusterRecord) -> None:
        self.record = record
        self.mode = ProxyMode(record.mode)
        self.version = record.version
        self.origin = record.origin
        self.proxy_sha256 = record.proxy_sha256
        self.subject = replace(Subject.of_json(record.subject), version=record.version)

    def _node(self, node: HostRecord) -> NamespacedNode | GuestNode:
        log = self.state_dir / "logs" / f"kube-proxy-{node.name}.log"
        if node.kernel is NodeKernel.OWN:
            return GuestNode(
                self._switchboard,
                node.name,
                HostKind.NODE,
                node.name,
                node.addresses,
                pod_cidrs=node.pod_cidrs,
                log=log,
            )
        return NamespacedNode(
            self._world,
            node.name,
            HostKind.NODE,
            node.name,
            node.addresses,
            node.pid,
            pod_cidrs=node.pod_cidrs,
            log=log,
        )

    @cached_property
    def api(self) -> ApiClient:
        from gauntlet.kube.api_client import api_client

        return api_client(self.kubeconfig)

    def node(self, name: str) -> NamespacedNode | GuestNode:
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise UsageError(f"cluster {self.name} has no node {name!r}", f"choose one of: {known}")

    def serving(self) -> AbstractContextManager[None]:
        """Its steward does it at all times."""
        return nullcontext()

    def configure_proxies(self, changes: Mapping[str, Json]) -> None:
        """Replaces the file, as a mounted ConfigMap is: a kube-proxy whose file is written to ends at once."""
        for node in self.nodes:
            path = Path(ProxyManifest.load(self.state_dir, node.name).configuration)
            replace_file(path, changed(path.read_text(encoding="utf-8"), merged({OWN_NAME: node.name}, changes)))

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return tuple(Subject.of_json(each.subject) for each in self.record.proxies)

    def subject_of(self, node: str) -> Subject:
        given = ProxyManifest.load(self.state_dir, self.node(node).name).subject
        return next(subject for subject in self.subjects if subject.name == given)

    def replace_proxy(self, node: str, subject: Subject) -> None:
        """The manifest changes before the old kube-proxy ends, so that whatever ends it, the new one follows."""
        place = self.node(node)
        known = {each.name: each for each in self.record.proxies}
        if subject.name not in known:
            raise UsageError(
                f"the nodes of cluster {self.name} cannot run kube-proxy of the subject {subject.name}",
                f"name it when the cluster is made; they can run that of {', '.join(known)}",
            )
        replacement.replace(self, place, known[subject.name])
        given = {self.subject_of(each.name) for each in self.nodes}
        if len(given) == 1:
            self._take(settled(self.record, known[subject.name]))
            self.record.save()

    def pod(self, namespace: str, name: str) -> NamespacedHost | GuestHost:
        try:
            pod = Api(self.api).one(PodObject, f"/api/v1/namespaces/{namespace}/pods/{name}")
        except ApiRefused as error:
            raise GauntletError(f"pod {namespace}/{name}: {error.what}", error.remedy) from None
        scheme, _, pid = pod.container_id.partition("://")
        full_name = f"{namespace}/{name}"
        if scheme != "sandbox" or not pid or pod.status.phase != "Running":
            raise GauntletError(f"pod {full_name} is not running (phase {pod.status.phase})")
        node, addresses = pod.spec.node_name, pod.addresses
        if pid == IN_GUEST:
            return GuestHost(self._switchboard, full_name, HostKind.POD, node, addresses)
        return NamespacedHost(self._world, full_name, HostKind.POD, node, addresses, int(pid))
