"""When the next attempt of a job begins: an open-loop schedule, shared by all users of the job.

Coordinated omission: a client that waits for one answer before it sends the next question falls silent
exactly while the service hangs, so that an outage leaves few rows and a recovery is seen late. Here slots
are laid out by the clock, not by answers: user after user claims the next slot, waits for it, and a hung
attempt only costs the user that made it. As long as a user is free for each slot (users >= rate x time-out),
attempts start on time during a total outage as well. Where none is free, slots are dropped rather than
sent in a burst later, and `slipped` counts how often that happened.
"""

from __future__ import annotations


class Schedule:
    """Hands out the start times of attempts.

    Without `rate_per_s` every attempt may start at once. `attempts` bounds how many slots there are in all.
    Times are seconds of one monotonic clock that the caller reads.
    """

    def __init__(self, rate_per_s: float | None, attempts: int | None, start_s: float) -> None:
        self._interval_s = 1.0 / rate_per_s if rate_per_s else 0.0
        self._left = attempts
        self._next_s = start_s
        self.slipped = 0

    def claim(self, now_s: float) -> float | None:
        """Take the next slot: seconds from now until its attempt begins; None if no slot is left."""
        if self._left is not None:
            if self._left == 0:
                return None
            self._left -= 1
        if not self._interval_s:
            return 0.0
        due_s = self._next_s
        if now_s - due_s > self._interval_s:
            self.slipped += 1
            due_s = now_s
        self._next_s = due_s + self._interval_s
        return max(0.0, due_s - now_s)
