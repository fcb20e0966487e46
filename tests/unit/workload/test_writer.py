"""The writer asks for what is declared, in order, and says who was refused. A small server stands for the API's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from kubernetes.client import Configuration

from gauntlet.ground.cluster import Json
from gauntlet.kube.api import Api, ApiUnreachable
from gauntlet.kube.api_client import PatientClient
from gauntlet.semantics.objects import ServiceType
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.service import Port, Service
from gauntlet.workload.writer import ManifestRefused, Writer

WEB = Service("web", app=None)
POD = Endpoint(("10.244.1.2",), "node-1")
TAKEN = 'Service "greedy" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
REFUSAL: Json = {
    "kind": "Status",
    "message": TAKEN,
    "details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.ports[0].nodePort"}]},
}


class _Server(BaseHTTPRequestHandler):
    """Takes everything but what concerns the Service `greedy`, and knows of nothing that is called `gone`."""

    asked: ClassVar[list[str]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        name = self.path.rpartition("/")[2] if self.command != "POST" else body["metadata"]["name"]
        self.asked.append(f"{self.command} {name}")
        status, answer = 200, body
        if name == "greedy":
            status, answer = 422, REFUSAL
        elif name.startswith("gone"):
            status, answer = 404, {"message": f'services "{name}" not found'}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = _answer  # noqa: N815
    do_PATCH = _answer  # noqa: N815
    do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def writer() -> Iterator[Writer]:
    _Server.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield _writer(server.server_port)
    finally:
        server.shutdown()
        server.server_close()


def _writer(port: int) -> Writer:
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    return Writer(Api(PatientClient(configuration)), "shop")


def test_who_is_refused_is_named_and_spoils_no_other(writer: Writer) -> None:
    greedy = Service("greedy", (Port(80, 8080, node_port=30_080),), ServiceType.NODE_PORT)
    refused = writer.apply({}, {WEB: [POD], greedy: None})
    (refusal,) = refused.values()
    assert list(refused) == ["greedy"]
    assert isinstance(refusal, ManifestRefused)
    assert (refusal.name, refusal.fields, refusal.words) == ("shop/greedy", ("spec.ports[0].nodePort",), TAKEN)
    assert refusal.what.startswith(
        "the API server refused to create Service shop/greedy for spec.ports[0].nodePort: Service"
    )
    assert sorted(_Server.asked) == ["POST greedy", "POST web", "POST web-ipv4"]


def test_a_declaration_without_sense_is_a_refusal_of_its_service(writer: Writer) -> None:
    refused = writer.apply({}, {replace(WEB, ports=(Port(80, "http"),)): [POD], replace(WEB, name="other"): [POD]})
    assert list(refused) == ["web"]
    assert "leads to 'http'" in str(refused["web"])
    assert _Server.asked == ["POST other-ipv4", "POST other"]


def test_what_goes_goes_first_and_what_is_gone_is_gone(writer: Writer) -> None:
    gone, changed = replace(WEB, name="gone"), replace(WEB, name="changed")
    assert not writer.apply({gone: [POD], changed: []}, {replace(changed, publish_not_ready=True): [], WEB: [POD]})
    assert _Server.asked == ["DELETE gone", "DELETE gone-ipv4", "PATCH changed", "POST web-ipv4", "POST web"]


def test_nothing_is_asked_if_nothing_changes(writer: Writer) -> None:
    assert not writer.apply({WEB: [POD]}, {WEB: [POD]})
    assert _Server.asked == []


def test_a_change_of_what_is_not_there_is_a_refusal(writer: Writer) -> None:
    gone = replace(WEB, name="gone")
    refused = writer.apply({gone: []}, {replace(gone, publish_not_ready=True): []})
    assert 'services "gone" not found' in str(refused["gone"])


def test_an_api_server_that_is_away_is_not_a_refusal() -> None:
    with pytest.raises(ApiUnreachable):
        _writer(1).apply({}, {WEB: []})
