"""Marks that another program has put on packets, which kube-proxy has to leave as they are: its own is one bit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gauntlet.ground.cluster import Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.traffic import Target

_TABLE = "gauntlet-marks"
# No bit of kube-proxy (iptablesMasqueradeBit, 14) or of a kubelet before 1.28 (dropping, 15).
_BIT = "0x00000200"
# First packets, once before kube-proxy's rules and once behind them.
_SETTLE = """
add table inet {table}
delete table inet {table}
table inet {table} {{
    counter marked {{ }}
    counter kept {{ }}
    counter lost {{ }}
    chain before {{
        type filter hook prerouting priority -150;
        ct state new tcp dport {port} meta mark set meta mark or {bit} ct mark set {bit} counter name marked
    }}
    chain behind {{
        type filter hook postrouting priority 200;
        ct state new ct mark {bit} meta mark and {bit} != 0 counter name kept
        ct state new ct mark {bit} meta mark and {bit} == 0 counter name lost
    }}
}}
"""
_LEAVE = f"add table inet {_TABLE}\ndelete table inet {_TABLE}\n"


class Marks:
    """Those of all nodes, on what asks for one TCP port."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def put_on(self, target: Target) -> None:
        """Mark what asks for the port of this target from now on. Raises CommandFailed."""
        for node in self._nodes:
            node.run(("nft", _SETTLE.format(table=_TABLE, port=target.port, bit=_BIT)))

    def kept(self) -> Finding:
        """Whether each packet that was marked left its node with the mark. The figure counts those that did not."""
        found = {
            node.name: counted(node.run(("nft", "list", "counters", "table", "inet", _TABLE)).stdout)
            for node in self._nodes
        }
        return are_kept(found)

    def leave(self) -> None:
        """Take the rules away again, as far as they are there."""
        for node in self._nodes:
            node.run(("nft", _LEAVE))


def counted(listed: str) -> dict[str, int]:
    """From `nft list counters`: packets by the name of a counter."""
    return {name: int(packets) for name, packets in re.findall(r"counter (\w+) \{\s*packets (\d+)", listed)}


def are_kept(found: Mapping[str, Mapping[str, int]]) -> Finding:
    """`found` are the packets of each node: `marked`, and behind kube-proxy's rules `kept` and `lost`."""
    check = "marks-of-others"
    marked, kept, lost = (sum(each[name] for each in found.values()) for name in ("marked", "kept", "lost"))
    details = tuple(f"{node}: {each}" for node, each in found.items() if each["lost"])
    reason = f"of {marked} packets that another program had marked {kept} left their node so, {lost} without the mark"
    if lost:
        return Finding(check, Verdict.FAIL, reason, float(lost), "packets", 0.0, details=details)
    verdict = Verdict.PASS if kept else Verdict.INCONCLUSIVE
    return Finding(check, verdict, reason, 0.0, "packets", 0.0)
