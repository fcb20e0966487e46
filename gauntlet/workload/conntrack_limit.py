"""The limit of conntrack that a kube-proxy sets, on nodes that may not write it.

The kernel's limit is one for all of its network namespaces; those but its first can only read it (nf_conntrack_max has
mode 0444 there, net/netfilter/nf_conntrack_standalone.c).
"""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import Json, Node
from gauntlet.ground.errors import Inconclusive

_LIMIT = "/proc/sys/net/netfilter/nf_conntrack_max"


def below_the_present(nodes: Sequence[Node]) -> dict[str, Json]:
    """The fields with which kube-proxy wants one entry less than each node may have already.

    Raises Inconclusive if a node may write its limit: it would be another one then.
    """
    return _wanting(min(map(_present, nodes)) - 1)


def above_the_present(nodes: Sequence[Node]) -> dict[str, Json]:
    """The fields with which kube-proxy wants one entry more than any node may have. Raises as the former does."""
    return _wanting(max(map(_present, nodes)) + 1)


def _wanting(entries: int) -> dict[str, Json]:
    """It is `min` that decides as long as there are fewer cores; with a maxPerCore of 0 nothing is set."""
    return {"conntrack": {"maxPerCore": 1, "min": entries}}


def _present(node: Node) -> int:
    if node.run(("test", "-w", _LIMIT), check=False).code == 0:
        raise Inconclusive(
            f"{node.name} may write {_LIMIT}, and kube-proxy would change it there",
            "run this case where nodes are not in the first network namespace of their kernel",
        )
    return int(node.run(("cat", _LIMIT)).stdout)
