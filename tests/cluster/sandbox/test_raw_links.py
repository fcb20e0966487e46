"""Own-kernel nodes without taps: raw packets on veth ends, as where /dev/net/tun is root's alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gauntlet.ground.cluster import Cluster, Host, ProxyMode
from gauntlet.ground.waiting import until
from gauntlet.providers import provider
from gauntlet.providers.sandbox import layout
from tests import process_tree
from tests.cluster.sandbox.conftest import Namespace
from tests.cluster.sandbox.test_cluster import reaches
from tests.cluster.sandbox.test_guest_machine import processes

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))
HIDING = 'if test -d /dev/net; then mount -t tmpfs tmpfs /dev/net; fi; exec "$@"'
SERVES_S = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Made by a process that sees no /dev/net/tun."""
    name = f"raw-{os.getpid()}"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    up = [GAUNTLET, "cluster", "up", "--name", name, "--mode", ProxyMode.IPVS, "--nodes", "2", "--node-kernel", "own"]
    done = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-ec", HIDING, "sh", *up], capture_output=True, text=True, check=False
    )
    sandbox = provider("sandbox")
    try:
        assert done.returncode == 0, done.stderr
        yield sandbox.connect(layout.state_dir(name) / "kubeconfig")
    finally:
        sandbox.delete(name)


def test_services_answer_by_raw_packets(cluster: Cluster, namespace: Namespace) -> None:
    record = layout.ClusterRecord.load(cluster.name)
    assert record is not None
    told = " ".join(process_tree.words(processes(record.init_pid)))
    assert "transport=raw" in told
    assert "transport=tap" not in told

    for number, node in enumerate(cluster.nodes):
        namespace.start(f"backend-{number}", node.name)
    service = namespace.service(type="NodePort")
    for number in range(2):
        namespace.wait_ready(f"backend-{number}")

    pod, node_port = cluster.pod(namespace.name, "backend-1"), service.spec.ports[0].node_port
    asked: list[tuple[Host, str]] = [
        (pod, service.spec.cluster_ip),
        (cluster.nodes[0], service.spec.cluster_ip),
        (cluster.outside, f"{cluster.nodes[0].address}:{node_port}"),
    ]
    for host, address in asked:
        until(
            partial(reaches, host, f"http://{address}/hostname", {"backend-0", "backend-1"}),
            what=f"{host.name} reaches both backends by {address}",
            deadline_s=SERVES_S,
        )
