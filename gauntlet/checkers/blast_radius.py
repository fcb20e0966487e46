"""Blast radius: who may notice a fault at all."""

from __future__ import annotations

from gauntlet.checkers.sample import OUTSIDE, counts, describe, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def blast_radius(attempts: pl.DataFrame, allowed_nodes: frozenset[str]) -> Finding:
    """Only clients on `allowed_nodes` have failed attempts. `OUTSIDE` stands for clients on no node.

    The figure counts failed attempts of other clients. No attempt of another client is inconclusive: nobody looked.
    """
    check = "blast-radius"
    others = attempts.filter(~pl.col("client_node").fill_null(OUTSIDE).is_in(sorted(allowed_nodes)))
    allowed = ", ".join(sorted(allowed_nodes)) or "no node"
    if others.is_empty():
        return no_data(check, f"no attempt was made from anywhere but {allowed}")
    errors = others.filter(failed())
    if errors.is_empty():
        reason = f"none of {others.height} attempts from anywhere but {allowed} failed"
        return Finding(check, Verdict.PASS, reason, 0.0, "attempts", 0.0)
    where = counts(errors["client_node"].fill_null(OUTSIDE))
    reason = f"{errors.height} of {others.height} attempts that must not notice failed ({where}); allowed: {allowed}"
    return Finding(check, Verdict.FAIL, reason, float(errors.height), "attempts", 0.0, details=describe(errors))
