"""Same choice: what chooses by a hash chooses the same backend again."""

from __future__ import annotations

from gauntlet.checkers.sample import SIGNIFICANCE, failed, no_data, unnamed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def same_choice(first: pl.DataFrame, again: pl.DataFrame, backends: int) -> Finding:
    """Connection by connection, in their order, both series met the same backend. The figure counts those that did not.

    The caller sees to it that the connections of both have the same source address and port. The source: ipvsadm(8),
    scheduler `mh`. Fewer of them than chance needs to agree on all (below 1e-7) are inconclusive.
    """
    check = "same-choice"
    both = pl.concat([first, again])
    lost = both.filter(failed()).height
    if lost or first.height != again.height or first.is_empty() or backends < 2:
        return no_data(check, f"{first.height} and {again.height} connections, of which {lost} failed, to {backends}")
    if nameless := both["backend"].null_count():
        return unnamed(check, nameless)
    pairs = list(zip(first.sort("at_ns")["backend"], again.sort("at_ns")["backend"], strict=True))
    other = [f"connection {number}: {was}, then {now}" for number, (was, now) in enumerate(pairs, 1) if was != now]
    reason = f"{len(other)} of {len(pairs)} connections met another backend when made again from the same port"
    if not other and (1 / backends) ** len(pairs) >= SIGNIFICANCE:
        return Finding(check, Verdict.INCONCLUSIVE, f"{reason}; so few may agree by chance", 0.0, "connections", 0.0)
    verdict = Verdict.FAIL if other else Verdict.PASS
    return Finding(check, verdict, reason, float(len(other)), "connections", 0.0, details=tuple(other[:10]))
