"""Connections of a host that are made when they are asked for, by a process that may end with its host."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.history import Outcome
from gauntlet.nodes.local import LocalHost
from gauntlet.traffic.repeated import Repeated

WITHIN_S = 60.0


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def repeated(port: int, *, within_s: float = WITHIN_S) -> Repeated:
    return Repeated(LocalHost(("127.0.0.1",)), "127.0.0.1", port, timeout_s=1, within_s=within_s)


def test_each_connection_is_accepted(listening: int) -> None:
    with closing(repeated(listening)) as connections:
        answers = [connections.connect() for _ in range(3)]
    assert [(each.outcome, each.error) for each in answers] == [(Outcome.OK, "")] * 3
    assert answers[0].at_ns < answers[1].at_ns < answers[2].at_ns
    assert all(each.latency_ns > 0 for each in answers)


def test_one_that_is_refused_says_so_and_the_next_is_made() -> None:
    # Nobody listens on the first port of loopback.
    with closing(repeated(1)) as connections:
        answers = [connections.connect() for _ in range(2)]
    assert [(each.outcome, each.error) for each in answers] == [(Outcome.REFUSED, "Connection refused")] * 2


def test_a_process_that_ended_is_started_again(listening: int) -> None:
    with closing(repeated(listening)) as connections:
        connections.connect()
        assert connections._process is not None
        connections._process.kill()
        gone = connections.connect()
        back = connections.connect()
    assert (gone.outcome, gone.error) == (Outcome.UNREACHABLE, "outside: the process there ended with -9")
    assert back.outcome is Outcome.OK


def test_a_host_that_says_nothing_in_time_is_one_that_cannot_connect(listening: int) -> None:
    with closing(repeated(listening, within_s=0.0)) as connections:
        answer = connections.connect()
    assert (answer.outcome, answer.error) == (Outcome.UNREACHABLE, "outside did not answer within 0 s")


def test_a_process_that_cannot_run_there_is_an_error_and_not_an_attempt(
    listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(repeated(listening)) as connections:
        monkeypatch.setattr(connections, "_argv", ("gauntlet.traffic.missing", "127.0.0.1", str(listening), "1"))
        with pytest.raises(GauntletError, match=r"ended before it was ready: outside: .*No module named"):
            connections.connect()
        assert connections._process is None


def test_one_that_cannot_be_started_again_is_an_attempt(listening: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(repeated(listening)) as connections:
        connections.connect()
        connections.close()
        monkeypatch.setattr(connections, "_argv", ("gauntlet.traffic.missing", "127.0.0.1", str(listening), "1"))
        assert connections.connect().outcome is Outcome.UNREACHABLE


def test_nothing_is_left_of_it(listening: int) -> None:
    connections = repeated(listening)
    connections.connect()
    process = connections._process
    assert process is not None
    connections.close()
    assert process.returncode == 0
    connections.close()
