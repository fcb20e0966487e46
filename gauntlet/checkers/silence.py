"""Silence: flows that were declared, and of which the history holds nothing."""

from __future__ import annotations

import itertools
from collections.abc import Collection

from gauntlet.checkers.sample import FLOW, NANO, declared_name, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow

# An attempt takes a second at most, and a flow has enough users to stay on schedule while all of them wait: one that
# does not attempt for longer has stopped.
SILENT_S = 2.0


def silent(attempts: pl.DataFrame, flow: DeclaredFlow, start_ns: int, end_ns: int, *, joins: bool = False) -> bool:
    """Whether a flow did not attempt at all in [start_ns, end_ns), or not for `SILENT_S` of it.

    A flow that `joins` in this stretch is silent only after its first attempt.
    """
    mine = (pl.col(name).eq_missing(pl.lit(getattr(flow, name))) for name in FLOW)
    inside = (pl.col("at_ns") >= start_ns) & (pl.col("at_ns") < end_ns)
    begins: list[int] = attempts.filter(inside, *mine)["at_ns"].sort().to_list()
    if not begins:
        return True
    edges = [*begins, end_ns] if joins else [start_ns, *begins, end_ns]
    return max(after - before for before, after in itertools.pairwise(edges)) > SILENT_S * NANO


def span(attempts: pl.DataFrame) -> tuple[int, int]:
    """When the first and the last of some attempts began, in ns: the time in which other flows must have attempted."""
    begins = attempts["at_ns"].to_list()
    return min(begins, default=0), max(begins, default=0)


def attendance(attempts: pl.DataFrame, declared: Collection[DeclaredFlow], start_ns: int, end_ns: int) -> Finding:
    """Every declared flow attempted in [start_ns, end_ns). The figure counts those that did not; each is named.

    Never fails: a flow that was silent says nothing of the cluster, but whatever else was judged rests on the others.
    """
    check = "flows"
    if not declared:
        return no_data(check, "no flow was declared: nobody was to attempt anything")
    names = sorted(declared_name(flow) for flow in declared if silent(attempts, flow, start_ns, end_ns))
    if names:
        reason = f"{len(names)} of {len(declared)} declared flows were silent: {'; '.join(names)}"
        return Finding(check, Verdict.INCONCLUSIVE, reason, float(len(names)), "flows", 0.0, details=tuple(names))
    return Finding(check, Verdict.PASS, f"all {len(declared)} declared flows attempted", 0.0, "flows", 0.0)
