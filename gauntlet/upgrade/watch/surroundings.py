"""Follows the cluster while traffic flows: its nodes, its kube-proxies, and the pods of the watch itself."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from gauntlet.doctor.cluster_check.cluster_facts import LABEL, SYSTEM
from gauntlet.ground.cluster import Node
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.kube.api import Api
from gauntlet.kube.objects import NodeObject, PodObject
from gauntlet.kube.watch import Follower, follow
from gauntlet.upgrade.standing import look
from gauntlet.upgrade.watch import pods
from gauntlet.upgrade.watch.sightings import NodeTracker, ProxyPodTracker, ProxyProcessTracker
from gauntlet.workload.backend import APP_LABEL

NODES = "/api/v1/nodes"
SYSTEM_PODS = f"{SYSTEM}/pods"
_LOOK_EVERY_S = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClientSeen:
    """A client pod that runs, by its uid; without a `pod` one that ended, was started again, or was told to end."""

    uid: str
    pod: PodObject | None = None


@dataclass
class BackendsSeen:
    """The backends that there ever were: the node of each, and when each began to go, in ns, of those that went."""

    nodes: dict[str, str] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)


News = ClientSeen | Event


class Surroundings:
    """Writes down what happens to the cluster, and tells the watch of its clients and nodes by `news`.

    `backends` are kept up to date by the thread that follows pods.
    """

    def __init__(self, api: Api, namespace: str, events: EventLog, nodes: tuple[Node, ...]) -> None:
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.backends = BackendsSeen()
        self._api = api
        self._namespace = namespace
        self._events = events
        self._reached = nodes
        # The containers of the client pods that run, by the uid of the pod.
        self._clients: dict[str, str] = {}
        self._by_uid: dict[str, str] = {}
        self._quiet_since_s = time.monotonic()
        present = api.list(NodeObject, NODES)
        self.at_first = tuple(node for node in present if node.is_linux)
        self.nodes = NodeTracker(present)
        proxies = api.list(PodObject, SYSTEM_PODS, {"labelSelector": LABEL})
        self.has_proxy_pods = bool(proxies)
        self._proxies = ProxyPodTracker(proxies)

    @property
    def quiet_s(self) -> float:
        """For how long nothing happened."""
        return time.monotonic() - self._quiet_since_s

    def start(self) -> None:
        """Follow from now on, to the end of this process."""
        own = f"/api/v1/namespaces/{self._namespace}/pods"
        self._thread("nodes", NODES, Follower(NodeObject, self._see_node, self._end_nodes))
        self._thread("own pods", own, Follower(PodObject, self._see_pod, self._end_pods))
        if self.has_proxy_pods:
            self._thread("kube-proxies", SYSTEM_PODS, Follower(PodObject, self._see_proxy, self._end_proxies))
        elif self._reached:
            threading.Thread(target=self._look, name="kube-proxy processes", daemon=True).start()

    def _thread(self, name: str, path: str, follower: Follower[NodeObject] | Follower[PodObject]) -> None:
        threading.Thread(target=follow, args=(self._api, path, follower), name=name, daemon=True).start()

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            self._quiet_since_s = time.monotonic()
            self.news.put(self._events.write(event))

    def _see_node(self, node: NodeObject) -> None:
        self._note(self.nodes.see(node))

    def _end_nodes(self, present: frozenset[str]) -> None:
        self._note(self.nodes.end(present))

    def _see_proxy(self, pod: PodObject) -> None:
        if _is_proxy(pod):
            self._note(self._proxies.see(pod))

    def _end_proxies(self, present: frozenset[str]) -> None:
        self._note(self._proxies.end(present))

    def _see_pod(self, pod: PodObject) -> None:
        app, uid, name = pod.metadata.labels.get(APP_LABEL), pod.metadata.uid, pod.metadata.name
        if app == pods.BACKEND and pod.spec.node_name:
            self.backends.nodes[name] = pod.spec.node_name
            self._by_uid[uid] = name
            if pod.metadata.deletion_timestamp is not None:
                self._backend_goes(name)
        if app == pods.CLIENT:
            self._see_client(pod)

    def _end_pods(self, present: frozenset[str]) -> None:
        for uid in [each for each in self._clients if each not in present]:
            self._client_goes(uid)
        for uid in [each for each in self._by_uid if each not in present]:
            self._backend_goes(self._by_uid.pop(uid))

    def _see_client(self, pod: PodObject) -> None:
        """That its probe fails for a moment does not end it: it asks on."""
        uid = pod.metadata.uid
        lives = pod.status.phase == "Running" and pod.metadata.deletion_timestamp is None
        if uid in self._clients and (not lives or pod.container_id != self._clients[uid]):
            self._client_goes(uid)
        if uid not in self._clients and pod.runs and pod.status.pod_ip:
            self._clients[uid] = pod.container_id
            self.news.put(ClientSeen(uid, pod))

    def _client_goes(self, uid: str) -> None:
        del self._clients[uid]
        self.news.put(ClientSeen(uid))

    def _backend_goes(self, name: str) -> None:
        if name not in self.backends.gone:
            self.backends.gone[name] = time.time_ns()
            node = self.backends.nodes[name]
            self._note([Event(EventKind.ENDPOINT_CHANGED, name, node, "a backend of the watch was told to end")])

    def _look(self) -> None:
        """A thread: looks at the processes of kube-proxy, where no pods show them."""
        tracker = ProxyProcessTracker()
        while True:
            for node in self._reached:
                self._note(tracker.see(node.name, look(node)))
            time.sleep(_LOOK_EVERY_S)


def _is_proxy(pod: PodObject) -> bool:
    name, _, value = LABEL.partition("=")
    return pod.metadata.labels.get(name) == value
