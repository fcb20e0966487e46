"""A running kind cluster: its record, its nodes, and the pods on them."""

from __future__ import annotations

import fcntl
import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gauntlet.ground.cluster import NO_LIMITS, HostKind, Json
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.family import place
from gauntlet.ground.paths import state_root
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import PodObject
from gauntlet.nodes.container import ContainedPod, ContainerHost, ContainerNode
from gauntlet.providers import record_file
from gauntlet.providers.kind import replacement
from gauntlet.providers.kind.proxy_images import ProxyImage
from gauntlet.providers.load_balancer import LoadBalancer
from gauntlet.providers.node_record import NodeRecord, families
from gauntlet.proxy.configuration import changed
from gauntlet.subject import Subject

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

API_PORT = 6443
LOAD_BALANCER_POOL = "10.200.0.0/24"
# Locked by the process whose stand-in for a load balancer is at work.
_SERVED = "load-balancer.lock"
# The kubelet looks for changes of what it mounts at each sync of a pod (syncFrequency, a minute) or sooner.
_MOUNTED_WITHIN_S = 120.0


@dataclass(frozen=True)
class KindRecord:
    """What is kept on disk of a cluster. `nodes` are the workers, then the control plane.

    `mode`, `version` and `subject` are those of the node image's kube-proxy. Nodes that can be given another one have
    `proxies`: `given` says which of them each node was given last, `settled` which one all nodes had last, by their
    names; `configuration` is the YAML that those of all subjects are laid over.
    """

    name: str
    mode: str
    version: str
    image: str
    client_image: str
    nodes: tuple[NodeRecord, ...]
    outside: str
    subject: str  # JSON of a gauntlet.subject.Subject
    proxies: tuple[ProxyImage, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    settled: str = ""
    configuration: str = ""

    @classmethod
    def load(cls, name: str) -> KindRecord | None:
        """The record of this name; None if there is none. Raises UnreadableRecord for one that cannot be read."""
        remedy = f"gauntlet cluster down {name} ends the cluster"
        return record_file.read(state_dir(name) / "cluster.json", cls._of, remedy)

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> KindRecord:
        nodes = tuple(NodeRecord.read(node) for node in fields["nodes"])
        proxies = tuple(ProxyImage(**each) for each in fields.get("proxies", ()))
        return cls(**{**fields, "nodes": nodes, "proxies": proxies})

    def save(self) -> None:
        replace_file(state_dir(self.name) / "cluster.json", json.dumps(asdict(self), indent=2))


def clusters_dir() -> Path:
    return state_root() / "kind"


def state_dir(name: str) -> Path:
    return clusters_dir() / name


def failed_dir() -> Path:
    """Where the logs of clusters that did not come up are, by name."""
    return state_root() / "kind-failed"


def outside_name(cluster: str) -> str:
    return f"{cluster}-outside"


class RunningKindCluster:
    """See gauntlet.ground.cluster.Cluster for what each member promises."""

    provider = "kind"
    limits = NO_LIMITS
    refuses_freely = False

    def __init__(self, record: KindRecord) -> None:
        self._take(record)
        # Nodes that are replaced at the same time change one record.
        self._changing = Lock()
        self.name = record.name
        self.control_plane_version = record.version
        self.kernel = platform.release()
        self.state_dir = state_dir(record.name)
        self.kubeconfig = self.state_dir / "kubeconfig"
        self.api_address = place(record.nodes[-1].address, API_PORT)
        self.client_image: str | None = record.client_image
        self.nodes = tuple(
            ContainerNode(
                node.name,
                node.name,
                HostKind.NODE,
                node.name,
                node.addresses,
                cluster=record.name,
                pod_cidrs=node.pod_cidrs,
                client_image=record.client_image,
            )
            for node in record.nodes
        )
        self.outside = ContainerHost(outside_name(self.name), "outside", HostKind.OUTSIDE, None, (record.outside,))
        self.families = families(record.nodes)

    def _take(self, record: KindRecord) -> None:
        """What it says of its kube-proxies is of the one that all nodes had last."""
        self.record = record
        settled = next((each for each in record.proxies if each.name == record.settled), None)
        self.subject = replace(Subject.of_json(record.subject), version=record.version)
        self.origin, self.proxy_sha256 = f"node image {record.image}", ""
        if settled is not None:
            self.subject = Subject.of_json(settled.subject)
            self.origin, self.proxy_sha256 = settled.origin, settled.sha256
        self.mode, self.version = self.subject.mode, self.subject.version

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Two at once would give one Service two addresses: a child of a process that serves leaves it to that."""
        with (self.state_dir / _SERVED).open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield
                return
            balancer = LoadBalancer(Api(self.api), [LOAD_BALANCER_POOL])
            balancer.start()
            try:
                yield
            finally:
                balancer.stop()

    @cached_property
    def api(self) -> ApiClient:
        from gauntlet.kube.api_client import api_client

        return api_client(self.kubeconfig)

    def node(self, name: str) -> ContainerNode:
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise UsageError(f"cluster {self.name} has no node {name!r}", f"choose one of: {known}")

    def configure_proxies(self, changes: Mapping[str, Json]) -> None:
        """One ConfigMap is mounted by all of them; returns when each has the new one before it."""
        api = Api(self.api)
        wanted = changed(replacement.described(api), changes)
        api.patch(replacement.CONFIG_MAP, {"data": {replacement.CONFIG_KEY: wanted}})
        for node in self.nodes:
            until(
                lambda node=node: node.run(["sh", "-c", replacement.MOUNTED], check=False).stdout == wanted,  # type: ignore[misc]
                what=f"kube-proxy on {node.name} has its new configuration mounted",
                deadline_s=_MOUNTED_WITHIN_S,
                every_s=1.0,
            )

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return tuple(Subject.of_json(each.subject) for each in self.record.proxies) or (self.subject,)

    def subject_of(self, node: str) -> Subject:
        given = self.record.given.get(self.node(node).name, self.subject.name)
        return next(subject for subject in self.subjects if subject.name == given)

    def replace_proxy(self, node: str, subject: Subject) -> None:
        """The DaemonSet changes before the pod goes, so that whatever ends it, the new one follows."""
        place = self.node(node)
        known = {each.name: each for each in self.record.proxies}
        if subject.name not in known:
            raise UsageError(
                f"the nodes of cluster {self.name} cannot run kube-proxy of the subject {subject.name}",
                f"name it when the cluster is made; they can run that of {', '.join(known) or 'none but their image'}",
            )
        given = known[subject.name]
        with self._changing:
            replacement.describe(Api(self.api), self.record.configuration, given)
            self._keep(replace(self.record, given={**self.record.given, place.name: given.name}))
        replacement.renew(self, place, self.record.configuration, given)
        with self._changing:
            if {self.record.given.get(each.name) for each in self.nodes} == {given.name}:
                self._keep(replace(self.record, settled=given.name))

    def _keep(self, record: KindRecord) -> None:
        record.save()
        self._take(record)

    def pod(self, namespace: str, name: str) -> ContainedPod:
        try:
            pod = Api(self.api).one(PodObject, f"/api/v1/namespaces/{namespace}/pods/{name}")
        except ApiRefused as error:
            raise GauntletError(f"pod {namespace}/{name}: {error.what}", error.remedy) from None
        full_name = f"{namespace}/{name}"
        if pod.status.phase != "Running" or not pod.container:
            raise GauntletError(f"pod {full_name} is not running (phase {pod.status.phase})")
        node = self.node(pod.spec.node_name)
        pid = _pid(node, pod.container)
        if pid is None:
            raise GauntletError(
                f"pod {full_name} has no process on {node.name}", "it has just been restarted: try again"
            )
        return ContainedPod(node.container, full_name, HostKind.POD, node.name, pod.addresses, pid)


def _pid(node: ContainerNode, container_id: str) -> int | None:
    """The first process of a container, as containerd on the node knows it."""
    listed = node.run(["ctr", "--namespace=k8s.io", "tasks", "list"]).stdout
    for line in listed.splitlines():
        fields = line.split()
        if fields and fields[0] == container_id:
            return int(fields[1])
    return None
