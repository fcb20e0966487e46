"""The marker is taken away: by a small API server of this test's own, that knows objects by their paths and labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import Configuration

from gauntlet.ground.errors import UsageError
from gauntlet.kube.api import Api
from gauntlet.kube.api_client import PatientClient
from gauntlet.providers.existing import marker, node_access

MARKER = f"{marker.NAMESPACES}/{marker.NAMESPACE}"
# Each namespace has one, which no run has made.
CERTIFICATES = f"{node_access.CONFIG_MAPS}/kube-root-ca.crt"
CLAIM, PODS = f"{node_access.CONFIG_MAPS}/{node_access.NAME}", f"{node_access.SETS}/{node_access.NAME}"
FOLDERS = (marker.NAMESPACES, node_access.CONFIG_MAPS, node_access.SETS)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.labels: dict[str, dict[str, str]] = {MARKER: marker.LABELS, CERTIFICATES: {}}


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts, there = urlsplit(self.path), self.server.labels
        if parts.path in there:
            self._answer(200, _named(parts.path))
        elif parts.path in FOLDERS:
            label = parse_qs(parts.query).get("labelSelector", [""])[0].partition("=")[0]
            inside = (each for each in there if each.rpartition("/")[0] == parts.path)
            self._answer(200, {"items": [_named(each) for each in inside if not label or label in there[each]]})
        else:
            self._answer(404, {"message": "not found"})

    def do_DELETE(self) -> None:
        kept = {each: labels for each, labels in self.server.labels.items() if self.path not in each}
        self.server.labels = kept
        self._answer(200, {})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _named(path: str) -> object:
    return {"metadata": {"name": path.rpartition("/")[2]}}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def api(server: Server) -> Api:
    settings = Configuration(host=f"http://127.0.0.1:{server.server_port}")
    settings.proxy = None
    return Api(PatientClient(settings))


def test_a_marker_that_nobody_goes_by_is_taken_away(server: Server, api: Api) -> None:
    assert marker.remove(api)
    assert MARKER not in server.labels
    assert not marker.remove(api)


@pytest.mark.parametrize("of_a_run", [CLAIM, PODS])
def test_under_a_run_it_stays(server: Server, api: Api, of_a_run: str) -> None:
    """With its namespace the claim would go, and a second run would be let in."""
    server.labels[of_a_run] = {marker.RUN_LABEL: "0a1b2c3d"}
    before = dict(server.labels)
    with pytest.raises(UsageError, match="a run is at work in this cluster"):
        marker.remove(api)
    assert server.labels == before
