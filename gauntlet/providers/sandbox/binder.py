"""Stands in for the scheduler: binds each Pod that names no node to one of them, or says by an Event why it cannot.

Nodes take turns; what a node has room for is not counted. Of what a Pod may ask for, nodeSelector is obeyed, and so is
`kubectl cordon`. A Pod that requires more than that is not bound.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.objects import NodeObject, PodObject, PodSpec
from gauntlet.kube.watch import Follower, follow
from gauntlet.providers.sandbox.events import Events, Kind

SCHEDULER = "default-scheduler"
# How soon a Pod that fitted no node is tried again: a node may have been uncordoned or labelled.
_AGAIN_S = 1.0
_log = logging.getLogger(__name__)


def obstacle(spec: PodSpec) -> str:
    """What this Pod requires of the scheduler that the sandbox does not know; empty if it can be placed here."""
    affinity = spec.affinity
    required = {
        "nodeAffinity": affinity.node_affinity.required,
        "podAffinity": affinity.pod_affinity.required,
        "podAntiAffinity": affinity.pod_anti_affinity.required,
        "topologySpreadConstraints": any(
            each.when_unsatisfiable == "DoNotSchedule" for each in spec.topology_spread_constraints
        ),
    }
    names = [name for name, asked in required.items() if asked]
    if not names:
        return ""
    return f"the sandbox places Pods by nodeSelector alone, and this one requires {' and '.join(names)}"


def fits(spec: PodSpec, node: NodeObject) -> bool:
    """Whether the node has the labels that the Pod selects, and is not cordoned."""
    return not node.spec.unschedulable and spec.node_selector.items() <= node.metadata.labels.items()


class Binder:
    """Binds Pods for as long as the world lives."""

    def __init__(self, api: Api, events: Events) -> None:
        self._api = api
        self._events = events
        self._unbound: dict[str, PodObject] = {}
        self._said: dict[str, str] = {}
        self._turn = 0
        self._lock = threading.Lock()
        self._news = threading.Event()

    def start(self) -> None:
        watching = (self._api, "/api/v1/pods", Follower(PodObject, self._see, self._end_missing))
        unbound = {"field_selector": "spec.nodeName="}
        threading.Thread(target=follow, args=watching, kwargs=unbound, name="unbound pods", daemon=True).start()
        threading.Thread(target=self._serve, name="binder", daemon=True).start()

    def _see(self, pod: PodObject) -> None:
        # Another scheduler's Pods are not ours, and a gated one is not to be scheduled yet (KEP-3521).
        if pod.spec.scheduler_name not in {"", SCHEDULER} or pod.spec.scheduling_gates:
            return
        with self._lock:
            self._unbound[pod.metadata.uid] = pod
        self._news.set()

    def _end_missing(self, present: frozenset[str]) -> None:
        with self._lock:
            for uid in set(self._unbound) - present:
                del self._unbound[uid]
            for uid in set(self._said) - present:
                del self._said[uid]

    def _serve(self) -> None:
        while True:
            self._news.wait(_AGAIN_S if self._pods() else None)
            self._news.clear()
            for pod in self._pods():
                try:
                    self._place(pod)
                except (ApiRefused, ApiUnreachable) as error:
                    # Deleted or bound in the meantime, which the watch says next; else it is tried again.
                    _log.warning("pod %s is not bound: %s", pod.metadata.name, error)

    def _pods(self) -> tuple[PodObject, ...]:
        with self._lock:
            return tuple(self._unbound.values())

    def _place(self, pod: PodObject) -> None:
        nodes = self._api.list(NodeObject, "/api/v1/nodes")
        fitting = [node for node in nodes if fits(pod.spec, node)]
        reason = obstacle(pod.spec)
        if reason or not fitting:
            self._say_pending(pod, reason or _none_fits(pod.spec, nodes))
            return
        node = fitting[self._turn % len(fitting)].metadata.name
        self._turn += 1
        path = f"/api/v1/namespaces/{pod.metadata.namespace}/pods/{pod.metadata.name}"
        self._api.post(
            f"{path}/binding",
            {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": pod.metadata.name, "uid": pod.metadata.uid},
                "target": {"kind": "Node", "name": node},
            },
        )
        with self._lock:
            self._unbound.pop(pod.metadata.uid, None)
        self._events.write(pod, Kind.NORMAL, "Scheduled", f"bound to {node}")

    def _say_pending(self, pod: PodObject, message: str) -> None:
        """Say it in the Pod's status and by an Event, once."""
        if self._said.get(pod.metadata.uid) == message:
            return
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        path = f"/api/v1/namespaces/{pod.metadata.namespace}/pods/{pod.metadata.name}"
        self._api.patch(f"{path}/status", {"status": {"conditions": [condition]}})
        self._events.write(pod, Kind.WARNING, "FailedScheduling", message)
        with self._lock:
            self._said[pod.metadata.uid] = message


def _none_fits(spec: PodSpec, nodes: Sequence[NodeObject]) -> str:
    cordoned = sum(node.spec.unschedulable for node in nodes)
    selector = ", ".join(f"{key}={value}" for key, value in spec.node_selector.items())
    unlike = len(nodes) - cordoned
    causes = [f"{cordoned} cordoned"] if cordoned else []
    causes += [f"{unlike} without the labels {selector}"] if unlike else []
    return f"none of {len(nodes)} nodes takes this Pod: {', '.join(causes)}"
