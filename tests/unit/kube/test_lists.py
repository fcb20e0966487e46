"""Long lists of a small server of this test's own: it forgets them half-way, and falls silent, as a real one may."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import Configuration

from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.api_client import PatientClient
from gauntlet.kube.objects import ApiObject

NAMES = [f"object-{number}" for number in range(7)]
PATH = "/api/v1/things"


class Server(ThreadingHTTPServer):
    """Lists NAMES. The next `forgets` tokens are too old to go on with; after `silent_after` bytes it says nothing."""

    daemon_threads = True
    forgets = 0
    silent_after: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, str]] = []
        self.over = Event()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(query)
        if "continue" in query and self.server.forgets:
            self.server.forgets -= 1
            self._answer(410, {"kind": "Status", "reason": "Expired", "message": "the continue parameter is too old"})
            return
        start, most = int(query.get("continue", 0)), int(query["limit"])
        rest = str(start + most) if start + most < len(NAMES) else ""
        items = [{"metadata": {"name": name}} for name in NAMES[start : start + most]]
        self._answer(200, {"metadata": {"resourceVersion": "42", "continue": rest}, "items": items})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: self.server.silent_after])
        if self.server.silent_after is not None:
            self.wfile.flush()
            self.server.over.wait()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.over.set()
    made.shutdown()
    made.server_close()


def api(server: Server, *, page: int = 3, answer_s: float = 10.0) -> Api:
    settings = Configuration(host=f"http://127.0.0.1:{server.server_port}")
    settings.proxy = None
    return Api(PatientClient(settings), page=page, answer_s=answer_s)


def names(found: tuple[ApiObject, ...]) -> list[str]:
    return [each.metadata.name for each in found]


def test_a_list_of_several_pages_is_whole(server: Server) -> None:
    assert names(api(server).list(ApiObject, PATH, {"labelSelector": "a=b"})) == NAMES
    assert [each.get("continue") for each in server.asked] == [None, "3", "6"]
    assert {(each["limit"], each["labelSelector"]) for each in server.asked} == {("3", "a=b")}


def test_a_list_that_fits_on_one_page_is_asked_for_once(server: Server) -> None:
    listed = api(server, page=7).listing(ApiObject, PATH)
    assert (names(listed.items), listed.resource_version, len(server.asked)) == (NAMES, "42", 1)


def test_a_list_that_the_server_forgot_half_way_begins_again(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.forgets = 1
    with caplog.at_level(logging.WARNING):
        assert names(api(server).list(ApiObject, PATH)) == NAMES, "nothing twice, nothing missing"
    assert [each.get("continue") for each in server.asked] == [None, "3", None, "3", "6"]
    assert f"listing {PATH} took too long for the API server, and begins again" in caplog.text
    assert "the continue parameter is too old" in caplog.text


def test_a_list_that_is_forgotten_each_time_is_given_up(server: Server) -> None:
    server.forgets = 100
    with pytest.raises(ApiRefused, match="with 410: the continue parameter is too old"):
        api(server).list(ApiObject, PATH)
    assert len(server.asked) == 6


@pytest.mark.parametrize("bytes_sent", [0, 20])
def test_a_server_that_falls_silent_within_its_answer_is_given_up(server: Server, bytes_sent: int) -> None:
    server.silent_after = bytes_sent
    with pytest.raises(ApiUnreachable, match="no answer from the API server"):
        api(server, answer_s=0.3).list(ApiObject, PATH)


def test_a_watch_that_falls_silent_is_given_up(server: Server) -> None:
    server.silent_after = 20
    with pytest.raises(ApiUnreachable, match="no answer from the API server"):
        list(api(server).stream(PATH, {"limit": "3"}, silence_s=0.3))
