"""Open connections: how a scheduler that counts them has shared them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gauntlet.checkers.sample import counts, describe, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def open_connections(
    attempts: pl.DataFrame, expected: Mapping[str, int], *, within: int = 0, check: str = "open-connections"
) -> Finding:
    """Each backend holds as many of the open connections as `expected`, give or take `within`.

    Every ok attempt is the first request of a connection that stayed open. The source: the overheads of the schedulers
    `lc`, `wlc`, `sed` and `nq` in ipvsadm(8). The figure is the largest difference. A connection that did not open
    makes it inconclusive: then it is not known what was shared out.
    """
    lost = attempts.filter(failed())
    if attempts.is_empty() or lost.height:
        return no_data(
            check, f"{lost.height} of {attempts.height} connections did not open: {' '.join(describe(lost))}"
        )
    held = Counter(attempts["backend"].to_list())
    worst = max(abs(held[backend] - expected.get(backend, 0)) for backend in {*held, *expected})
    promised = ", ".join(f"{backend} {count}" for backend, count in sorted(expected.items()))
    reason = f"open connections: {counts(attempts['backend'])}; promised: {promised}, give or take {within}"
    verdict = Verdict.PASS if worst <= within else Verdict.FAIL
    return Finding(check, verdict, reason, float(worst), "connections", float(within))
