"""Shares: each client meets each of so many endpoints as often as the others, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gauntlet.checkers.availability import availability
from gauntlet.checkers.balance import balance
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.sample import no_data
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl

# How often a client asks so many endpoints. A fair spread is taken for an uneven one once in 10^7 times, and one of
# them at twice its share (SKEW) is found 99 times in 100; of a hundred, one at four times its share, and chance leaves
# none of them out (enough_to_meet).
ATTEMPTS: Mapping[int, int] = {1: 20, 2: 60, 3: 130, 4: 200, 10: 720, 100: 2_100}
SKEW: Mapping[int, float] = {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 10: 1.0, 100: 3.0}


def shares(attempts: pl.DataFrame, backends: frozenset[str]) -> tuple[Finding, ...]:
    """Each attempt was answered by one of these, and each client's were spread evenly over them.

    A client that asked less often than ATTEMPTS is inconclusive.
    """
    return _by_client("shares", attempts, backends, _of)


def _of(client: pl.DataFrame, backends: frozenset[str]) -> Finding:
    if len(backends) == 1:
        return reaches_all(client, backends)
    return balance(client, backends, detects_skew=SKEW[len(backends)], each_node=False)


def all_met(attempts: pl.DataFrame, backends: frozenset[str]) -> tuple[Finding, ...]:
    """Each attempt was answered by one of these, and each client met all of them."""
    return _by_client("reaches-all", attempts, backends, reaches_all)


def _by_client(
    check: str, attempts: pl.DataFrame, backends: frozenset[str], of: Callable[[pl.DataFrame, frozenset[str]], Finding]
) -> tuple[Finding, ...]:
    if attempts.is_empty():
        return (no_data(check),)
    clients = attempts.sort("client").partition_by("client", maintain_order=True)
    return (availability(attempts), correctness(attempts, backends), *(of(each, backends) for each in clients))
