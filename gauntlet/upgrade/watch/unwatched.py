"""Nodes that came, or came back, during a watch, and on which no client of it ever ran: nobody knows what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gauntlet.checkers.sample import no_data
from gauntlet.ground.finding import Finding

CHECK = "nodes"
_WENT = "it went again"


class Unwatched:
    """Follows them: it is told of nodes and clients in the order in which they were seen."""

    def __init__(self) -> None:
        self._there: dict[str, None] = {}
        self._gone: dict[str, None] = {}

    @property
    def there(self) -> tuple[str, ...]:
        """The nodes that are ready at this moment, and have had no client since they are."""
        return tuple(self._there)

    def ready(self, node: str) -> None:
        """A node is ready that was not, or not there, and no client is there yet."""
        self._gone.pop(node, None)
        self._there[node] = None

    def away(self, node: str) -> None:
        """A node is not ready any more, or gone."""
        if node in self._there:
            del self._there[node]
            self._gone[node] = None

    def has_client(self, node: str) -> None:
        """A client runs there. However late it came: its first attempt is among the events."""
        self._there.pop(node, None)
        self._gone.pop(node, None)

    def findings(self, why: Callable[[str], str]) -> Iterator[Finding]:
        """None if each node has had a client. `why` says what keeps one from a node. The figure counts the nodes."""
        reasons = {**{node: why(node) for node in self._there}, **dict.fromkeys(self._gone, _WENT)}
        if not reasons:
            return
        each = "; ".join(f"{node} ({reason})" for node, reason in reasons.items())
        found = no_data(CHECK, f"no client ran on nodes that came meanwhile; what was lost there is not known: {each}")
        remedy = (
            "see what keeps pods of DaemonSets from running on new nodes; can they pull the image (--client-image)?"
        )
        yield replace(found, figure=float(len(reasons)), unit="nodes", remedy=remedy, details=tuple(reasons))
