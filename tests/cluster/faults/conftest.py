"""Real clusters for the faults: one for each mode, made when first asked for. In ipvs mode it is one machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gauntlet.ground.cluster import Cluster, NodeKernel, ProxyMode
from gauntlet.ground.history import EventLog
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, Provider, provider
from gauntlet.proxy import ipvs
from gauntlet.subject import plain

Sandboxes = Callable[[ProxyMode], Cluster]


@pytest.fixture(scope="package")
def sandboxes() -> Iterator[Sandboxes]:
    """The cluster in a mode; all tests of this folder share it, and leave it healthy."""
    source = provider("sandbox")
    made: dict[ProxyMode, Cluster] = {}

    def in_mode(mode: ProxyMode) -> Cluster:
        if mode not in made:
            name = f"faults-{mode}-{secrets.token_hex(3)}"
            made[mode] = (
                _machine(source, name) if mode is ProxyMode.IPVS else source.create(ClusterSpec(name, plain(mode)))
            )
        return made[mode]

    yield in_mode
    for cluster in made.values():
        source.delete(cluster.name)


def _machine(source: Provider, name: str) -> Cluster:
    cluster = source.create(ClusterSpec(name, plain(ProxyMode.IPVS), nodes=1, kernel=NodeKernel.OWN))
    # /healthz says 200 before the first sync.
    until(lambda: ipvs.listing(cluster.nodes[0]), what="kube-proxy has made a virtual server", deadline_s=60)
    return cluster


@contextmanager
def something_to_write(cluster: Cluster) -> Iterator[None]:
    """A Service comes, which every kube-proxy has to write, and goes."""
    services = "/api/v1/namespaces/default/services"
    Api(cluster.api).post(services, {"metadata": {"name": "written"}, "spec": {"ports": [{"port": 80}]}})
    try:
        yield
    finally:
        Api(cluster.api).delete(f"{services}/written")


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events.jsonl")
