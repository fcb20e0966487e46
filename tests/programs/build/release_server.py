"""Servers of a test's own, on loopback: one of releases, that can be asked to misbehave, and a proxy before it."""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

HALF = 2


@dataclass
class ReleaseServer:
    """Serves `files` by path and notes each path that it is asked for.

    What is `cut` ends in the middle; what is `held` stops there until `go_on` is set; `moved` has the new URLs.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    is_held: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def publish(self, path: str, content: bytes) -> None:
        """A file, and its SHA-256 as Kubernetes publishes it: hex digits, no name, no newline."""
        self.files[path] = content
        self.files[f"{path}.sha256"] = hashlib.sha256(content).hexdigest().encode()

    def answer(self, request: BaseHTTPRequestHandler, path: str) -> None:
        self.asked.append(path)
        if path in self.broken:
            request.send_error(503)
        elif path in self.moved:
            request.send_response(302)
            request.send_header("Location", self.moved[path])
            request.end_headers()
        elif path not in self.files:
            request.send_error(404)
        else:
            self._send(request, path)

    def _send(self, request: BaseHTTPRequestHandler, path: str) -> None:
        content = self.files[path]
        middle = len(content) // HALF
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[:middle])
        request.wfile.flush()
        if path in self.held:
            self.is_held.set()
            self.go_on.wait()
        if path not in self.cut:
            request.wfile.write(content[middle:])


@dataclass
class Proxy:
    """A proxy that leads to one place, whatever the name asked for, and notes what it was asked for."""

    leads_to: tuple[str, int]
    asked: list[str] = field(default_factory=list)
    authorization: list[str | None] = field(default_factory=list)
    url: str = ""

    def tunnel(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(f"{request.command} {request.path}")
        self.authorization.append(request.headers["Proxy-Authorization"])
        request.send_response(200)
        request.end_headers()
        with socket.create_connection(self.leads_to) as far:
            ends = {request.connection: far, far: request.connection}
            while ready := select.select(list(ends), [], [])[0]:
                for end in ready:
                    if not (data := end.recv(1 << 16)):
                        return
                    ends[end].sendall(data)


@contextmanager
def served(server: ReleaseServer, certificate: trustme.LeafCert | None = None) -> Iterator[ReleaseServer]:
    """The server at its URL; with a certificate, by https."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            server.answer(self, self.path)

    with _listening(Handler, certificate) as port:
        server.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"
        try:
            yield server
        finally:
            server.go_on.set()


@contextmanager
def proxied(leads_to: str) -> Iterator[Proxy]:
    """A proxy, at its URL, that leads to the port of this URL."""
    proxy = Proxy(("127.0.0.1", int(leads_to.rpartition(":")[2])))

    class Handler(_Quiet):
        def do_CONNECT(self) -> None:
            proxy.tunnel(self)

    with _listening(Handler, None) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


@contextmanager
def deaf() -> Iterator[str]:
    """The URL of a port that takes no connection and refuses none: its queue is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting: list[socket.socket] = []
        try:
            while not waiting or select.select([], waiting[-1:], [], 0.2)[1]:
                waiting.append(socket.socket())
                waiting[-1].settimeout(0)
                waiting[-1].connect_ex(listening.getsockname())
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for each in waiting:
                each.close()


def nobody() -> str:
    """The URL of a port where nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def trusted(authority: trustme.CA, file: Path) -> Mapping[str, str]:
    """The environment of one who trusts this authority."""
    authority.cert_pem.write_to_path(str(file))
    return {"SSL_CERT_FILE": str(file)}


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of http.server
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what these tests are about."""


@contextmanager
def _listening(handler: Callable[..., BaseHTTPRequestHandler], certificate: trustme.LeafCert | None) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
