"""What the limits of a cluster let a fault hurt: asked before anything is changed."""

from __future__ import annotations

from gauntlet.faults.journalled import JournalledFault
from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import Journal
from gauntlet.promises.promise import BlastRadius


def at_risk(fault: type[JournalledFault], cluster: Cluster, node: Node) -> frozenset[str]:
    """The nodes that a fault on `node` may hurt, by its declared blast radius in the mode of the cluster.

    A node that is acted on counts as hurt, also where no client should feel it: that is what is to be found out.
    """
    if fault.blast_radius(cluster.mode) is BlastRadius.CLUSTER:
        return frozenset(each.name for each in cluster.nodes)
    return frozenset({node.name}) if fault.needs.root_on_node else frozenset()


def require(fault: type[JournalledFault], cluster: Cluster, node: Node, journal: Journal) -> None:
    """Raise UsageError if this fault would hurt a node that may not be hurt, or too many at once."""
    limits = cluster.limits
    risked = at_risk(fault, cluster, node)
    if limits.targets is not None and not risked <= limits.targets:
        allowed = ", ".join(sorted(limits.targets)) or "none"
        raise UsageError(
            f"fault {fault.name} would hurt {', '.join(sorted(risked - limits.targets))} of cluster {cluster.name}; "
            f"nodes that may be hurt: {allowed}",
            "name the nodes that may be hurt with --kp-target-nodes",
        )
    if limits.at_once is None:
        return
    hurt = {record.node for record in journal.open() if record.node is not None}
    if len(hurt | risked) > limits.at_once:
        already = f", and hurt already: {', '.join(sorted(hurt))}" if hurt else ""
        raise UsageError(
            f"fault {fault.name} (blast radius {fault.blast_radius(cluster.mode)} in {cluster.mode} mode) may hurt "
            f"{len(risked)} node(s) of cluster {cluster.name}{already}; at most {limits.at_once} may be hurt at once",
            "allow more with --kp-max-blast, or heal first: gauntlet heal",
        )
