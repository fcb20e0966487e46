"""Disobeyed: what nodes were seen not to obey, so that no later case waits for the same as long as the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable
from contextlib import suppress

from gauntlet.ground.waiting import NotInTime, until

# kube-proxy writes what it heard of at once, a second after the sync before at the latest.
AGAIN_S = 4.0
# Guests take seconds for a sync.
AGAIN_ON_GUESTS_S = 20.0


class Disobeyed:
    """Kinds of questions that were not answered as they must be by the deadline of a wait.

    A wait in which nothing but such kinds is left ends after `again_s`. That lets nothing pass: what is judged is asked
    after the wait. A kind that is answered as it must be is waited for again like any other.
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

    def is_enough(self, pending: Iterable[Hashable], waited_s: float) -> bool:
        """Whether a wait that has lasted so long need not go on for these."""
        return waited_s >= self._again_s and self._kinds.issuperset(pending)

    def note(self, pending: Iterable[Hashable], answered: Iterable[Hashable], waited_s: float) -> None:
        """Note how a wait ended: for these in vain, for those not. One that was short tells nothing of the former."""
        self._kinds.difference_update(answered)
        if waited_s >= self._again_s:
            self._kinds.update(pending)
