"""A cluster of a subject runs what the subject says, and remembers it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gauntlet.build.binaries import ensure
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import GauntletError
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.subject import Subject, parse

GATE = "KubeProxyNFTablesLocalhostNodePorts"
FIELDS = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nnftables: {minSyncPeriod: 2s}\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A program of our own, with a gate and a field."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(ensure().path("kube-proxy"), folder / "kube-proxy")
    (folder / "fields.yaml").write_text(FIELDS)
    return parse(f"own=nftables@{folder}/kube-proxy+{GATE}+{folder}/fields.yaml", "1.37")


@pytest.fixture(scope="module")
def cluster(own: Subject) -> Iterator[Cluster]:
    sandbox = provider("sandbox")
    name = f"test-own-{os.getpid()}"
    yield sandbox.create(ClusterSpec(name, own, nodes=1))
    sandbox.delete(name)


def test_its_program_and_configuration_are_those_of_the_subject(cluster: Cluster, own: Subject) -> None:
    (node,) = cluster.nodes
    running = node.run(["sha256sum", f"/proc/{node.proxy_pid()}/exe"]).stdout.split()[0]
    assert own.program is not None
    assert running == node.run(["sha256sum", str(own.program)]).stdout.split()[0]
    said = node.run(["curl", "--silent", "--fail", "http://127.0.0.1:10249/configz"]).stdout
    (obeyed,) = json.loads(said).values()
    assert obeyed["featureGates"][GATE] is True
    assert obeyed["nodePortAddresses"] == ["primary", "localhost"]
    assert obeyed["nftables"]["minSyncPeriod"] == "2s"
    assert (cluster.version, cluster.origin) == (own.version, f"given: {own.program}")
    assert cluster.proxy_sha256 == running


def test_whoever_has_the_kubeconfig_knows_the_subject(cluster: Cluster, own: Subject) -> None:
    found = connect(cluster.kubeconfig).subject
    assert found == replace(own, version=cluster.version)


def test_a_gate_that_kube_proxy_does_not_know_is_told() -> None:
    with pytest.raises(GauntletError, match="NoSuch"):
        provider("sandbox").create(ClusterSpec(f"test-gate-{os.getpid()}", parse("nftables+NoSuch", "1.37"), nodes=1))
