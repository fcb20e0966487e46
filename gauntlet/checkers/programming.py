"""Programming: how soon a change of endpoints is in effect on the nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.checkers.sample import by_client_node, no_data
from gauntlet.ground.finding import Finding, Spread, Verdict
from gauntlet.ground.following import Followed, Swap, followed, swaps
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History
from gauntlet.promises.promise import Programming

CHECK = "programming"
# With fewer, the 99th percentile is one that was late by chance, and half of them say little.
MIN_CHANGES = 10
_NEVER = "not in effect before the next change, or before the end"


def programming(
    history: History, service: str, nodes: Sequence[str], promised: Programming, *, min_changes: int = MIN_CHANGES
) -> Finding:
    """How soon these nodes obeyed the changes of a Service's only endpoint. The figure is the worst node's p99, in s.

    What may be in time or late, by what the measurement can be off by, is inconclusive. A node that did not obey a
    change fails, whatever is promised. Inconclusive are fewer changes than `min_changes`, unless a node is late, and a
    node without a client that asked.
    """
    made = tuple(swaps(history.events, service))
    mine = dict(by_client_node(history.attempts.filter(pl.col("service") == service)))
    silent = [node for node in nodes if node not in mine]
    if not made or silent:
        return no_data(CHECK, f"no client asked on {', '.join(silent)}" if made else "no endpoint was changed")
    seen = {node: [followed(mine[node], each.to, each.at_ns, each.until_ns) for each in made] for node in nodes}
    obeyed = {node: [each for each in times if each] for node, times in seen.items()}
    never = [f"{node}: {each.to}: {_NEVER}" for node in nodes for each in _missed(made, seen[node])]
    spreads = tuple(_spread(node, times) for node, times in obeyed.items() if times)
    lines = tuple(map(_line, spreads))
    if never:
        reason = f"{len(never)} times a node did not obey a change of a Service's endpoint: {never[0]}"
        return Finding(CHECK, Verdict.FAIL, reason, details=(*lines, *never), spreads=spreads)
    worst = max(spreads, key=lambda each: each.p99)
    few = f"; too few changes, at least {min_changes} are needed" if len(made) < min_changes else ""
    reason = f"{len(made)} changes of a Service's endpoint: {'; '.join(lines)}; {_words(promised)}{few}"
    return Finding(
        CHECK,
        _verdict(obeyed, promised, Verdict.INCONCLUSIVE if few else Verdict.PASS),
        reason,
        worst.p99,
        "s",
        promised.p99_s,
        worst.resolution,
        lines,
        spreads=spreads,
    )


def _missed(made: Sequence[Swap], seen: Sequence[Followed | None]) -> list[Swap]:
    return [swap for swap, found in zip(made, seen, strict=True) if found is None]


def _verdict(obeyed: Mapping[str, Sequence[Followed]], promised: Programming, otherwise: Verdict) -> Verdict:
    """Fails if even the earliest times that a node can have had are too late; `otherwise` if none are."""
    if promised.p50_s is None and promised.p99_s is None:
        return Verdict.MEASURED
    if any(_late([each.earliest_s for each in times], promised) for times in obeyed.values()):
        return Verdict.FAIL
    if any(_late([each.latest_s for each in times], promised) for times in obeyed.values()):
        return Verdict.INCONCLUSIVE
    return otherwise


def _late(times_s: Sequence[float], promised: Programming) -> bool:
    found = Spread.of_figures("", times_s)
    limits = ((found.p50, promised.p50_s), (found.p99, promised.p99_s))
    return any(limit is not None and figure > limit for figure, limit in limits)


def _spread(node: str, seen: Sequence[Followed]) -> Spread:
    return Spread.of_figures(node, [each.latency_s for each in seen], max(each.resolution_s for each in seen))


def _line(spread: Spread) -> str:
    return (
        f"{spread.of}: p50 {spread.p50:.3f} s, p99 {spread.p99:.3f} s, longest {spread.longest:.3f} s"
        f" (+/- {spread.resolution:.3f} s)"
    )


def _words(promised: Programming) -> str:
    limits = (("p50", promised.p50_s), ("p99", promised.p99_s))
    words = [f"{name} {limit:g} s" for name, limit in limits if limit is not None]
    return f"promised: {', '.join(words)}" if words else "nothing is promised"
