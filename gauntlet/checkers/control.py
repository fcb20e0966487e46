"""Control: the time without a fault, against which a fault is judged."""

from __future__ import annotations

import dataclasses

import polars as pl

from gauntlet.checkers.availability import availability
from gauntlet.finding import Finding, Verdict


def control(attempts: pl.DataFrame, at_least: float = 1.0, *, min_attempts: int = 50) -> Finding:
    """Whether every flow was served well enough, and seen often enough, before anything was done to the cluster.

    Never fails: a cluster that was already bad says nothing about a fault, which is inconclusive.
    """
    found = availability(attempts, at_least, min_attempts=min_attempts, check="control")
    if found.verdict is not Verdict.FAIL:
        return found
    return dataclasses.replace(
        found, verdict=Verdict.INCONCLUSIVE, reason=f"attempts failed before the fault: {found.reason}"
    )
