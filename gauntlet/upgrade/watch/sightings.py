"""What the cluster goes through meanwhile, as events: pure functions of what the API server shows, object by object.

What was there before the watch is no news. Each tracker is told all objects again whenever a list is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gauntlet.ground.history import Event, EventKind
from gauntlet.kube.objects import NodeObject, PodObject
from gauntlet.upgrade.standing import Standing

# What tells that a node is away.
AWAY = (EventKind.NODE_NOT_READY, EventKind.NODE_GONE)


@dataclass(frozen=True)
class _Node:
    name: str
    ready: bool
    cordoned: bool


class NodeTracker:
    """Follows nodes that run Linux: a watch has nobody on others. `away` are those that are not ready, or gone."""

    def __init__(self, present: Iterable[NodeObject]) -> None:
        self._known = {node.metadata.uid: _state(node) for node in present if node.is_linux}
        self._gone: set[str] = set()

    @property
    def away(self) -> frozenset[str]:
        return frozenset(self._gone | {each.name for each in self._known.values() if not each.ready})

    @property
    def names(self) -> frozenset[str]:
        """The nodes that there are now."""
        return frozenset(each.name for each in self._known.values())

    def see(self, node: NodeObject) -> Iterator[Event]:
        if not node.is_linux:
            return
        now = _state(node)
        before = self._known.get(node.metadata.uid)
        self._known[node.metadata.uid] = now
        self._gone.discard(now.name)
        if before is None:
            state = "ready" if now.ready else "not ready yet"
            yield Event(EventKind.NODE_CAME, now.name, now.name, f"kubelet {node.kubelet_version}, {state}")
            return
        if before.ready != now.ready:
            yield Event(EventKind.NODE_READY if now.ready else EventKind.NODE_NOT_READY, now.name, now.name)
        if before.cordoned != now.cordoned:
            yield Event(EventKind.NODE_CORDONED if now.cordoned else EventKind.NODE_UNCORDONED, now.name, now.name)

    def end(self, present: frozenset[str]) -> Iterator[Event]:
        for uid in [each for each in self._known if each not in present]:
            name = self._known.pop(uid).name
            if name not in self.names:
                self._gone.add(name)
                yield Event(EventKind.NODE_GONE, name, name)


def _state(node: NodeObject) -> _Node:
    return _Node(node.metadata.name, node.ready, node.spec.unschedulable)


@dataclass(frozen=True)
class _Proxy:
    name: str
    node: str
    restarts: int
    ending: bool
    ready: bool


class ProxyPodTracker:
    """Follows the pods of kube-proxy."""

    def __init__(self, present: Iterable[PodObject]) -> None:
        self._known = {pod.metadata.uid: _proxy(pod) for pod in present}

    def see(self, pod: PodObject) -> Iterator[Event]:
        now = _proxy(pod)
        before = self._known.get(pod.metadata.uid)
        if not now.node:
            return
        self._known[pod.metadata.uid] = now
        if now.ending and not (before and before.ending):
            yield Event(EventKind.PROXY_STOPPED, now.name, now.node, "the pod was told to end")
        if now.ready and not now.ending and (before is None or (not before.ready and before.restarts == now.restarts)):
            yield Event(EventKind.PROXY_REPLACED, now.name, now.node, f"the pod is ready: {_images(pod)}")
        if before is not None and now.restarts > before.restarts:
            times = now.restarts - before.restarts
            yield Event(
                EventKind.PROXY_RESTARTED, now.name, now.node, f"its container was started again, {times} times"
            )

    def end(self, present: frozenset[str]) -> Iterator[Event]:
        for uid in [each for each in self._known if each not in present]:
            gone = self._known.pop(uid)
            if not gone.ending:
                yield Event(EventKind.PROXY_STOPPED, gone.name, gone.node, "the pod is gone")


def _proxy(pod: PodObject) -> _Proxy:
    restarts = sum(each.restart_count for each in pod.status.container_statuses)
    ending = pod.metadata.deletion_timestamp is not None
    return _Proxy(pod.metadata.name, pod.spec.node_name, restarts, ending, pod.runs)


def _images(pod: PodObject) -> str:
    return ", ".join(each.image.rpartition("/")[2] for each in pod.spec.containers)


class ProxyProcessTracker:
    """Follows the process of kube-proxy on each node, where no pod shows it. What could not be seen is no news."""

    def __init__(self) -> None:
        self._known: dict[str, Standing] = {}

    def see(self, node: str, now: Standing) -> Iterator[Event]:
        if now.unseen:
            return
        before = self._known.get(node)
        self._known[node] = now
        if before is None or before.process == now.process:
            return
        if before.process is not None:
            pid = before.process.pid
            yield Event(EventKind.PROXY_STOPPED, "kube-proxy", node, f"the process ended (pid {pid})")
        if now.process is not None:
            yield Event(EventKind.PROXY_RESTARTED, "kube-proxy", node, f"a process was started (pid {now.process.pid})")
