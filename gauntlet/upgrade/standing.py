"""Whether the kube-proxies that nodes were given still run at the end of a phase, and are healthy.

Rules outlive their kube-proxy: traffic goes on by them for as long as nothing changes, and does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import CommandFailed, Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.proxy import process
from gauntlet.proxy.health import healthy
from gauntlet.proxy.process import ProxyProcess

CHECK = "kube-proxy"


@dataclass(frozen=True)
class Standing:
    """What was seen of the kube-proxy of one node. `process` is None if none runs.

    `health` is what is wrong with its /healthz, `unseen` why nothing could be learnt; both empty if nothing is.
    """

    process: ProxyProcess | None = None
    health: str = ""
    unseen: str = ""


def look(node: Node) -> Standing:
    """The kube-proxy of this node as it is now."""
    try:
        found = process.present(node)
        if found is None:
            return Standing()
        asked = node.run(healthy(node), check=False)
    except CommandFailed as failed:
        return Standing(unseen=failed.what)
    words = (asked.stdout.strip() or "kube-proxy /healthz does not answer") if asked.code else ""
    return Standing(found, words)


def lasting(before: Mapping[str, Standing], now: Mapping[str, Standing]) -> Finding:
    """Whether the kube-proxy of each node is the very one that it was before, and healthy.

    One that ended, or was started again, fails, as does one that is not healthy: nobody but the roll replaces any. The
    figure counts these nodes. A node that says nothing of its processes is inconclusive.
    """
    troubles = {name: _trouble(before[name], each) for name, each in now.items()}
    unseen = {name: before[name].unseen or each.unseen for name, each in now.items()}
    return _judged(troubles, unseen, f"the same and healthy on {len(now)} nodes")


def standing_now(now: Mapping[str, Standing]) -> Finding:
    """Whether a healthy kube-proxy runs on each node, whichever it was before. The figure counts those without one."""
    seen = {name: each for name, each in now.items() if not each.unseen}
    troubles = {name: "no kube-proxy runs" if each.process is None else each.health for name, each in seen.items()}
    unseen = {name: each.unseen for name, each in now.items()}
    return _judged(troubles, unseen, f"one runs and is healthy on each of {len(now)} nodes")


def _judged(troubles: Mapping[str, str], unseen: Mapping[str, str], well: str) -> Finding:
    """By node, what is wrong with its kube-proxy, and why nothing could be learnt of it; empty if nothing is."""
    lines = _lines(troubles)
    if lines:
        return Finding(CHECK, Verdict.FAIL, "; ".join(lines), float(len(lines)), "nodes", 0.0, 0.0, lines)
    if any(unseen.values()) or not unseen:
        return Finding(CHECK, Verdict.INCONCLUSIVE, "; ".join(_lines(unseen)) or "no node was looked at")
    return Finding(CHECK, Verdict.PASS, well, 0.0, "nodes", 0.0, 0.0)


def _lines(by_node: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}: {words}" for name, words in sorted(by_node.items()) if words)


def _trouble(before: Standing, now: Standing) -> str:
    """What is wrong; empty if nothing is, or if it cannot be told."""
    if before.unseen or now.unseen:
        return ""
    if now.process is None:
        return "kube-proxy has ended since it was in sync, and none runs"
    if before.process is None:
        return f"kube-proxy had ended after it was in sync; one was started again (pid {now.process.pid})"
    if now.process != before.process:
        return f"kube-proxy was restarted since it was in sync (pid {before.process.pid}, now {now.process.pid})"
    return now.health


def remembered(before: Mapping[str, Standing], now: Mapping[str, Standing]) -> dict[str, Standing]:
    """What the next phase begins with: a restart is reported once, in the phase in which it happened."""
    return {**before, **{name: each for name, each in now.items() if not each.unseen}}
