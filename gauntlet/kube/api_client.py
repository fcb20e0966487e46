"""Connections by a kubeconfig: clients of the kubernetes library. Each of their calls has a deadline."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import urllib3
from kubernetes import client, config
from kubernetes.client import ApiClient, ApiException
from kubernetes.client.rest import RESTResponse

from gauntlet.kube.connection import ANSWER_S, CONNECT_S, OneWait, Request

# After so long without an answer the reader is told what is waited for.
SILENT_S = 3.0
_log = logging.getLogger(__name__)


class PatientClient(ApiClient):  # type: ignore[misc]
    """A client that says what it waits for, and does not wait for ever. Also a gauntlet.kube.connection.Connection."""

    @property
    def host(self) -> str:
        return str(self.configuration.host)

    def send(self, request: Request) -> urllib3.BaseHTTPResponse:
        method, url, headers, body, form = self.param_serialize(
            request.method,
            request.path,
            query_params=list(request.query.items()),
            header_params={"Accept": "*/*", "Content-Type": request.content},
            body=request.body,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self.call_api(method, url, headers, body, form, (CONNECT_S, request.silence_s))
        except ApiException as error:  # the library's word for a failure of TLS
            raise urllib3.exceptions.SSLError(error.reason) from error
        answer: urllib3.BaseHTTPResponse = reply.response
        return answer

    def call_api(  # type: ignore[no-untyped-def]
        self, method, url, header_params=None, body=None, post_params=None, _request_timeout=None
    ) -> RESTResponse:
        """Override of the library's one way out."""
        within = _request_timeout or (CONNECT_S, ANSWER_S)
        with told(f"an answer of the API server to {method} {url.partition('?')[0]}"):
            return super().call_api(method, url, header_params, body, post_params, _request_timeout=within)


def api_client(kubeconfig: Path, context: str | None = None) -> PatientClient:
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
