"""The API server as the sandbox's own controllers use it, from inside the world."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import urllib3

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError
from gauntlet.providers.sandbox.objects import ApiObject

Thing = TypeVar("Thing", bound=ApiObject)

_log = logging.getLogger(__name__)
_PATCH = "application/strategic-merge-patch+json"
_TIMEOUT_S = 30.0
_RELIST_DELAY_S = 0.5


class Refused(GauntletError):
    """The API server answered with an error. `status` is its HTTP status."""

    def __init__(self, method: str, path: str, status: int, words: str) -> None:
        super().__init__(f"the API server answered {method} {path} with {status}: {words}")
        self.status = status


class InnerApi:
    """JSON in and out of the API server. Safe to use from several threads."""

    def __init__(self, url: str, ca: Path, certificate: Path) -> None:
        """`certificate` is a PEM file with a client's certificate and its key."""
        self._url = url
        tls = ssl.create_default_context(cafile=str(ca))
        tls.load_cert_chain(str(certificate))
        self._pool = urllib3.PoolManager(ssl_context=tls, maxsize=16, retries=False)

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str, body: Json) -> bytes:
        return self._ask("POST", path, body, "application/json")

    def patch(self, path: str, change: Json) -> bytes:
        return self._ask("PATCH", path, change, _PATCH)

    def delete(self, path: str, options: Json) -> bytes:
        return self._ask("DELETE", path, options, "application/json")

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch, until the server ends it."""
        reply = self._pool.request("GET", self._url + path, preload_content=False, timeout=urllib3.Timeout(connect=5.0))
        if reply.status >= 300:
            raise Refused("GET", path, reply.status, reply.read().decode(errors="replace"))
        rest = b""
        for piece in reply.stream(1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines

    def _ask(self, method: str, path: str, body: Json = None, content: str = "") -> bytes:
        reply = self._pool.request(
            method,
            self._url + path,
            body=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": content} if content else None,
            timeout=_TIMEOUT_S,
        )
        if reply.status >= 300:
            raise Refused(method, path, reply.status, reply.data.decode(errors="replace")[:500])
        return reply.data


def follow(
    api: InnerApi,
    path: str,
    kind: type[Thing],
    see: Callable[[Thing], None],
    end: Callable[[frozenset[str]], None],
    *,
    field_selector: str = "",
) -> None:
    """List, then watch, for ever: `see` each object that exists, `end` with the uids of all that exist after a change.

    With a field selector, an object that no longer matches counts as gone.

    `end` is called after each list and each deletion, so that what vanished unseen is noticed too.
    """
    chosen = f"fieldSelector={quote(field_selector)}"
    while True:
        try:
            listed = json.loads(api.get(f"{path}?{chosen}"))
            present = {each["metadata"]["uid"] for each in listed["items"]}
            end(frozenset(present))
            for each in listed["items"]:
                see(kind.model_validate(each))
            for line in api.stream(
                f"{path}?{chosen}&watch=true&resourceVersion={listed['metadata']['resourceVersion']}"
            ):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    _log.warning("watch of %s ended: %s", path, event["object"])
                    break
                thing = kind.model_validate(event["object"])
                if event["type"] == "DELETED":
                    present.discard(thing.metadata.uid)
                    end(frozenset(present))
                else:
                    present.add(thing.metadata.uid)
                    see(thing)
        except (Refused, urllib3.exceptions.HTTPError) as error:
            _log.warning("watch of %s ended: %s", path, error)
        time.sleep(_RELIST_DELAY_S)
