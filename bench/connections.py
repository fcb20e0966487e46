"""How many new connections a second one Locust process makes, each with its row in the history."""

from __future__ import annotations

import time

from bench.stage import Stage
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.waiting import until
from gauntlet.traffic import Ask, Load

USERS = 8


def connections_per_s(stage: Stage, *, seconds: float = 30.0, rate_per_s: float | None = None) -> float:
    """New TCP connections a second, from the stamps of the attempts themselves; each asks one question.

    As many as one process makes, or at most `rate_per_s`.

    Raises Inconclusive if any attempt was not ok: a refused connection is quick and would flatter the figure.
    """
    stage.settle(stage.target)
    with stage.traffic.start(
        stage.client, Load(stage.target, users=USERS, rate_per_s=rate_per_s, ask=Ask.HOSTNAME)
    ) as flow:
        until(flow.count, what="the first rows", deadline_s=30)
        time.sleep(seconds)  # the length of the measurement itself
        frame = flow.stop()
    bad = frame.filter(pl.col("outcome") != "ok")
    if not bad.is_empty():
        kinds = bad.group_by("outcome", "error").len().rows()
        raise Inconclusive(f"{bad.height} of {frame.height} attempts were not ok: {kinds}")
    begun = frame["at_ns"].to_numpy()
    return float((frame.height - 1) / ((begun[-1] - begun[0]) / 1e9))
