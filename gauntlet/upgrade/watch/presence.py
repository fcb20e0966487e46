"""When each flow was there to attempt: clients come and go with their nodes, which says nothing of kube-proxy."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.sample import end_ns, failed
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow


@dataclass(frozen=True)
class Farewell:
    """What counts of a flow whose client left, or whose node went: its attempts until `until_ns`.

    `dropped` is how many came later.
    """

    attempts: pl.DataFrame
    until_ns: int
    dropped: int


def before_leaving(attempts: pl.DataFrame, left_ns: int) -> Farewell:
    """Of a client that left in order: what was over by then. An attempt under way is ended by the client's end."""
    return _until(attempts, left_ns)


def before_loss(attempts: pl.DataFrame, lost_ns: int) -> Farewell:
    """Of a client, or a target, whose node went away: all until its last good attempt that was over by `lost_ns`.

    That a node is away is seen late, 40 s after a crash; what failed after the last answer is the node's end.
    """
    good = attempts.filter(~failed() & (end_ns() <= lost_ns))
    last = good.select(end_ns().max()).item() if good.height else None
    first = attempts["at_ns"].min()
    return _until(attempts, int(last) if last is not None else first if isinstance(first, int) else lost_ns)


def _until(attempts: pl.DataFrame, until_ns: int) -> Farewell:
    kept = attempts.filter(end_ns() <= until_ns)
    return Farewell(kept, until_ns, attempts.height - kept.height)


class Presence:
    """Notes of each flow when it began and when it ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[DeclaredFlow, int] = {}
        self._closed: dict[DeclaredFlow, list[Stretch]] = {}

    @property
    def flows(self) -> tuple[DeclaredFlow, ...]:
        """All that ever began."""
        return tuple({**dict.fromkeys(self._closed), **dict.fromkeys(self._open)})

    def begin(self, flow: DeclaredFlow, at_ns: int) -> None:
        with self._lock:
            self._open.setdefault(flow, at_ns)

    def end(self, flow: DeclaredFlow, at_ns: int) -> None:
        """Without effect on one that is not there."""
        with self._lock:
            began_ns = self._open.pop(flow, None)
            if began_ns is None:
                return
            # One that never attempted was there for no time: that is an event, not a silence.
            self._closed.setdefault(flow, []).append(Stretch(began_ns, max(began_ns, at_ns)))

    def until(self, end_ns: int) -> dict[DeclaredFlow, tuple[Stretch, ...]]:
        """All of it, for those that are still there up to this moment."""
        found = {flow: list(parts) for flow, parts in self._closed.items()}
        for flow, began_ns in self._open.items():
            found.setdefault(flow, []).append(Stretch(began_ns, end_ns))
        return {flow: tuple(parts) for flow, parts in found.items()}
