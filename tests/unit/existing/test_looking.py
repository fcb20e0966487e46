"""What only looks at nodes is no change: a rehearsal, which tells every change, tells nothing of it."""

from __future__ import annotations

from inspect import unwrap
from pathlib import Path
from unittest.mock import Mock

import pytest
from kubernetes.client import Configuration

from fixtures import rehearsal
from gauntlet.doctor.cluster_check import node_facts
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.kube.access import Access
from gauntlet.kube.api_client import PatientClient
from gauntlet.providers.existing.rehearsal import RehearsedCluster
from gauntlet.providers.existing.survey import Survey
from tests.unit.existing.test_zones import node


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def cluster(told: list[str]) -> RehearsedCluster:
    nodes = tuple(node(name, "", (Family.IPV4,)) for name in ("node-1", "node-2"))
    access = Access(Path("kubeconfig"), "somebodys", PatientClient(Configuration(host="http://127.0.0.1:1")))
    found = Survey(access, "0a1b2c3d", nodes, (), 1, "1.37.2", "", "", routed=False, balanced=True)
    return RehearsedCluster(found, ProxyMode.NFTABLES, "1.37.2", "image", told.append)


def test_growth_and_left_rules_are_looked_for_without_a_word(cluster: RehearsedCluster, told: list[str]) -> None:
    unwrap(rehearsal.growth)(cluster).begin()
    unwrap(rehearsal.left_rules)(cluster).of("test/gone")
    assert not told


@pytest.mark.parametrize(("name", "fixture"), [("Audit", rehearsal.audit), ("ClusterCheck", rehearsal.cluster_check)])
def test_checks_look_at_nodes_without_a_word(
    name: str, fixture: object, cluster: RehearsedCluster, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Mock()
    monkeypatch.setattr(rehearsal, name, made)
    unwrap(fixture)(Mock(), cluster)  # type: ignore[arg-type]
    for each in made.call_args.args[1].nodes:
        node_facts.gather(each, None)
    assert not told


def test_whoever_does_more_tells_of_it_meanwhile(cluster: RehearsedCluster, told: list[str]) -> None:
    """What shows that the other tests could fail."""
    unwrap(rehearsal.growth)(cluster).begin()
    node_facts.gather(cluster.nodes[0], None)
    assert told
    assert all(each.startswith("run on node-1: ") for each in told)
