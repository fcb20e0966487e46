"""Waiting for a condition, with a deadline and a sentence that says what was waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from gauntlet.ground.errors import GauntletError

T = TypeVar("T")


class NotInTime(GauntletError):
    """A condition did not come true before its deadline."""


def until(
    probe: Callable[[], T | None],
    *,
    what: str,
    deadline_s: float,
    every_s: float = 0.05,
    retry_on: tuple[type[BaseException], ...] = (),
    remedy: str = "",
) -> T:
    """Call `probe` until it returns something truthy, and return that.

    Exceptions in `retry_on` count as "not yet"; any other leaves at once.
    Raises NotInTime, which names `what` and the last answer, after `deadline_s`.
    """
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(deadline_s),
        wait=tenacity.wait_fixed(every_s),
        retry=tenacity.retry_if_exception_type(retry_on) | tenacity.retry_if_result(lambda found: not found),
    )
    try:
        found = retrying(probe)
    except tenacity.RetryError as error:
        last = error.last_attempt
        seen = repr(last.exception()) if last.failed else repr(last.result())
        raise NotInTime(f"{what}: not within {deadline_s:g} s (last answer: {seen})", remedy) from None
    assert found is not None
    return found
