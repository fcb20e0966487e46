"""How the flows of each client fare at this moment: read from the ends of their row files, as these grow."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from gauntlet.ground.history import Outcome
from gauntlet.traffic import Flow
from gauntlet.traffic.rows import whole_lines

# The success rate that is shown is that of so many last seconds.
SPAN_S = 5.0
_RESULT = 2
_OK = str(Outcome.OK).encode()


@dataclass(frozen=True)
class Count:
    """Attempts of one client, and how many of them were good: in all, and of the last seconds.

    `node` is empty outside the cluster.
    """

    client: str
    made: int = 0
    good: int = 0
    made_now: int = 0
    good_now: int = 0
    node: str = ""

    @property
    def failed(self) -> int:
        return self.made - self.good

    @property
    def share_now(self) -> float | None:
        """The share of good attempts among the last; None if there was none."""
        return self.good_now / self.made_now if self.made_now else None


def counted(rows: bytes) -> tuple[int, int, int]:
    """How many attempts are in whole lines of a row file, how many of these are good, and how many bytes they take."""
    whole = whole_lines(rows)
    results = [line.split(b"\t", _RESULT + 1)[_RESULT] for line in whole.splitlines() if line.count(b"\t") >= _RESULT]
    return len(results), sum(each == _OK for each in results), len(whole)


@dataclass
class _Client:
    node: str
    made: int = 0
    good: int = 0
    last: deque[tuple[float, int, int]] = field(default_factory=deque)


class Tally:
    """Counts the attempts of flows, whichever are under way. What was counted of one that has ended stays."""

    def __init__(self) -> None:
        self._clients: dict[str, _Client] = {}
        self._offsets: dict[str, int] = {}

    def read(self, flows: Sequence[Flow]) -> tuple[Count, ...]:
        """Read what has been added, and count. Clients by name."""
        now_s = time.monotonic()
        for flow in flows:
            made, good = self._new(flow)
            client = self._clients.setdefault(flow.declared.client, _Client(flow.declared.client_node or ""))
            client.made += made
            client.good += good
            client.last.append((now_s, made, good))
        for client in self._clients.values():
            while client.last and client.last[0][0] < now_s - SPAN_S:
                client.last.popleft()
        return tuple(
            Count(
                name,
                each.made,
                each.good,
                sum(made for _, made, _ in each.last),
                sum(good for *_, good in each.last),
                each.node,
            )
            for name, each in sorted(self._clients.items())
        )

    def _new(self, flow: Flow) -> tuple[int, int]:
        path = str(flow.path)
        with flow.path.open("rb") as file:
            if path not in self._offsets:
                # The first line says of which flow the others are.
                self._offsets[path] = len(file.readline())
            file.seek(self._offsets[path])
            made, good, size = counted(file.read())
        self._offsets[path] += size
        return made, good
