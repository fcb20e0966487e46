"""Does what a kubelet would for probe workloads: runs the Pods bound to the sandbox's nodes.

What a Pod runs, and which Pods are not run, pod_program.py decides; binder.py binds those that name no node.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path

from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.kube.watch import Follower, follow
from gauntlet.providers.sandbox.events import Events
from gauntlet.providers.sandbox.inner_node import InnerNode
from gauntlet.providers.sandbox.pod_worker import Network, PodWorker


class PodRunner:
    """Watches all Pods and gives each one that is bound to a node of the world a worker."""

    def __init__(self, api: Api, events: Events, nodes: Sequence[InnerNode], binaries: Path, logs: Path) -> None:
        self._api = api
        self._events = events
        self._networks = {node.name: Network(node) for node in nodes}
        self._binaries = binaries
        self._logs = logs
        self._workers: dict[str, PodWorker] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        watching = (self._api, "/api/v1/pods", Follower(PodObject, self._see, self._end_missing))
        threading.Thread(target=follow, args=watching, name="pod runner", daemon=True).start()

    def _end_missing(self, present: frozenset[str]) -> None:
        for uid in set(self._workers) - present:
            self._workers.pop(uid).changes.put(None)

    def _see(self, pod: PodObject) -> None:
        uid = pod.metadata.uid
        network = self._networks.get(pod.spec.node_name)
        if network is None:
            return
        worker = self._workers.get(uid)
        if worker is None:
            changes: queue.Queue[PodObject | None] = queue.Queue()
            log = self._logs / f"{pod.metadata.namespace}_{pod.metadata.name}.log"
            worker = self._workers[uid] = PodWorker(self._api, self._events, pod, network, self._binaries, log, changes)
            threading.Thread(target=worker.run, name=f"pod {pod.metadata.name}", daemon=True).start()
        else:
            worker.changes.put(pod)
