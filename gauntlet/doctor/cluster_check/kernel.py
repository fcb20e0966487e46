"""What kube-proxy needs of a node's kernel: room to track connections, and the modules of its mode."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.doctor.cluster_check import modes
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.proxy.modes import traits

CONNTRACK = "conntrack"
WARN_FILL = 0.75
FULL_FILL = 0.9


def judge_conntrack(node: NodeFacts) -> Iterator[Diagnosis]:
    """A full table drops the first packet of every new connection, and says so in the kernel's log alone."""
    if node.unseen:
        return
    table = node.conntrack
    if table is None:
        what = "the kernel shows no table of tracked connections (nf_conntrack is not loaded)"
        remedy = "modprobe nf_conntrack: without it no Service works"
        yield Diagnosis(CONNTRACK, Level.UNKNOWN, node.name, what, remedy)
        return
    of = f" of {table.most}" if table.most else ""
    what = f"{table.count}{of} connections tracked ({table.share})"
    if table.fill < WARN_FILL:
        yield Diagnosis(CONNTRACK, Level.OK, node.name, what)
        return
    full = table.fill >= FULL_FILL
    yield Diagnosis(
        CONNTRACK,
        Level.PROBLEM if full else Level.WARNING,
        node.name,
        f"{what}: when the table is full, new connections are dropped",
        "raise conntrack.maxPerCore or conntrack.min in kube-proxy's configuration (or "
        "net.netfilter.nf_conntrack_max), and find who opens so many: conntrack -L",
    )


def judge_modules(facts: ClusterFacts, node: NodeFacts) -> Iterator[Diagnosis]:
    """In a mode that takes modules of the kernel: with the scheduler that is configured."""
    mode = modes.effective(facts, node)
    taken = traits(mode).modules if mode is not None else None
    if node.unseen or taken is None:
        return
    check = f"{mode} modules"
    configured = node.configuration or facts.configuration
    needed = taken.required(configured.scheduler if configured is not None else "")
    missing = [name for name in needed if name not in node.modules]
    if not missing:
        yield Diagnosis(check, Level.OK, node.name, f"{', '.join(needed)} are loaded")
        return
    yield Diagnosis(
        check,
        Level.PROBLEM,
        node.name,
        f"not loaded: {', '.join(missing)}",
        f"on the node: modprobe -a {' '.join(missing)}; to keep it: a file in /etc/modules-load.d",
    )
