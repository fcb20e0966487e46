"""Connections cut: kept TCP connections that ended though neither their client nor their backend had ended them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from gauntlet.checkers.kept_flows import (
    ALWAYS,
    CONNECTIONS,
    NOTHING_GONE,
    KeptFlow,
    Mishap,
    Stretch,
    answered,
    counted,
    had_gone,
    mishap,
    tally,
    unanswered,
)
from gauntlet.ground.finding import Finding
from gauntlet.ground.history import History


def connections_cut(
    history: History, *, at_most: int | None = 0, gone: Mapping[str, int] = NOTHING_GONE, within: Stretch = ALWAYS
) -> Finding:
    """How many kept TCP connections were cut, by client and frontend, and what was being done to the cluster then.

    A connection is translated as its first packet was (iptables(8), table nat), and kube-proxy leaves conntrack entries
    of TCP alone (pkg/proxy/conntrack/cleanup.go), so that no change of rules ends one. One is cut if an attempt on it
    fails after it was answered; failures after that are of new ones that do not open, which `outage` counts. Those to a
    backend that had begun to go (`gone`: when, in ns) are its end, not a cut.

    `at_most` None: nothing is promised, the figure is measured. A flow whose attempts overlap holds more than one
    connection in rows that do not tell them apart: inconclusive, as is a history without an answered kept connection.
    `within`: only cuts that were seen in this stretch of the history count, whenever the attempt before them was made.
    """
    check = "connections-cut"
    opened, trouble = answered(check, history.attempts, CONNECTIONS)
    if trouble:
        return trouble
    cuts = [cut for flow in opened for cut in _cuts(history, flow, gone) if within.holds(cut.until_ns)]
    if not cuts and (trouble := unanswered(check, opened, CONNECTIONS, within)):
        return trouble
    words = f"{len(cuts)} cut ({tally(cuts)})" if cuts else "none cut"
    return counted(check, opened, CONNECTIONS, cuts, words, at_most)


def _cuts(history: History, flow: KeptFlow, gone: Mapping[str, int]) -> Iterator[Mishap]:
    for before, after in pairwise(flow.steps):
        if before.ok and not after.ok and not had_gone(before.backend, after.end_ns, gone):
            yield mishap(history, flow, before, after, f"cut ({after.outcome}), it led to {before.backend or 'nobody'}")
