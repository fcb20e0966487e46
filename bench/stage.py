"""The stage of the measurements: a cluster with a client pod and a Service of three backends."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.cluster import Cluster, Host, NodeKernel, ProxyMode
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, provider
from gauntlet.subject import plain
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.workload import namespace
from gauntlet.workload.backend import IMAGE, Backend, one_on_each
from gauntlet.workload.served import Backends
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload

_ASK = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=0.5).read().decode())"


@dataclass(frozen=True)
class Stage:
    """What a measurement works with. `up_s`: seconds from the cluster's start to the first answer of the Service."""

    cluster: Cluster
    api: Api
    workload: Workload
    backends: Backends
    client: Host
    target: Target
    traffic: Traffic
    up_s: float

    def settle(self, target: Target) -> None:
        """Wait until kube-proxy has written a Service's rules."""

        def answers() -> bool:
            return bool((self.traffic.send(self.client, Load(target, attempts=6))["outcome"] == "ok").all())

        until(answers, what="the Service answers", deadline_s=60)


@contextmanager
def stage(mode: ProxyMode, kernel: NodeKernel = NodeKernel.HOST, *, of: str = "sandbox") -> Iterator[Stage]:
    """Bring up a cluster of three nodes of this provider for one measurement, and end it."""
    source = provider(of)
    begun = time.monotonic()
    cluster = source.create(ClusterSpec(f"bench-{mode}-{os.getpid()}", plain(mode), kernel=kernel))
    try:
        api = Api(cluster.api)
        workload = Workload(api, namespace.create(api, "bench"))
        nodes = tuple(node.name for node in cluster.nodes)
        asker = Backend("client", nodes[0], app="client", image=cluster.client_image or IMAGE)
        backends = workload.run(*one_on_each(nodes), asker)
        target = workload.serve(Service("web")).cluster_ip()
        client = cluster.pod(workload.namespace, "client")
        _first_answer(client, target)
        up_s = time.monotonic() - begun
        with tempfile.TemporaryDirectory() as folder, Traffic(Path(folder)) as traffic:
            yield Stage(cluster, api, workload, backends, client, target, traffic, up_s)
    finally:
        source.delete(cluster.name)


def _first_answer(client: Host, target: Target) -> None:
    url = f"http://{target.address}:{target.port}/hostname"

    def answered() -> bool:
        return client.run(["python3", "-c", _ASK, url], check=False).code == 0

    until(answered, what="the Service answers", deadline_s=60, every_s=0.02)
