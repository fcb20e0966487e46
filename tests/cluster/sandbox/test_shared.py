"""What cases of one cluster share, and what they leave: Services, and namespaces that go together."""

from __future__ import annotations

from pathlib import Path

import pytest
from kubernetes import client

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import EventKind, EventLog
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.traffic import Traffic
from gauntlet.workload.case_namespaces import CaseNamespaces
from gauntlet.workload.effect import Effect
from gauntlet.workload.shared import NOBODY, SharedServices
from gauntlet.workload.workload import Workload


def test_a_broken_service_is_blamed_on_the_cases_before_and_replaced(cluster: Cluster, tmp_path: Path) -> None:
    api, events = Api(cluster.api), EventLog(tmp_path / "events.jsonl")
    with Traffic(tmp_path) as traffic:
        shared = SharedServices(
            api, Effect(traffic, cluster.nodes, cluster.outside), tuple(node.name for node in cluster.nodes)
        )
        first = shared.use("test_innocent", events)
        assert shared.use("test_guilty", events) is first

        workload, service = Workload(api, first.service.namespace), first.service
        workload.delete_backend(first.backends.all[0].name)
        until(
            lambda: len(workload.slice_addresses(service.declared)) == len(first.backends.all) - 1,
            what="a backend is gone",
            deadline_s=20.0,
        )
        assert shared.use("test_of_another", events, NOBODY).backends.names == frozenset()
        with pytest.raises(Inconclusive, match=f"{service.name} is not obeyed .* any more; it was before test_guilty"):
            shared.use("test_victim", events)

        assert shared.use("test_next", events).service.namespace != service.namespace
        shared.delete()


def test_a_service_that_is_not_in_effect_at_the_deadline_is_an_event(cluster: Cluster, tmp_path: Path) -> None:
    events = EventLog(tmp_path / "events.jsonl")
    node = cluster.nodes[0]
    with Traffic(tmp_path) as traffic:
        effect = Effect(traffic, cluster.nodes, cluster.outside)
        shared = SharedServices(Api(cluster.api), effect, tuple(node.name for node in cluster.nodes))
        node.run(["sh", "-c", f"kill -STOP {node.proxy_pid()}"])
        try:
            service = shared.use("test_of_a_stopped_proxy", events).service
        finally:
            node.run(["sh", "-c", f"kill -CONT {node.proxy_pid()}"])
        shared.delete()

    seen = events.read()
    assert seen["kind"].to_list() == [str(EventKind.NOT_IN_EFFECT)]
    assert service.name in seen["subject"][0]
    assert f"{node.name} -> {service.cluster_ip()}" in seen["detail"][0]


def test_namespaces_of_finished_cases_go_together(cluster: Cluster) -> None:
    made = CaseNamespaces(Api(cluster.api), together=2)
    first, second, third = (made.create(purpose) for purpose in ("first", "second", "third"))

    made.finish(first)
    assert _stay(cluster, first, second, third)
    assert made.finished == [first]

    made.finish(second)
    assert not _stay(cluster, first)
    assert not _stay(cluster, second)
    assert _stay(cluster, third)
    assert made.finished == []

    made.finish(third)
    made.delete_finished()
    assert not _stay(cluster, third)


def _stay(cluster: Cluster, *names: str) -> bool:
    """Whether all of these namespaces are there and nobody has asked for their deletion."""
    listed = client.CoreV1Api(cluster.api).list_namespace().items
    return set(names) <= {each.metadata.name for each in listed if each.metadata.deletion_timestamp is None}
