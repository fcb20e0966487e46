"""Whoever follows objects does not ask an API server that ends each watch at once as fast as it can."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from kubernetes.client import Configuration

from gauntlet.kube import watch
from gauntlet.kube.api import Api
from gauntlet.kube.api_client import PatientClient
from gauntlet.kube.objects import ApiObject
from gauntlet.kube.watch import Follower, Pauses, follow

PATH = "/api/v1/things"


class Over(Exception):
    """The test has seen enough."""


class Server(ThreadingHTTPServer):
    """Lists one object, and ends each watch before anything has changed. After so many it wants no more."""

    watches_left = 30


class Curt(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.watches_left -= "watch=true" in self.path
        if self.server.watches_left < 0:
            self.send_error(500)
            return
        listed = {"metadata": {"resourceVersion": "42"}, "items": [{"metadata": {"name": "thing", "uid": "1"}}]}
        data = b"" if "watch=true" in self.path else json.dumps(listed).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    with Server(("127.0.0.1", 0), Curt) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = Configuration(host=f"http://127.0.0.1:{server.server_port}")
        settings.proxy = None
        yield Api(PatientClient(settings))
        server.shutdown()


def test_pauses_after_watches_that_are_ended_at_once_double_up_to_a_limit() -> None:
    pauses = Pauses()
    assert [pauses.after(0.0) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_watch_that_lasted_is_followed_without_a_pause_and_ends_the_doubling() -> None:
    pauses = Pauses()
    assert [pauses.after(lasted_s) for lasted_s in (120.0, 0.1, 0.2, 0.5, 0.4)] == [0.0, 0.1, 0.2, 0.0, 0.1]


def test_a_follower_keeps_these_pauses(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise Over

    monkeypatch.setattr(time, "sleep", sleep)
    # However slow this machine is, these watches end at once.
    monkeypatch.setattr(watch, "_AT_ONCE_S", 3600.0)
    seen: list[str] = []
    follower = Follower(ApiObject, lambda each: seen.append(each.metadata.name), lambda _: None)
    with pytest.raises(Over):
        follow(api, PATH, follower)
    assert slept == [0.1, 0.2, 0.4, 0.8]
    assert seen == ["thing"], "the list is not asked for again"
