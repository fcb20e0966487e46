"""Disobeyed: what nodes were seen not to obey, so that no later case waits for the same as long as the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable
from contextlib import suppress

from gauntlet.ground.family import family_of
from gauntlet.ground.history import Frontend
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.traffic import Target

# kube-proxy writes what it heard of at once, a second after the sync before at the latest (minSyncPeriod); the slowest
# change on two cores at a load of 20 took 1.7 s (slos/default.yaml).
AGAIN_S = 2.5
# Guests take seconds for a sync.
AGAIN_ON_GUESTS_S = 20.0


class Disobeyed:
    """Kinds of questions that were not answered as they must be by the deadline of a wait.

    A wait in which nothing but such kinds is left ends after `again_s`. That lets nothing pass: what is judged is asked
    after the wait. A kind that is answered as it must be is waited for again like any other. Whoever waits for things
    of one sort shares one of these with all others, as long as the cluster is there.
    """

    def __init__(self, again_s: float = AGAIN_S) -> None:
        self._again_s = again_s
        self._kinds: set[Hashable] = set()

    def wait(
        self,
        ask: Callable[[], Collection[Hashable]],
        kinds: Collection[Hashable],
        *,
        what: str,
        deadline_s: float,
        every_s: float = 0.05,
    ) -> None:
        """Call `ask` until none of these kinds is left, or waiting is enough, or the deadline is over.

        `ask` returns those that are not answered as they must be yet. It is called once at least.
        """
        begun = time.monotonic()
        left: set[Hashable] = set(kinds)

        def is_over() -> bool:
            nonlocal left
            left = set(ask())
            return not left or self.is_enough(left, time.monotonic() - begun)

        with suppress(NotInTime):
            until(is_over, what=what, deadline_s=deadline_s, every_s=every_s)
        self.note(left, set(kinds) - left, time.monotonic() - begun)

    def knows(self, pending: Iterable[Hashable]) -> bool:
        """Whether all of these were waited for in vain the last time."""
        return self._kinds.issuperset(pending)

    def is_enough(self, pending: Iterable[Hashable], waited_s: float) -> bool:
        """Whether a wait that has lasted so long need not go on for these."""
        return waited_s >= self._again_s and self.knows(pending)

    def note(self, pending: Iterable[Hashable], answered: Iterable[Hashable], waited_s: float) -> None:
        """Note how a wait ended: for these in vain, for those not. One that was short tells nothing of the former."""
        self._kinds.difference_update(answered)
        if waited_s >= self._again_s:
            self._kinds.update(pending)


def kind(asker: str, target: Target, must: str) -> Hashable:
    """What a node serves in one way; `must` says how it is to be served, in a word.

    A NodePort is one node's, whoever asks; all else the asker's node serves.
    """
    is_nodes_own = target.frontend is Frontend.NODE_PORT
    address = target.address if is_nodes_own else ""
    return asker, target.frontend, address, family_of(target.address), target.protocol, must
