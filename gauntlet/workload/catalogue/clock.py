"""Clock: where the seconds of a step go, for the log."""

from __future__ import annotations

import time


class Clock:
    """Each `stop` names what was done since the one before, or since the start."""

    def __init__(self) -> None:
        self._since_s = time.monotonic()
        self._spent: list[tuple[str, float]] = []

    def stop(self, what: str) -> None:
        now_s = time.monotonic()
        self._spent.append((what, now_s - self._since_s))
        self._since_s = now_s

    def __str__(self) -> str:
        return ", ".join(f"{what} {seconds:.1f} s" for what, seconds in self._spent)
