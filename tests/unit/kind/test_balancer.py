"""The stand-in for a load balancer lasts as long as a run uses the cluster, and no longer. Its API server is away."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.kube import kubeconfig
from gauntlet.providers.kind.cluster import KindRecord, RunningKindCluster, state_dir
from gauntlet.providers.node_record import NodeRecord
from gauntlet.subject import plain


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningKindCluster:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    nodes = (NodeRecord("x-control-plane", ("127.0.0.1",), ("10.244.0.0/24",)),)
    record = KindRecord(
        "x",
        str(ProxyMode.IPTABLES),
        "1.37.2",
        "node",
        "client",
        nodes,
        "127.0.0.1",
        plain(ProxyMode.IPTABLES).as_json(),
    )
    state_dir("x").mkdir(parents=True)
    record.save()
    # Nobody listens on the first port of loopback.
    nothing = kubeconfig.Credentials(b"", b"", b"")
    text = kubeconfig.render(provider="kind", cluster="x", server="http://127.0.0.1:1", user="me", credentials=nothing)
    (state_dir("x") / "kubeconfig").write_text(text)
    return RunningKindCluster(record)


def balancers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "load balancer"]


def test_it_is_there_while_a_run_uses_the_cluster_and_ends_with_it(cluster: RunningKindCluster) -> None:
    assert balancers() == []
    with cluster.serving():
        assert len(balancers()) == 1
    assert balancers() == []


def test_a_run_that_fails_ends_it_too(cluster: RunningKindCluster) -> None:
    with pytest.raises(RuntimeError), cluster.serving():
        raise RuntimeError
    assert balancers() == []
