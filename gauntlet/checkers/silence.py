"""Silence: flows that were declared, and of which the history holds nothing."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.sample import FLOW, NANO, declared_name, no_data
from gauntlet.checkers.windows import WINDOWS, Windows
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow

# When a flow was there to attempt, for those that were not all the time.
Presence = Mapping[DeclaredFlow, Sequence[Stretch]]
ALL_THE_TIME: Presence = MappingProxyType({})
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


def silent_flows(
    attempts: pl.DataFrame, windows: Windows, flows: Mapping[DeclaredFlow, Collection[str]]
) -> dict[str, list[str]]:
    """Names of the flows that were silent in each window; windows in which none was are left out.

    `flows` says of each in which windows it was to attempt.
    """
    missing: dict[str, list[str]] = {}
    for flow, expected_in in flows.items():
        for before, window in zip((None, *WINDOWS), WINDOWS, strict=False):
            joins = before not in expected_in
            if window in expected_in and silent(attempts, flow, *windows.spans[window], joins=joins):
                missing.setdefault(window, []).append(declared_name(flow))
    return missing


def span(attempts: pl.DataFrame) -> tuple[int, int]:
    """When the first and the last of some attempts began, in ns: the time in which other flows must have attempted."""
    begins = attempts["at_ns"].to_list()
    return min(begins, default=0), max(begins, default=0)


def while_present(flow: DeclaredFlow, stretch: Stretch, present: Presence) -> tuple[Stretch, ...]:
    """The parts of a stretch in which a flow was there to attempt: all of it if `present` does not know the flow."""
    parts = (
        Stretch(max(each.start_ns, stretch.start_ns), min(each.end_ns, stretch.end_ns))
        for each in present.get(flow, (stretch,))
    )
    return tuple(part for part in parts if part.start_ns < part.end_ns)


def attendance(
    attempts: pl.DataFrame,
    declared: Collection[DeclaredFlow],
    start_ns: int,
    end_ns: int,
    present: Presence = ALL_THE_TIME,
) -> Finding:
    """Every declared flow attempted in [start_ns, end_ns). The figure counts those that did not; each is named.

    Never fails: a flow that was silent says nothing of the cluster, but whatever else was judged rests on the others.
    A flow whose client came late or left early has to attempt only while it was `present`.
    """
    check = "flows"
    if not declared:
        return no_data(check, "no flow was declared: nobody was to attempt anything")
    if end_ns <= start_ns:
        return no_data(check, f"the time in which they were to attempt has no length ({attempts.height} attempts)")
    stretch = Stretch(start_ns, end_ns)
    names = sorted(
        declared_name(flow)
        for flow in declared
        if any(silent(attempts, flow, part.start_ns, part.end_ns) for part in while_present(flow, stretch, present))
    )
    if names:
        reason = f"{len(names)} of {len(declared)} declared flows were silent: {'; '.join(names)}"
        return Finding(check, Verdict.INCONCLUSIVE, reason, float(len(names)), "flows", 0.0, details=tuple(names))
    return Finding(check, Verdict.PASS, f"all {len(declared)} declared flows attempted", 0.0, "flows", 0.0)
