"""Lists and watches of the client on a real API server: pages, and what changes meanwhile."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

import pytest
import urllib3

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.waiting import until
from gauntlet.kube import watch
from gauntlet.kube.api import Api
from gauntlet.kube.api_client import PatientClient
from gauntlet.kube.connection import Connection, Request
from gauntlet.kube.objects import ConfigMap
from gauntlet.workload import namespace as namespaces

WITHIN_S = 20.0


class Over(Exception):
    """The test has ended, and so does the thread that follows."""


@dataclass
class Counted:
    """A real connection, and the requests that went over it. Once it is `over`, whoever asks for more is told so."""

    real: Connection
    requests: list[Request] = field(default_factory=list)
    over: bool = False

    @property
    def host(self) -> str:
        return self.real.host

    def send(self, request: Request) -> urllib3.BaseHTTPResponse:
        if self.over:
            raise Over
        self.requests.append(request)
        return self.real.send(request)


@pytest.fixture
def connection(cluster: Cluster) -> Counted:
    assert isinstance(cluster.api, PatientClient)
    return Counted(cluster.api)


@pytest.fixture
def path(connection: Counted) -> Iterator[str]:
    """Of the ConfigMaps of a namespace of this test's own."""
    api = Api(connection.real)
    name = namespaces.create(api, "paging")
    yield f"/api/v1/namespaces/{name}/configmaps"
    namespaces.delete(api, name)


def config_map(api: Api, path: str, name: str) -> None:
    api.post(path, {"metadata": {"name": name, "labels": {"paged": "yes"}}})


def test_more_objects_than_fit_on_a_page(connection: Counted, path: str) -> None:
    api = Api(connection, page=3)
    names = [f"map-{number}" for number in range(7)]
    for name in names:
        config_map(api, path, name)
    connection.requests.clear()
    found = api.list(ConfigMap, path, {"labelSelector": "paged=yes"})
    assert [each.metadata.name for each in found] == names
    assert len(connection.requests) == 3
    assert ["continue" in each.query for each in connection.requests] == [False, True, True]


def test_a_follower_sees_what_comes_changes_and_goes(
    connection: Counted, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the ends of watches as well: after one, the next goes on where it stopped, without another list."""
    monkeypatch.setattr(watch, "WATCH_S", 1)
    api = Api(connection.real)
    config_map(api, path, "before")
    seen: queue.Queue[tuple[str, str]] = queue.Queue()
    present: queue.Queue[int] = queue.Queue()
    follower = watch.Follower(
        ConfigMap,
        lambda each: seen.put((each.metadata.name, each.data.get("key", ""))),
        lambda uids: present.put(len(uids)),
    )

    def following() -> None:
        with suppress(Over):
            watch.follow(Api(connection), path, follower, field_selector="metadata.name!=kube-root-ca.crt")

    thread = Thread(target=following, daemon=True)
    thread.start()
    try:
        sees_it_all(api, path, connection, seen, present)
    finally:
        connection.over = True
        thread.join(WITHIN_S)
    assert ["watch" in each.query for each in connection.requests[:4]] == [False, True, True, True]


def sees_it_all(
    api: Api, path: str, connection: Counted, seen: queue.Queue[tuple[str, str]], present: queue.Queue[int]
) -> None:
    assert seen.get(timeout=WITHIN_S) == ("before", "")
    watches = len(connection.requests)
    for number in range(3):
        until(
            lambda: len(connection.requests) > watches + number,  # noqa: B023 - called at once
            what="another watch",
            deadline_s=WITHIN_S,
        )
        config_map(api, path, f"after-{number}")
        assert seen.get(timeout=WITHIN_S) == (f"after-{number}", "")
    api.patch(f"{path}/before", {"data": {"key": "value"}})
    assert seen.get(timeout=WITHIN_S) == ("before", "value")
    while not present.empty():
        present.get()
    api.delete(f"{path}/before")
    assert present.get(timeout=WITHIN_S) == 3
