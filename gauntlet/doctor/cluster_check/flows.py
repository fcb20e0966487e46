"""What is left of Services and endpoints that are gone: are there flows that lead to nobody, and rules of nobody?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gauntlet.doctor.cluster_check import modes
from gauntlet.doctor.cluster_check.leftovers import Left, Leftover
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, some

STALE = "stale flows"
KEPT = "kept flows"
_SHOWN = 3
_CLEARED = "kube-proxy clears such chains away in a sync, or when it starts: restart it, and read its log"
_REMEDIES = {
    Left.ORPHAN: _CLEARED,
    Left.STALE_UDP: (
        "on the node: conntrack -D -p udp --orig-dst ADDRESS; what the client sends is lost until then, or until it is "
        "silent for two minutes"
    ),
    Left.KEPT_TCP: "nothing, if these pods are about to end; else their clients wait for nobody: restart them",
    Left.GONE: "nothing, if the clients end as well: kube-proxy leaves flows of a deleted Service (kubernetes 141371)",
}
# Harmless to connections that begin, or left by design.
_CHECKS = {
    Left.ORPHAN: (modes.LEFT_OVER, Level.WARNING),
    Left.STALE_UDP: (STALE, Level.PROBLEM),
    Left.KEPT_TCP: (KEPT, Level.WARNING),
    Left.GONE: (KEPT, Level.WARNING),
}


def judge(node: NodeFacts, left: Collection[Leftover], *, are_held: bool) -> Iterator[Diagnosis]:
    """Each kind that there is on a node that could be looked at, by name; and that no flow is stale, if none is.

    Of flows that are not held against Services (`are_held`) nothing is known.
    """
    if node.unseen:
        return
    if node.flows is None:
        remedy = "install conntrack on the node, or give the check the right to list the table"
        yield Diagnosis(STALE, Level.UNKNOWN, node.name, node.flows_trouble, remedy)
    for kind in Left:
        named = sorted(str(each) for each in left if each.kind is kind)
        if named:
            check, level = _CHECKS[kind]
            what = f"{len(named)} x {kind}: {some(named, _SHOWN)}"
            yield Diagnosis(check, level, node.name, what, _REMEDIES[kind])
    if are_held and node.flows is not None and not any(each.kind is Left.STALE_UDP for each in left):
        what = f"none of {len(node.flows)} translated flows is a UDP flow to a backend that is gone"
        yield Diagnosis(STALE, Level.OK, node.name, what)
