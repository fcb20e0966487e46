"""Undisturbed: flows that went on while something was done that nobody may notice."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, History


def undisturbed(
    seen: pl.DataFrame, flows: Collection[DeclaredFlow], told: History, backends: frozenset[str]
) -> Iterator[Finding]:
    """Whether all `flows` attempted all the time, and lost none of their attempts, connections and backends.

    `seen` are their attempts, `told` is the history of the case.
    """
    yield attendance(seen, flows, *span(seen))
    yield availability(seen)
    yield correctness(seen, backends)
    yield connections_cut(told)
    yield udp_flows_lost(told)
    yield udp_flows_moved(told)
