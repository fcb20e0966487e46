"""One packet's possible ways through chains of rules: where they end, each with its probability."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gauntlet.proxy.rules.forwarding import Share, Source

# Deeper than any chain of kube-proxy; rules of others may go in circles.
DEEPEST = 8


class Walk(ABC):
    """Follows the ways of one Service's packets. After it, `seen` are the chains, and affinity is known."""

    def __init__(self) -> None:
        self.affinity = False
        self.affinity_timeouts_s: set[int] = set()
        self.seen: dict[str, None] = {}
        self._found: dict[tuple[str, int], float] = {}

    def shares(self, chain: str, source: Source) -> tuple[Share, ...]:
        """The endpoints that packets from `source` meet when they enter `chain`."""
        self._found = {}
        self._follow(chain, source, 1.0, depth=0)
        return tuple(Share(address, port, probability) for (address, port), probability in self._found.items())

    @abstractmethod
    def _follow(self, chain: str, source: Source, arriving: float, depth: int) -> float:
        """Calls `_reach` for each endpoint behind `chain`; returns the probability of falling off its end."""

    def _reach(self, address: str, port: int, probability: float) -> None:
        self._found[address, port] = self._found.get((address, port), 0.0) + probability
