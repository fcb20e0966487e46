"""The one client of the API server: JSON in and out, lists page by page, watches line by line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeAlias, TypeVar

import urllib3
from pydantic import BaseModel, Field

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError
from gauntlet.kube.connection import ANSWER_S, Connection, Request
from gauntlet.kube.objects import Part

Manifest: TypeAlias = dict[str, Json]

# Lists with a merge key (a pod's conditions) are merged by it; the others are replaced.
PATCH = "application/strategic-merge-patch+json"
# All lists are replaced, and what is null is taken away (RFC 7396).
MERGE_PATCH = "application/merge-patch+json"
# Objects a page, as many as kubectl asks for: of 10,000 Services at once an API server makes an answer of megabytes.
PAGE = 500
# Each start anew is a list that took longer than etcd keeps the past, five minutes by default.
_STARTS = 3
_LONGEST_WORDS = 500
_log = logging.getLogger(__name__)

K = TypeVar("K", bound=BaseModel)


class ApiRefused(GauntletError):
    """The API server answered with an error. `status` is its HTTP status, `words` are its own.

    `fields` are those of the object that it took exception to, as far as it names any: spec.ports[0].nodePort.
    """

    def __init__(self, method: str, path: str, status: int, words: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"the API server answered {method} {path} with {status}: {words}")
        self.method = method
        self.path = path
        self.status = status
        self.words = words
        self.fields = fields


class ApiUnreachable(GauntletError):
    """The API server gave no answer at all, or not all of it."""


class _Position(Part):
    """Where a list stands: the version of the cluster that it shows, and how to ask for the rest."""

    resource_version: str = ""
    rest: str = Field(default="", alias="continue")


class _Page(Part, Generic[K]):
    metadata: _Position = _Position()
    items: tuple[K, ...] = ()


@dataclass(frozen=True)
class Listing(Generic[K]):
    """All objects of a list, as they were at one version of the cluster."""

    items: tuple[K, ...]
    resource_version: str


class Api:
    """The verbs of the API. Paths begin with /api or /apis. Safe to use from several threads."""

    def __init__(self, connection: Connection, *, answer_s: float = ANSWER_S, page: int = PAGE) -> None:
        """`answer_s` is how long the API server may say nothing, `page` how many objects it lists at once."""
        self._connection = connection
        self._answer_s = answer_s
        self._page = page

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        return self._ask(Request("GET", path, query or {}, silence_s=self._answer_s))

    def one(self, kind: type[K], path: str) -> K:
        """One object."""
        return kind.model_validate_json(self.get(path))

    def list(self, kind: type[K], path: str, query: Mapping[str, str] | None = None) -> tuple[K, ...]:
        """All objects of a list, however many there are: asked for page by page."""
        return self.listing(kind, path, query).items

    def listing(self, kind: type[K], path: str, query: Mapping[str, str] | None = None) -> Listing[K]:
        """The same, with the version of the cluster that all pages show.

        If the API server forgets that version before the last page, the list is begun again. Raises ApiRefused if that
        happens each time.
        """
        for _ in range(_STARTS - 1):
            try:
                return self._listed(kind, path, query or {})
            except ApiRefused as error:
                if error.status != HTTPStatus.GONE:
                    raise
                _log.warning("listing %s took too long for the API server, and begins again: %s", path, error.words)
        return self._listed(kind, path, query or {})

    def post(self, path: str, body: Manifest, *, dry: bool = False) -> bytes:
        """Create; if `dry`, have the API server check all of it, the right to do so first, and create nothing."""
        query = {"dryRun": "All"} if dry else {}
        return self._ask(Request("POST", path, query, body, silence_s=self._answer_s))

    def patch(self, path: str, change: Manifest) -> bytes:
        return self._ask(Request("PATCH", path, body=change, content=PATCH, silence_s=self._answer_s))

    def merge(self, path: str, change: Manifest) -> bytes:
        """Patch, with lists replaced as a whole, and what is null taken away."""
        return self._ask(Request("PATCH", path, body=change, content=MERGE_PATCH, silence_s=self._answer_s))

    def delete(self, path: str, options: Manifest | None = None) -> bytes:
        return self._ask(Request("DELETE", path, body=options, silence_s=self._answer_s))

    def stream(self, path: str, query: Mapping[str, str], *, silence_s: float) -> Iterator[bytes]:
        """The lines of an answer that comes bit by bit, until the server ends it. Raises what `get` does."""
        request = Request("GET", path, query, silence_s=silence_s)
        with self._answered(request) as reply:
            rest = b""
            for piece in reply.stream(1 << 16):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines

    def _listed(self, kind: type[K], path: str, query: Mapping[str, str]) -> Listing[K]:
        items: list[K] = []
        rest: dict[str, str] = {}
        while True:
            text = self.get(path, {**query, "limit": str(self._page), **rest})
            page = _Page[kind].model_validate_json(text)  # type: ignore[valid-type]
            items += page.items
            if not page.metadata.rest:
                return Listing(tuple(items), page.metadata.resource_version)
            rest = {"continue": page.metadata.rest}

    def _ask(self, request: Request) -> bytes:
        with self._answered(request) as reply:
            return reply.data

    @contextmanager
    def _answered(self, request: Request) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer that is no error, while it is read."""
        method, path, host = request.method, request.path, self._connection.host
        try:
            reply = self._connection.send(request)
            if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise ApiRefused(method, path, reply.status, _words(reply.data), _fields(reply.data))
            try:
                yield reply
            finally:
                # What was not read to its end must not be the beginning of the next answer.
                reply.close()
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(
                f"no answer from the API server at {host} to {method} {path}: {error}",
                "is the cluster still up, and does this machine reach it? `curl --insecure --max-time 5 "
                f"{host}/readyz` tells; of the gauntlet's own clusters `gauntlet cluster list`",
            ) from error


def delete_if_there(api: Api, path: str) -> None:
    """Delete an object; without effect if it is gone already."""
    try:
        api.delete(path)
    except ApiRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _words(body: bytes) -> str:
    """The message of the Status object that the API server answered with, or whatever it sent."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:_LONGEST_WORDS]


def _fields(body: bytes) -> tuple[str, ...]:
    """The fields that the Status object names as causes."""
    try:
        causes = json.loads(body)["details"]["causes"]
        return tuple(str(each["field"]) for each in causes if each.get("field"))
    except (ValueError, KeyError, TypeError):
        return ()
