"""The order in which the nodes of a cluster are given their next kube-proxy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.errors import UsageError

# Nodes whose kube-proxies are replaced at the same time.
Batch = tuple[str, ...]


class Way(StrEnum):
    NODE_BY_NODE = "node-by-node"
    ALL_AT_ONCE = "all-at-once"
    CANARY = "canary"


@dataclass(frozen=True)
class Roll:
    """Batches of nodes, one after the other. Between `first` and `rest` the cluster is held in its mixed state.

    `rest` is empty if there is no mixed state: all nodes are replaced at once, or there is only one.
    """

    first: tuple[Batch, ...]
    rest: tuple[Batch, ...]

    @property
    def batches(self) -> tuple[Batch, ...]:
        return self.first + self.rest


@dataclass(frozen=True)
class Strategy:
    """`canaries` is how many nodes go first, for Way.CANARY; 0 for the others."""

    way: Way
    canaries: int = 0

    def __str__(self) -> str:
        return f"{self.way}={self.canaries}" if self.way is Way.CANARY else str(self.way)

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """`node-by-node`, `all-at-once` or `canary=N`. Raises UsageError for anything else."""
        if text in (Way.NODE_BY_NODE, Way.ALL_AT_ONCE):
            return cls(Way(text))
        canary = re.fullmatch(r"canary=([1-9]\d{0,5})", text)
        if canary is None:
            raise UsageError(
                f"{text!r} is not a strategy", "one of node-by-node, all-at-once, canary=N (N nodes first, at least 1)"
            )
        return cls(Way.CANARY, int(canary[1]))

    def roll(self, nodes: Sequence[str]) -> Roll:
        """The roll over these nodes, in their order.

        Node by node, the mixed state is held when half of them are done: then there are most pairs of an old and a new
        node. Raises UsageError if no node is left for after the canaries, and for no nodes at all.
        """
        if not nodes:
            raise UsageError("there is no node whose kube-proxy could be replaced", "name a cluster that has nodes")
        if self.way is Way.ALL_AT_ONCE:
            return Roll((tuple(nodes),), ())
        if self.way is Way.CANARY and self.canaries >= len(nodes):
            raise UsageError(
                f"canary={self.canaries} leaves none of {len(nodes)} nodes for afterwards",
                f"choose at most canary={len(nodes) - 1}, or node-by-node" if len(nodes) > 1 else "choose node-by-node",
            )
        first = self.canaries if self.way is Way.CANARY else (len(nodes) + 1) // 2
        one_by_one = tuple((node,) for node in nodes)
        return Roll(one_by_one[:first], one_by_one[first:])
