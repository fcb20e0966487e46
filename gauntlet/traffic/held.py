"""Connections that stay open: opened one after the other from one client, and held without a word."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Outcome, attempts
from gauntlet.traffic import holder
from gauntlet.traffic.load import Target
from gauntlet.traffic.rows import OUTCOMES

_END_WITHIN_S = 5.0
# So many connections are opened before it is asked whether more of them make sense.
_TOGETHER = 25


class Held:
    """`count` connections of one client to one HTTP target, open until the context is left.

    `attempts` (ATTEMPTS schema, `connection` kept) has a row for each, in the order in which they were opened.
    Raises Inconclusive if the process that holds them breaks.
    """

    def __init__(
        self, client: Host, target: Target, count: int, *, timeout_s: float = 2.0, first_port: int = 0
    ) -> None:
        """Open them. The first one is made from the local port `first_port`, the next from the next; 0: from any."""
        self._process: subprocess.Popen[str] = client.spawn_module(
            holder.__name__,
            [target.address, *map(str, (target.port, count, timeout_s, first_port))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        lines = [line for _, line in zip(range(count), self._process.stdout, strict=False)]
        if len(lines) < count:
            said = self._process.communicate()[1].strip()
            raise Inconclusive(f"{client.name} opened {len(lines)} of {count} connections: {said or 'no word why'}")
        self.attempts: pl.DataFrame = attempts(_row(client, target, json.loads(line)) for line in lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. Safe to repeat."""
        try:
            self._process.communicate(timeout=_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def held_by_and_by(client: Host, target: Target, count: int, *, timeout_s: float = 1.0) -> Iterator[pl.DataFrame]:
    """The same for many of them; once some could not be opened no more are, as each would take its time-out.

    Yields the attempts. `count` is a multiple of 25. Raises as Held does.
    """
    with ExitStack() as held:
        frames = []
        for _ in range(0, count, _TOGETHER):
            frames.append(held.enter_context(Held(client, target, _TOGETHER, timeout_s=timeout_s)).attempts)
            if not frames[-1].filter(pl.col("outcome") != str(Outcome.OK)).is_empty():
                break
        yield pl.concat(frames)


def _row(client: Host, target: Target, said: dict[str, str | int | None]) -> dict[str, str | int | None]:
    result = str(said.pop("result"))
    return {
        **said,
        "client": client.name,
        "client_node": client.node,
        "service": target.service,
        "frontend": str(target.frontend),
        "address": target.address,
        "port": target.port,
        "protocol": str(target.protocol),
        "connection": str(Connection.KEPT),
        "outcome": str(OUTCOMES.get(result, Outcome.BAD_REPLY)),
    }
