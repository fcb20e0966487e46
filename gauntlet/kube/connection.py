"""Ways to an API server. Each operation on a socket has a time-out: to connect, and to wait for the next bytes.

One is here, by certificates, for the sandbox's own controllers: the kubernetes library takes two seconds of CPU to
load, at the very moment when the API server needs both cores to start. The other one, by a kubeconfig, is in
`api_client`.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlencode

import urllib3

from gauntlet.ground.cluster import Json

CONNECT_S = 10.0
ANSWER_S = 30.0
JSON = "application/json"


class OneWait(urllib3.Retry):
    """Retries as urllib3 does by default, but no wait that was in vain: four of them in silence are two minutes."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: object = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, urllib3.exceptions.TimeoutError):
            raise error.with_traceback(_stacktrace)
        return super().increment(method, url, response, error, _pool, _stacktrace)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Request:
    """What is asked of an API server. `silence_s` is how long it may say nothing, before its answer and within it."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    content: str = JSON
    silence_s: float = ANSWER_S


class Connection(Protocol):
    """Sends requests to one API server, in somebody's name. Safe to use from several threads."""

    @property
    def host(self) -> str:
        """URL of the API server."""
        ...

    def send(self, request: Request) -> urllib3.BaseHTTPResponse:
        """The answer, of which the body is still to be read. Raises HTTPError of urllib3 if none comes."""
        ...


class CertificateConnection:
    """By a client's certificate."""

    def __init__(self, host: str, ca: Path, certificate: Path) -> None:
        """`certificate` is a PEM file with a client's certificate and its key."""
        self.host = host
        tls = ssl.create_default_context(cafile=str(ca))
        tls.load_cert_chain(str(certificate))
        self._pool = urllib3.PoolManager(ssl_context=tls, maxsize=16, retries=OneWait(3))

    def send(self, request: Request) -> urllib3.BaseHTTPResponse:
        url = f"{self.host}{request.path}"
        return self._pool.request(
            request.method,
            f"{url}?{urlencode(request.query)}" if request.query else url,
            body=None if request.body is None else json.dumps(request.body).encode(),
            headers=None if request.body is None else {"Content-Type": request.content},
            timeout=urllib3.Timeout(connect=CONNECT_S, read=request.silence_s),
            preload_content=False,
        )
