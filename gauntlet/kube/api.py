"""JSON in and out of the API server, over the transport, TLS and credentials of the kubernetes client.

The client's generated models are left aside: they cost milliseconds an object, and a thousand
Services feel that. What is read back goes through the small models of `observed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import urllib3
from kubernetes.client import ApiClient

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError

Manifest: TypeAlias = dict[str, Json]

JSON = "application/json"
# Lists with a merge key (a pod's conditions) are merged by it; the others are replaced.
PATCH = "application/strategic-merge-patch+json"


class ApiRefused(GauntletError):
    """The API server answered with an error. `status` is its HTTP status."""

    def __init__(self, method: str, path: str, status: int, words: str) -> None:
        super().__init__(f"the API server answered {method} {path} with {status}: {words}")
        self.status = status


class ApiUnreachable(GauntletError):
    """The API server gave no answer at all."""


class Api:
    """The four verbs the workload needs. Paths begin with /api or /apis. Safe to use from several threads."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        return self._ask("GET", path, query=query or {})

    def post(self, path: str, body: Manifest, *, dry: bool = False) -> bytes:
        """Create; where `dry`, have the API server check all of it, the right to do so first, and create nothing."""
        return self._ask("POST", path, query={"dryRun": "All"} if dry else {}, body=body, content=JSON)

    def patch(self, path: str, change: Manifest) -> bytes:
        return self._ask("PATCH", path, body=change, content=PATCH)

    def delete(self, path: str) -> bytes:
        return self._ask("DELETE", path)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content: str = JSON,
    ) -> bytes:
        request = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "*/*", "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self._client.call_api(*request)
            data: bytes = reply.response.data
        except urllib3.exceptions.HTTPError as error:
            host = self._client.configuration.host
            raise ApiUnreachable(
                f"no answer from the API server at {host} to {method} {path}: {error}",
                "is the cluster still up, and does this machine reach it? `curl --insecure --max-time 5 "
                f"{host}/readyz` tells; of the gauntlet's own clusters `gauntlet cluster list`",
            ) from error
        if reply.status >= 300:
            raise ApiRefused(method, path, reply.status, data.decode(errors="replace")[:500])
        return data
