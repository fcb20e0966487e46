"""Own choice: with session affinity, clients that ask by one node are given backends each for itself."""

from __future__ import annotations

import math

from gauntlet.checkers.sample import SIGNIFICANCE, counts, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

_BY = ("client_node", "service")


def own_choice(attempts: pl.DataFrame, backends: int, *, significance: float = SIGNIFICANCE) -> Finding:
    """Somewhere two clients of one node keep different backends of one Service. The figure counts where that is so.

    Of n clients that choose among k backends, all choose alike with a probability of (1/k)^(n-1): only if that, for all
    nodes and Services together, is below `significance` does "all alike everywhere" fail; else there were too few,
    which is inconclusive. The rule: `sessionAffinity` in the Service API is by the client's address.
    """
    check = "own-choice"
    good = attempts.filter(~failed() & pl.col("backend").is_not_null()).sort("at_ns")
    chosen = good.group_by(*_BY, "client", maintain_order=True).agg(pl.col("backend").first())
    together = [part for part in chosen.partition_by(list(_BY), maintain_order=True) if part.height > 1]
    if not together or backends < 2:
        return no_data(check, f"at {len(together)} pairs of node and Service several clients chose among {backends}")
    apart = sum(part["backend"].n_unique() > 1 for part in together)
    reason = f"at {apart} of {len(together)} pairs of node and Service its clients keep more than one backend"
    details = tuple(f"{part['client_node'][0]} -> {part['service'][0]}: {counts(part['backend'])}" for part in together)
    chance = math.prod((1 / backends) ** (part.height - 1) for part in together)
    verdict = Verdict.PASS
    if apart == 0:
        verdict = Verdict.FAIL if chance < significance else Verdict.INCONCLUSIVE
    return Finding(check, verdict, reason, float(apart), "pairs", 1.0, details=details)
