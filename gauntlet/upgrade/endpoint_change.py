"""Changes of endpoints while a phase holds the cluster: whether they took effect, and how soon."""

from __future__ import annotations

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.upgrade.programming import Programming, slowest
from gauntlet.workload.effect import DEADLINE_S
from gauntlet.workload.endpoint_change import Changes

CHECK = "endpoint-change"


def programming_of(changes: Changes) -> Programming:
    """How soon those that all nodes followed were in effect."""
    return slowest([each.nodes for each in changes.made if not each.missing])


def effect_of(changes: Changes) -> Finding:
    """Every change was obeyed by every node. The figure is how long the slowest one took, in seconds."""
    if changes.trouble is not None:
        return Finding(CHECK, Verdict.INCONCLUSIVE, changes.trouble.what, remedy=changes.trouble.remedy)
    late = [f"{each.to}: {name}" for each in changes.made for name in each.missing]
    if late:
        reason = f"a Service was given another endpoint, and not all nodes followed in {DEADLINE_S:g} s: {late[0]}"
        return Finding(CHECK, Verdict.FAIL, reason, float(len(late)), "nodes", 0.0, details=tuple(late))
    longest_s = max(each.latest_s for change in changes.made for each in change.nodes.values())
    reason = f"{len(changes.made)} changes of a Service's endpoint were in effect on all nodes within {longest_s:.3f} s"
    return Finding(CHECK, Verdict.PASS, reason, longest_s, "s", DEADLINE_S)
