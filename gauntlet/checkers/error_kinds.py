"""Error kinds: in which ways attempts may fail."""

from __future__ import annotations

from collections.abc import Collection

from gauntlet.checkers.sample import counts, describe, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome


def error_kinds(attempts: pl.DataFrame, allowed: Collection[Outcome | str]) -> Finding:
    """Every attempt that failed did so with one of the `allowed` outcomes. The figure counts the others."""
    check = "error-kinds"
    if attempts.is_empty():
        return no_data(check)
    kinds = sorted(str(kind) for kind in allowed)
    errors = attempts.filter(failed())
    others = errors.filter(~pl.col("outcome").is_in(kinds))
    seen = counts(errors["outcome"]) if errors.height else "no attempt failed"
    reason = f"{seen} (of {attempts.height}); allowed: {', '.join(kinds) or 'none'}"
    verdict = Verdict.PASS if others.is_empty() else Verdict.FAIL
    return Finding(check, verdict, reason, float(others.height), "attempts", 0.0, details=describe(others))
