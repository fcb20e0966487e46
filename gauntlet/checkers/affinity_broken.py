"""Affinity broken: a client that came back before its time-out, and met another backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from gauntlet.checkers.affinity import BY_CLIENT
from gauntlet.checkers.kept_flows import ALWAYS, NOTHING_GONE, Stretch, had_gone, held_against
from gauntlet.checkers.occasion import occasion
from gauntlet.checkers.sample import NANO, OUTSIDE, end_ns, failed, no_data, seconds, unnamed
from gauntlet.ground.family import place
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import History


def affinity_broken(
    history: History,
    *,
    timeout_s: float,
    at_most: int | None = 0,
    gone: Mapping[str, int] = NOTHING_GONE,
    within: Stretch = ALWAYS,
) -> Finding:
    """How many times a client of a Service with `sessionAffinity: ClientIP` met another backend within the time-out.

    All attempts have to be of such Services. The rule: `sessionAffinityConfig.clientIP.timeoutSeconds` in the Service
    API; a connection within that time of the last one goes where that went. A backend that had begun to go (`gone`:
    when, in ns) may be left. As `affinity` does, it looks at each address by itself: what a node remembers is of the
    kube-proxy that a packet passes. A client that was answered only once has nothing to keep: inconclusive.
    `within`: only what was seen in this stretch of the history counts.
    """
    check = "affinity-broken"
    good = history.attempts.filter(~failed())
    if good.is_empty():
        return no_data(check, f"none of {history.attempts.height} attempts was ok")
    if not any(within.holds(at_ns) for at_ns in good["at_ns"]):
        return no_data(check, "no attempt in this time was ok")
    if good["backend"].null_count():
        return unnamed(check, good["backend"].null_count())
    broken: Counter[str] = Counter()
    lines: list[tuple[int, str]] = []
    once: list[str] = []
    origin_ns = int(good["at_ns"].min())  # type: ignore[arg-type]
    parts = good.with_columns(end=end_ns()).sort("at_ns").partition_by(list(BY_CLIENT), maintain_order=True)
    for part in parts:
        row = part.row(0, named=True)
        who = f"{row['client']} ({row['client_node'] or OUTSIDE}) by {row['frontend']}"
        where = f"{who} -> {row['service']} {place(row['address'], row['port'])}/{row['protocol']}"
        answers = list(part.select("at_ns", "end", "backend").iter_rows())
        if len(answers) < 2:
            once.append(where)
        for (_, ended_ns, was), (at_ns, until_ns, now) in pairwise(answers):
            away_s = (at_ns - ended_ns) / NANO
            if now == was or away_s >= timeout_s or had_gone(was, until_ns, gone) or not within.holds(until_ns):
                continue
            broken[who] += 1
            deed = occasion(history.events, ended_ns, until_ns)
            lines.append((at_ns, f"{seconds(at_ns - origin_ns)}: {where}: {was}, then {now}, {deed}"))
    total = broken.total()
    tally = ", ".join(f"{who}: {count}" for who, count in sorted(broken.items(), key=lambda each: (-each[1], each[0])))
    reason = f"{total} times a client met another backend within {timeout_s:g} s"
    reason += f" ({tally})" if total else ""
    details = tuple(line for _, line in sorted(lines))
    found = held_against(check, total, "changes", reason, at_most, details)
    if once and found.verdict is not Verdict.FAIL:
        return no_data(check, f"answered only once, so that nothing could be kept: {'; '.join(sorted(once))}")
    return found
