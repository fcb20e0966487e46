"""Connections cut: kept TCP connections that ended though neither their client nor their backend had ended them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

from gauntlet.checkers.kept_flows import ALWAYS, KeptFlow, Mishap, Stretch, had_gone, kept_flows, lines, mishap, tally
from gauntlet.checkers.sample import no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import History, Protocol

_NONE: Mapping[str, int] = MappingProxyType({})


def connections_cut(
    history: History, *, at_most: int | None = 0, gone: Mapping[str, int] = _NONE, within: Stretch = ALWAYS
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
    flows = kept_flows(history.attempts, Protocol.TCP)
    opened = [flow for flow in flows if any(step.ok for step in flow.steps)]
    if not opened:
        return no_data(check, f"none of {len(flows)} kept TCP connections was ever answered")
    mixed = [flow.name for flow in opened if flow.interleaved]
    if mixed:
        return no_data(check, f"connections that share rows cannot be told apart: {'; '.join(mixed)}")
    cuts = [cut for flow in opened for cut in _cuts(history, flow, gone) if within.holds(cut.until_ns)]
    if not cuts and not any(flow.answered_in(within) for flow in opened):
        return no_data(check, f"none of {len(opened)} kept TCP connections was answered in this time")
    origin_ns = min(flow.steps[0].at_ns for flow in opened)
    found = f"{len(cuts)} cut ({tally(cuts)})" if cuts else "none cut"
    promised = "nothing is promised" if at_most is None else f"promised: at most {at_most}"
    verdict = Verdict.MEASURED if at_most is None else Verdict.FAIL if len(cuts) > at_most else Verdict.PASS
    return Finding(
        check,
        verdict,
        f"of {len(opened)} kept TCP connections {found}; {promised}",
        float(len(cuts)),
        "connections",
        None if at_most is None else float(at_most),
        0.0,
        lines(cuts, origin_ns),
    )


def _cuts(history: History, flow: KeptFlow, gone: Mapping[str, int]) -> Iterator[Mishap]:
    for before, after in pairwise(flow.steps):
        if before.ok and not after.ok and not had_gone(before.backend, after.end_ns, gone):
            yield mishap(history, flow, before, after, f"cut ({after.outcome}), it led to {before.backend or 'nobody'}")
