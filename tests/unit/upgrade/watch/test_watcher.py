"""A watch that is told to end, or loses the cluster, and one that has nobody on a node: what there is to be judged."""

from __future__ import annotations

import queue
import signal
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gauntlet.ground import ending
from gauntlet.ground.cluster import Host, HostKind
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind
from gauntlet.kube.api import ApiUnreachable
from gauntlet.kube.objects import PodObject
from gauntlet.traffic import Load
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.endpoint_change import CHECK
from gauntlet.upgrade.watch import rest
from gauntlet.upgrade.watch import watcher as module
from gauntlet.upgrade.watch.course import BEFORE, CHANGE, Order
from gauntlet.upgrade.watch.sightings import NodeTracker
from gauntlet.upgrade.watch.stream import Stream
from gauntlet.upgrade.watch.surroundings import ClientSeen
from gauntlet.upgrade.watch.watcher import Watcher
from tests.unit.upgrade.watch.test_sightings import node
from tests.unit.upgrade.watch.test_stream import NEW, SlowTraffic


class Quiet:
    """A cluster of which nothing is to be seen, and where endpoints change until the phase `told_in`."""

    outside = None
    daemon_sets = False
    nodes = at_first = ()
    namespace = "kp-watch"
    quiet_s = 60.0
    api = None

    def __init__(self, told_in: str = "") -> None:
        self.told_in = told_in
        self.news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.said: list[str] = []
        self.surroundings = SimpleNamespace(
            at_first=(), news=self.news, nodes=NodeTracker([]), quiet_s=60.0, start=lambda: None
        )
        self.dns = SimpleNamespace(absence=list)

    def change_of_endpoints(self, phase: str, _askers: Sequence[Host]) -> Finding:
        if phase == self.told_in:
            raise KeyboardInterrupt
        return Finding(CHECK, Verdict.PASS, "all nodes followed")

    def why_no_client(self, _node: str) -> str:
        return "client-x: Pending, ContainerCreating"

    def client(self, _pod: PodObject) -> Host:
        raise GauntletError("container node-9 is not running")

    def asked_by(self, client: Host) -> tuple[tuple[Host, Load], ...]:
        return ((client, NEW),)

    def say(self, text: str) -> None:
        self.said.append(text)

    def progress(self, _what: str, _stream: Stream) -> None:
        return


@pytest.fixture(autouse=True)
def at_rest_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_state", ending._State())
    monkeypatch.setattr(module, "CONTROL_S", 0.0)
    monkeypatch.setattr(module, "versions_of", lambda *_: {"node-1": "1.37.2"})
    monkeypatch.setattr(rest, "unrest", lambda *_: "")


def watched(quiet: Quiet, tmp_path: Path) -> tuple[Watcher, list[tuple[str, str]]]:
    """A watch of `true`, and the kinds and subjects of its events."""
    evidence, anything = Evidence(tmp_path, "watch"), cast(Any, quiet)
    traffic = SlowTraffic()
    traffic.go.set()
    watcher = Watcher(anything, anything, evidence, quiet, Stream(cast(Any, traffic), evidence, {}))
    watcher.go(Order(("true",)), tmp_path)
    return watcher, list(evidence.events.read().select("kind", "subject").iter_rows())


def test_what_was_seen_is_judged_if_it_is_interrupted_while_endpoints_change_at_the_end(tmp_path: Path) -> None:
    quiet = Quiet(told_in=CHANGE.name)
    watcher, events = watched(quiet, tmp_path)
    assert watcher.passed.interrupted
    assert watcher.passed.code == 0
    verdicts = {each.check: each.verdict for each in watcher.passed.findings[CHANGE.name]}
    assert verdicts == {"command": Verdict.PASS, "last-look": Verdict.INCONCLUSIVE}
    assert events[-1] == (EventKind.PHASE_ENDED, CHANGE.name)
    assert quiet.said[-1] == "interrupted: what was seen until now is judged"


