"""What nodes keep of Services that are gone: chains, sets and rules that name them."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import residue

# The last sync may be under way, in the other family.
PATIENCE_S = 5.0
EVERY_S = 0.5


class LeftRules:
    """Those of all nodes, in modes whose rules name Services; others leave nothing that could be told apart.

    In nftables mode a chain is deleted by a sync that begins more than a second after the one that emptied it
    (pkg/proxy/nftables/proxier.go, staleChains), and without changes no sync comes: ask after two changes.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def of(self, service: str) -> Finding:
        """Whether the nodes have nothing any more that names this Service, namespace/name."""
        left: list[str] = []

        def is_gone() -> bool:
            left[:] = [f"{node.name}: {line}" for node in self._nodes for line in naming(node, service)]
            return not left

        try:
            until(is_gone, what=f"no rule of {service}", deadline_s=PATIENCE_S, every_s=EVERY_S)
        except NotInTime:
            reason = f"{len(left)} chains, sets and rules of {service}, which was deleted two changes ago"
            return Finding("left-rules", Verdict.FAIL, reason, float(len(left)), "lines", 0.0, details=tuple(left))
        return Finding("left-rules", Verdict.PASS, f"nothing names {service}", 0.0, "lines", 0.0)


def naming(node: Node, service: str) -> list[str]:
    """The lines of what kube-proxy made on the node that name a Service, or a port of it."""
    return [line for line in residue.remains(node) if f"{service}:" in line or f"{service}/" in line]
