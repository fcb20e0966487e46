"""What the API server shows of nodes and kube-proxies, turned into events."""

from __future__ import annotations

from typing import Any

import pytest

from gauntlet.ground.history import EventKind
from gauntlet.kube.objects import NodeObject, PodObject
from gauntlet.proxy.process import ProxyProcess
from gauntlet.upgrade.standing import Standing
from gauntlet.upgrade.watch.sightings import NodeTracker, ProxyPodTracker, ProxyProcessTracker


def node(name: str, *, ready: str = "True", cordoned: bool = False, uid: str = "", os: str = "linux") -> NodeObject:
    return NodeObject.model_validate(
        {
            "metadata": {"name": name, "uid": uid or f"uid of {name}"},
            "spec": {"unschedulable": cordoned},
            "status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "nodeInfo": {"kubeletVersion": "v1.37.2", "operatingSystem": os},
            },
        }
    )


def proxy(
    name: str, *, ready: bool = True, restarts: int = 0, ending: bool = False, image: str = "kube-proxy:v1.37.2"
) -> PodObject:
    metadata: dict[str, Any] = {"name": name, "uid": f"uid of {name}", "labels": {"k8s-app": "kube-proxy"}}
    if ending:
        metadata["deletionTimestamp"] = "2026-11-29T12:00:00Z"
    return PodObject.model_validate(
        {
            "metadata": metadata,
            "spec": {"nodeName": "node-1", "containers": [{"image": f"registry.k8s.io/{image}"}]},
            "status": {"phase": "Running", "containerStatuses": [{"ready": ready, "restartCount": restarts}]},
        }
    )


class TestNodes:
    def test_what_was_there_before_is_no_news(self) -> None:
        tracker = NodeTracker([node("node-1"), node("node-2", ready="False")])
        assert [*tracker.see(node("node-1")), *tracker.see(node("node-2", ready="False"))] == []
        assert tracker.away == {"node-2"}

    @pytest.mark.parametrize("status", ["False", "Unknown"])
    def test_a_node_that_is_not_ready_is_away_until_it_is(self, status: str) -> None:
        tracker = NodeTracker([node("node-1")])
        assert [each.kind for each in tracker.see(node("node-1", ready=status))] == [EventKind.NODE_NOT_READY]
        assert tracker.away == {"node-1"}
        assert [each.kind for each in tracker.see(node("node-1"))] == [EventKind.NODE_READY]
        assert tracker.away == frozenset()

    def test_a_drain_begins_with_a_cordon(self) -> None:
        tracker = NodeTracker([node("node-1")])
        (cordoned,) = tracker.see(node("node-1", cordoned=True))
        (uncordoned,) = tracker.see(node("node-1"))
        assert (cordoned.kind, uncordoned.kind) == (EventKind.NODE_CORDONED, EventKind.NODE_UNCORDONED)

    def test_a_node_that_comes_and_one_that_goes_are_events(self) -> None:
        tracker = NodeTracker([node("node-1")])
        (came,) = tracker.see(node("node-2", ready="False"))
        assert (came.kind, came.node) == (EventKind.NODE_CAME, "node-2")
        assert "v1.37.2" in came.detail
        (gone,) = tracker.end(frozenset({"uid of node-2"}))
        assert (gone.kind, gone.node) == (EventKind.NODE_GONE, "node-1")
        assert tracker.away == {"node-1", "node-2"}
        assert tracker.names == {"node-2"}

    def test_a_node_of_windows_has_nobody_of_the_watch_and_keeps_it_from_nothing(self) -> None:
        windows = node("node-9", ready="False", os="windows")
        tracker = NodeTracker([node("node-1"), windows])
        assert tracker.away == frozenset()
        assert [*tracker.see(windows), *tracker.see(node("node-8", os="windows"))] == []
        assert list(tracker.end(frozenset({"uid of node-1"}))) == []
        assert tracker.names == {"node-1"}

    def test_a_node_that_was_made_again_under_its_name_is_not_gone(self) -> None:
        tracker = NodeTracker([node("node-1")])
        assert [each.kind for each in tracker.see(node("node-1", uid="another"))] == [EventKind.NODE_CAME]
        assert list(tracker.end(frozenset({"another"}))) == []
        assert tracker.away == frozenset()


class TestPodsOfKubeProxy:
    def test_a_rollout_restart_is_an_end_and_a_replacement(self) -> None:
        tracker = ProxyPodTracker([proxy("kube-proxy-a")])
        found = [
            *tracker.see(proxy("kube-proxy-a", ending=True)),
            *tracker.see(proxy("kube-proxy-a", ending=True, ready=False)),
            *tracker.end(frozenset()),
            *tracker.see(proxy("kube-proxy-b", ready=False)),
            *tracker.see(proxy("kube-proxy-b", image="kube-proxy:v1.38.0")),
            *tracker.see(proxy("kube-proxy-b", image="kube-proxy:v1.38.0")),
        ]
        assert [(each.kind, each.subject, each.node) for each in found] == [
            (EventKind.PROXY_STOPPED, "kube-proxy-a", "node-1"),
            (EventKind.PROXY_REPLACED, "kube-proxy-b", "node-1"),
        ]
        assert "kube-proxy:v1.38.0" in found[1].detail

    def test_a_container_that_was_started_again_is_a_restart(self) -> None:
        tracker = ProxyPodTracker([proxy("kube-proxy-a")])
        assert list(tracker.see(proxy("kube-proxy-a", ready=False))) == []
        (restarted,) = tracker.see(proxy("kube-proxy-a", restarts=2))
        assert (restarted.kind, restarted.node) == (EventKind.PROXY_RESTARTED, "node-1")
        assert "2 times" in restarted.detail

    def test_a_pod_that_vanished_unseen_has_stopped(self) -> None:
        tracker = ProxyPodTracker([proxy("kube-proxy-a")])
        assert [each.kind for each in tracker.end(frozenset())] == [EventKind.PROXY_STOPPED]


class TestProcesses:
    FIRST, SECOND = ProxyProcess(10, "100"), ProxyProcess(11, "200")

    def test_a_process_that_was_killed_and_one_that_follows(self) -> None:
        tracker = ProxyProcessTracker()
        assert list(tracker.see("node-1", Standing(self.FIRST))) == []
        assert [each.kind for each in tracker.see("node-1", Standing())] == [EventKind.PROXY_STOPPED]
        assert [each.kind for each in tracker.see("node-1", Standing(self.SECOND))] == [EventKind.PROXY_RESTARTED]

    def test_one_that_was_replaced_between_two_looks(self) -> None:
        tracker = ProxyProcessTracker()
        assert list(tracker.see("node-1", Standing(self.FIRST))) == []
        kinds = [each.kind for each in tracker.see("node-1", Standing(self.SECOND, "not healthy yet"))]
        assert kinds == [EventKind.PROXY_STOPPED, EventKind.PROXY_RESTARTED]

    def test_what_could_not_be_seen_is_no_news(self) -> None:
        tracker = ProxyProcessTracker()
        assert list(tracker.see("node-1", Standing(self.FIRST))) == []
        assert list(tracker.see("node-1", Standing(unseen="nsenter failed"))) == []
        assert list(tracker.see("node-1", Standing(self.FIRST))) == []
