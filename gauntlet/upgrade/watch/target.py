"""Which cluster is watched, and how far the way into it goes: client pods alone, or the nodes and their network too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from gauntlet.doctor.cluster_check.detection import detect
from gauntlet.faults.heal import heal
from gauntlet.ground import ending
from gauntlet.ground.cluster import Host, HostKind, Node
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal import lock
from gauntlet.kube.access import Access, access
from gauntlet.kube.api import Api
from gauntlet.kube.kubeconfig import Origin, origin
from gauntlet.kube.objects import PodObject
from gauntlet.nodes.pod_host import Door, PodAccessHost
from gauntlet.providers import ClusterSpec, ExistingOptions, provider
from gauntlet.providers.existing import marker
from gauntlet.providers.existing.cluster import ExistingCluster
from gauntlet.providers.existing.provider import ExistingProvider
from gauntlet.providers.existing.survey import is_balanced
from gauntlet.providers.protocol import SubjectCluster
from gauntlet.proxy.eras import default_mode
from gauntlet.subject import Subject, plain, present
from gauntlet.upgrade.watch import pods

PURPOSE = "watch"
_PREFIX = f"kp-{PURPOSE}-"


@dataclass(frozen=True)
class Watched:
    """A cluster to watch. `nodes` are those that commands reach, `outside` a host that reaches them: none, and None, if
    client pods are the only way in.

    `daemon_sets` says whether the cluster makes the pods of DaemonSets, `balanced` whether LoadBalancer Services get an
    address.
    """

    cluster: SubjectCluster
    nodes: tuple[Node, ...]
    outside: Host | None
    daemon_sets: bool
    balanced: bool

    @property
    def api(self) -> Api:
        return Api(self.cluster.api)

    @property
    def by_exec(self) -> bool:
        """Whether client pods are entered by the API server's exec alone."""
        return isinstance(self.cluster, ExistingCluster)

    def client(self, pod: PodObject) -> Host:
        """The host of a client pod that runs. Raises GauntletError if it does not any more."""
        name, namespace = pod.metadata.name, pod.metadata.namespace
        if not self.by_exec:
            return self.cluster.pod(namespace, name)
        door = Door(self.cluster.api, namespace, pods.CONTAINER, partial(str, name))
        full_name = f"{namespace}/{name}"
        return PodAccessHost(door, full_name, HostKind.POD, pod.spec.node_name, pod.addresses, ())


class Reach(StrEnum):
    """How far into a cluster a watch goes: onto its nodes, or no further than pods of its own."""

    NODES = "nodes"
    CLIENTS = "clients"


@contextmanager
def opened(options: ExistingOptions, reach: Reach) -> Iterator[Watched]:
    """The cluster of this kubeconfig and context; without these those that kubectl would take.

    One that the gauntlet made is used as it is. Somebody's has to carry the marker, or be named by `allow_context`; for
    Reach.CLIENTS no privileged pod is made there. Faults of a run that was killed are healed first, and what a watch
    had made that was killed is deleted, as is in the end what this one makes. Raises UsageError if it may not be used,
    ClusterInUse if somebody else uses it.
    """
    found = access(options.kubeconfig, options.context)
    made = origin(found.kubeconfig, found.context)
    forget = ending.at_once(_say_what_is_left)
    try:
        with _ours(found, made) if made is not None else _somebodys(found, options, reach) as watched:
            if reach is Reach.NODES:
                yield watched
            else:
                yield replace(watched, nodes=(), outside=None, balanced=False)
    finally:
        forget()


def _say_what_is_left() -> None:
    os.write(2, b"what the watch has made is still in the cluster: the next watch there deletes it first\n")


@contextmanager
def _ours(found: Access, made: Origin) -> Iterator[Watched]:
    maker = provider(made.provider)
    with lock.used(made.provider, made.cluster):
        cluster = maker.connect(found.kubeconfig)
        heal(cluster)
        _clear(Api(cluster.api))
        try:
            with cluster.serving():
                yield Watched(cluster, cluster.nodes, cluster.outside, maker.runs_daemon_sets, balanced=True)
        finally:
            with ending.held_back():
                _clear(Api(cluster.api))


@contextmanager
def _somebodys(found: Access, options: ExistingOptions, reach: Reach) -> Iterator[Watched]:
    maker = ExistingProvider()
    spec = ClusterSpec("", _subject(Api(found.client)), existing=options)
    cluster = maker.create(spec) if reach is Reach.NODES else maker.claim(spec)
    try:
        heal(cluster)
        balanced = is_balanced(Api(cluster.api))
        yield Watched(cluster, cluster.nodes, cluster.outside, maker.runs_daemon_sets, balanced)
    finally:
        with ending.held_back():
            _clear(Api(cluster.api))
            maker.delete(cluster.name)


def _subject(api: Api) -> Subject:
    """What runs there, as far as that can be told; a watch judges it by nothing but traffic."""
    try:
        detected = detect(api)
    except UsageError:
        return plain(default_mode(""))
    return present(detected.mode, detected.version)


def _clear(api: Api) -> None:
    """Delete what watches have made, and wait until it is gone."""
    names = [each.metadata.name for each in marker.own(api) if each.metadata.name.startswith(_PREFIX)]
    for name in names:
        pods.end_at_once(api, name)
    if names:
        marker.delete_namespaces(api, names)
