"""Growth: what nodes' kernels hold for kube-proxy, and what came to it while nothing more is served than before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.waiting import NotInTime, until

CHECK = "growth"
# The last sync may be under way, in the other family.
PATIENCE_S = 5.0
EVERY_S = 0.5
_SHOWN = 12
# A line for each rule, chain, set and element, address and table, without counters and without what ages.
_LIST = r"""
for tool in iptables ip6tables; do
    $tool-save 2>/dev/null | sed -e '/^#/d' -e 's/ \[[0-9:]*\]$//' |
        awk -v tool=$tool '/^\*/ { table = $0 } { print tool " " table ": " $0 }'
done
for family in ip ip6; do
    nft list table $family kube-proxy 2>/dev/null | tr ',{}' '\n\n\n' |
        sed -e 's/counter packets [0-9]* bytes [0-9]*//' -e 's/ expires [^ ]*//' -e 's/[[:space:]]*$//' \
            -e 's/^[[:space:]]*//' -e '/^$/d' -e "s/^/nft $family: /"
done
nft list tables 2>/dev/null | sed 's/^/nft: /'
ipset save 2>/dev/null | sed 's/^/ipset: /'
ip -o addr | awk '{ print "address: " $2 " " $4 }'
true
"""


class Growth:
    """That of all nodes. Call `begin` and `since` when the same Services are there, and were for two changes.

    In nftables mode a chain is deleted by a sync that begins more than a second after the one that emptied it
    (pkg/proxy/nftables/proxier.go, staleChains), and without changes no sync comes.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._before: dict[str, Counter[str]] = {}

    def begin(self) -> None:
        """Look what there is now. Raises CommandFailed."""
        self._before = {node.name: _listed(node) for node in self._nodes}

    def since(self) -> Finding:
        """Whether there is nothing now that was not there at the beginning."""
        came: list[str] = []

        def is_nothing_more() -> bool:
            came[:] = [f"{node.name}: {line}" for node in self._nodes for line in self._came(node)]
            return not came

        total = sum(map(Counter.total, self._before.values()))
        try:
            until(is_nothing_more, what="nothing has grown", deadline_s=PATIENCE_S, every_s=EVERY_S)
        except NotInTime:
            reason = f"{len(came)} more than {total} rules, chains, sets, elements and addresses: {came[0]}"
            return Finding(CHECK, Verdict.FAIL, reason, float(len(came)), "lines", 0.0, details=tuple(came[:_SHOWN]))
        return Finding(CHECK, Verdict.PASS, f"no more than {total} rules, chains, sets, elements", 0.0, "lines", 0.0)

    def _came(self, node: Node) -> list[str]:
        return sorted((_listed(node) - self._before[node.name]).elements())


def _listed(node: Node) -> Counter[str]:
    return Counter(node.run(("sh", "-c", _LIST)).stdout.splitlines())
