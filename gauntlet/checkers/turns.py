"""Turns: a scheduler that takes backends in turn keeps the order exactly, not only on average."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gauntlet.checkers.sample import by_flow, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

CYCLES = 3


def turns(attempts: pl.DataFrame, weights: Mapping[str, int]) -> Finding:
    """Of any `sum(weights)` successive new connections of a flow, each backend got exactly its weight.

    The source: ipvsadm(8), schedulers `rr` ("equally") and `wrr` ("in proportion to the weights", in a fixed cycle).
    Only attempts made one after the other by the only client of a node's virtual server can show it. The figure counts
    the successions that were not kept; fewer than `CYCLES` cycles in a flow are inconclusive.
    """
    check = "turns"
    cycle = sum(weights.values())
    if attempts.is_empty() or not cycle:
        return no_data(check)
    broken, details = 0, []
    for name, flow in by_flow(attempts):
        met = flow.filter(~failed())["backend"].to_list()
        if len(met) < CYCLES * cycle:
            return no_data(check, f"{name}: {len(met)} ok attempts, at least {CYCLES} x {cycle} needed")
        wrong = [start for start in range(len(met) - cycle + 1) if not _kept(met[start : start + cycle], weights)]
        broken += len(wrong)
        details += [f"{name}: from attempt {start + 1} on: {', '.join(met[start : start + cycle])}" for start in wrong]
    promised = ", ".join(f"{backend} {weight}" for backend, weight in sorted(weights.items()))
    reason = f"{broken} successions of {cycle} connections in another proportion than {promised}"
    verdict = Verdict.FAIL if broken else Verdict.PASS
    return Finding(check, verdict, reason, float(broken), "successions", 0.0, details=tuple(details[:10]))


def _kept(met: list[str], weights: Mapping[str, int]) -> bool:
    return Counter(met) == Counter({backend: weight for backend, weight in weights.items() if weight})
