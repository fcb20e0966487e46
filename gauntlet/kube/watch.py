"""Following the objects of a kind: list, then watch, for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, JsonValue

from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.connection import ANSWER_S
from gauntlet.kube.objects import ApiObject

Thing = TypeVar("Thing", bound=ApiObject)

# The API server ends a watch after so long; whoever hears nothing for longer has lost it.
WATCH_S = 120
_RELIST_DELAY_S = 0.5
# A watch that lasted less was ended at once. The pauses after such watches double from the first to the longest.
_AT_ONCE_S = 0.5
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_log = logging.getLogger(__name__)


class _Event(BaseModel):
    type: str
    object: dict[str, JsonValue]


@dataclass(frozen=True)
class Follower(Generic[Thing]):
    """Who follows: `see` is called with each object that exists, `end` with the uids of all that exist after a change.

    `end` is called after each list and each deletion, so that what vanished unseen is noticed too.
    """

    kind: type[Thing]
    see: Callable[[Thing], None]
    end: Callable[[frozenset[str]], None]


class Pauses:
    """How long to wait before each next watch.

    A watch that lasted is followed by the next without a pause: what changes in between would be seen late. An API
    server (or a proxy before it) that ends each watch at once must not be asked as fast as it answers, and by each
    follower at that: the pause after each such watch is twice as long as the one before.
    """

    def __init__(self) -> None:
        self._last_s = 0.0

    def after(self, lasted_s: float) -> float:
        """Seconds to wait after a watch that lasted so long."""
        longer = min(max(_FIRST_PAUSE_S, 2 * self._last_s), _LONGEST_PAUSE_S)
        self._last_s = longer if lasted_s < _AT_ONCE_S else 0.0
        return self._last_s


def follow(api: Api, path: str, follower: Follower[Thing], *, field_selector: str = "") -> None:
    """Follow the objects of this list for ever. With a field selector, one that no longer matches counts as gone."""
    query = {"fieldSelector": field_selector} if field_selector else {}
    pauses = Pauses()
    while True:
        try:
            listed = api.listing(follower.kind, path, query)
            present = {each.metadata.uid for each in listed.items}
            follower.end(frozenset(present))
            for each in listed.items:
                follower.see(each)
            version = listed.resource_version
            while version:
                began_s = time.monotonic()
                version = _watch(api, path, follower, present, {**query, "resourceVersion": version})
                time.sleep(pauses.after(time.monotonic() - began_s))
        except (ApiRefused, ApiUnreachable) as error:
            _log.warning("watch of %s ended: %s", path, error)
        time.sleep(_RELIST_DELAY_S)


def _watch(api: Api, path: str, follower: Follower[Thing], present: set[str], query: dict[str, str]) -> str:
    """Watch until the server ends it. The version to go on from; empty if it forgot that one, so that a list is due."""
    version = query["resourceVersion"]
    # Bookmarks tell the version also of a kind of which nothing changes.
    asked = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_S)}
    for line in api.stream(path, asked, silence_s=WATCH_S + ANSWER_S):
        event = _Event.model_validate_json(line)
        if event.type == "ERROR":
            _log.warning("watch of %s ended: %s", path, event.object)
            return ""
        version = ApiObject.model_validate(event.object).metadata.resource_version
        if event.type == "BOOKMARK":
            continue
        thing = follower.kind.model_validate(event.object)
        if event.type == "DELETED":
            present.discard(thing.metadata.uid)
            follower.end(frozenset(present))
        else:
            present.add(thing.metadata.uid)
            follower.see(thing)
    return version
