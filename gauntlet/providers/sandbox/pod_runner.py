"""Does what a kubelet would for probe workloads: runs the Pods bound to the sandbox's nodes.

Pods have one container. A container whose image is agnhost runs the real agnhost binary; a container
with a command runs that command; any other image is reported as not to be had, as a kubelet would.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from kubernetes import client, watch
from kubernetes.client import ApiClient, ApiException, V1Pod
from urllib3.exceptions import HTTPError

from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.places import Place
from gauntlet.providers.sandbox.pod_worker import Network, PodWorker

_log = logging.getLogger(__name__)
_RELIST_DELAY_S = 0.5


class PodRunner:
    """Watches all Pods and gives each one that is bound to a node of the world a worker."""

    def __init__(self, api: ApiClient, nodes: Sequence[Place], binaries: Path, logs: Path) -> None:
        self._core = client.CoreV1Api(api)
        self._networks = {
            place.name: Network(place, index, layout.node_address(index)) for index, place in enumerate(nodes, start=1)
        }
        self._binaries = binaries
        self._logs = logs
        self._workers: dict[str, PodWorker] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        threading.Thread(target=self._serve, name="pod runner", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                listed = self._core.list_pod_for_all_namespaces()
                for uid in set(self._workers) - {pod.metadata.uid for pod in listed.items}:
                    self._end(uid)
                for pod in listed.items:
                    self._see(pod)
                since = listed.metadata.resource_version
                stream = watch.Watch().stream(self._core.list_pod_for_all_namespaces, resource_version=since)
                for event in stream:
                    if event["type"] == "DELETED":
                        self._end(event["object"].metadata.uid)
                    else:
                        self._see(event["object"])
            except (ApiException, HTTPError) as error:
                _log.warning("watch of Pods ended: %s", error)
                time.sleep(_RELIST_DELAY_S)

    def _end(self, uid: str) -> None:
        if worker := self._workers.pop(uid, None):
            worker.changes.put(None)

    def _see(self, pod: V1Pod) -> None:
        uid = pod.metadata.uid
        network = self._networks.get(pod.spec.node_name)
        if network is None:
            return
        worker = self._workers.get(uid)
        if worker is None:
            changes: queue.Queue[V1Pod | None] = queue.Queue()
            log = self._logs / f"{pod.metadata.namespace}_{pod.metadata.name}.log"
            worker = self._workers[uid] = PodWorker(self._core, pod, network, self._binaries, log, changes)
            threading.Thread(target=worker.run, name=f"pod {pod.metadata.name}", daemon=True).start()
        else:
            worker.changes.put(pod)