def test_nothing_is_changed_any_more_if_it_is_interrupted_before(tmp_path: Path) -> None:
    watcher, events = watched(Quiet(told_in=BEFORE.name), tmp_path)
    assert watcher.passed.interrupted
    assert watcher.passed.code is None
    assert events == [(EventKind.PHASE_STARTED, BEFORE.name)]


def test_a_cluster_that_is_away_in_the_end_does_not_take_with_it_what_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def versions(*_: object) -> dict[str, str]:
        asked.append(None)
        if len(asked) == 1:
            return {"node-1": "1.37.2"}
        raise ApiUnreachable("the API server does not answer", "")

    monkeypatch.setattr(module, "versions_of", versions)
    quiet = Quiet()
    watcher, events = watched(quiet, tmp_path)
    assert (dict(watcher.passed.began), dict(watcher.passed.ended)) == ({"node-1": "1.37.2"}, {})
    assert events[-1] == (EventKind.PHASE_ENDED, CHANGE.name)
    assert "does not answer" in quiet.said[-1]


def test_what_is_told_to_end_when_all_is_seen_goes_on_to_its_end(tmp_path: Path) -> None:
    """To end its flows and to judge them takes some seconds."""
    watcher, events = watched(Quiet(), tmp_path)
    ending._asked(signal.SIGINT, None)
    assert ending.requested()
    assert not watcher.passed.interrupted
    assert events[-1] == (EventKind.PHASE_ENDED, CHANGE.name)


CAME = Event(EventKind.NODE_CAME, "node-9", "node-9", "kubelet v1.37.2, ready")


def client_seen(node: str) -> ClientSeen:
    pod = {"metadata": {"name": "client-x", "uid": "x"}, "spec": {"nodeName": node}}
    return ClientSeen("x", PodObject.model_validate(pod))


class Reached(Quiet):
    """Its clients can be entered."""

    def client(self, pod: PodObject) -> Host:
        client: Any = SimpleNamespace(name=pod.metadata.name, node=pod.spec.node_name, kind=HostKind.POD)
        return cast(Host, client)


class TestNodeThatComes:
    def found(self, quiet: Quiet, tmp_path: Path, *news: Event | ClientSeen) -> Finding | None:
        for each in news:
            quiet.news.put(each)
        watcher, _ = watched(quiet, tmp_path)
        return next((each for each in watcher.passed.findings[CHANGE.name] if each.check == "nodes"), None)

    def test_one_whose_client_never_runs_is_told_with_the_reason(self, tmp_path: Path) -> None:
        found = self.found(Quiet(), tmp_path, CAME)
        assert found is not None
        assert (found.verdict, found.figure, found.details) == (Verdict.INCONCLUSIVE, 1.0, ("node-9",))
        assert found.reason.endswith("is not known: node-9 (client-x: Pending, ContainerCreating)")

    def test_one_whose_client_cannot_be_entered_is_told_with_that(self, tmp_path: Path) -> None:
        found = self.found(Quiet(), tmp_path, CAME, client_seen("node-9"))
        assert found is not None
        assert found.reason.endswith("node-9 (container node-9 is not running)")

    def test_one_whose_client_was_seen_first_has_one(self, tmp_path: Path) -> None:
        assert self.found(Reached(), tmp_path, client_seen("node-9"), CAME) is None
        assert self.found(Reached(), tmp_path, CAME, client_seen("node-9")) is None

    def test_one_that_went_again_without_a_client_is_told(self, tmp_path: Path) -> None:
        found = self.found(Quiet(), tmp_path, CAME, Event(EventKind.NODE_GONE, "node-9", "node-9"))
        assert found is not None
        assert found.reason.endswith("node-9 (it went again)")

    def test_it_is_told_although_the_last_look_was_interrupted(self, tmp_path: Path) -> None:
        found = self.found(Quiet(told_in=CHANGE.name), tmp_path, CAME)
        assert found is not None
        assert found.details == ("node-9",)

    def test_one_that_was_never_ready_has_no_clients_of_services(self, tmp_path: Path) -> None:
        quiet = Quiet()
        quiet.surroundings.nodes = NodeTracker([node("node-9", ready="False")])
        assert self.found(quiet, tmp_path, CAME) is None
