"""A small API server of a test's own, that knows objects by their paths and labels, and has all that one could make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from gauntlet.providers.existing import marker, node_access

MARKER = f"{marker.NAMESPACES}/{marker.NAMESPACE}"
# Each namespace has one, which no run has made.
CERTIFICATES = f"{node_access.CONFIG_MAPS}/kube-root-ca.crt"
CLAIM, PODS = f"{node_access.CONFIG_MAPS}/{node_access.NAME}", f"{node_access.SETS}/{node_access.NAME}"
NODES = "/api/v1/nodes"
FOLDERS = (marker.NAMESPACES, node_access.CONFIG_MAPS, node_access.SETS, node_access.PODS, NODES)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.labels: dict[str, dict[str, str]] = {MARKER: marker.LABELS, CERTIFICATES: {}}
        # What an object has beside its metadata, by its path.
        self.more: dict[str, dict[str, object]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving() -> Iterator[Server]:
    made = Server()
    Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts, there = urlsplit(self.path), self.server.labels
        if parts.path in there:
            self._answer(200, self._object(parts.path))
        elif parts.path in FOLDERS:
            label = parse_qs(parts.query).get("labelSelector", [""])[0].partition("=")[0]
            inside = (each for each in there if each.rpartition("/")[0] == parts.path)
            self._answer(200, {"items": [self._object(each) for each in inside if not label or label in there[each]]})
        else:
            self._answer(404, {"message": "not found"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(409, {"message": "already exists"})

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

    def _object(self, path: str) -> object:
        return {"metadata": {"name": path.rpartition("/")[2]}, **self.server.more.get(path, {})}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
