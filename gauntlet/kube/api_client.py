"""Clients of the kubernetes library for the API server of a kubeconfig. Each of their calls has a deadline."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Self

import urllib3
from kubernetes import client, config
from kubernetes.client import ApiClient
from kubernetes.client.rest import RESTResponse

CONNECT_S = 10.0
ANSWER_S = 30.0
# After so long without an answer the reader is told what is waited for.
SILENT_S = 3.0
_log = logging.getLogger(__name__)


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


class PatientClient(ApiClient):  # type: ignore[misc]
    """A client that says what it waits for, and does not wait for ever."""

    def call_api(  # type: ignore[no-untyped-def]
        self, method, url, header_params=None, body=None, post_params=None, _request_timeout=None
    ) -> RESTResponse:
        """Override of the library's one way out."""
        within = _request_timeout or (CONNECT_S, ANSWER_S)
        with told(f"an answer of the API server to {method} {url.partition('?')[0]}"):
            return super().call_api(method, url, header_params, body, post_params, _request_timeout=within)


def api_client(kubeconfig: Path, context: str | None = None) -> ApiClient:
    """A client for the API server of this kubeconfig, never through a proxy of the environment.

    Without a `context` the current one counts. Raises ConfigException of the kubernetes library.
    """
    settings = client.Configuration()
    with told(f"the credentials of {kubeconfig}"):  # a plugin may have to fetch them
        config.load_kube_config(str(kubeconfig), context=context, client_configuration=settings)
    settings.proxy = None
    settings.no_proxy = None
    settings.connection_pool_maxsize = 32
    settings.retries = OneWait(3)
    return PatientClient(settings)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is waited for, if this takes long."""
    timer = Timer(SILENT_S, _log.warning, ("still waiting for %s", what))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
