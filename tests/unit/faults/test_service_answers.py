"""One connection from a host, as the probe of an experiment makes it: it is accepted, or refused, or takes too long."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from gauntlet.faults.chaos.proxy import refusal
from gauntlet.ground.cluster import CommandFailed
from gauntlet.nodes.local import LocalHost

HERE = LocalHost(("127.0.0.1",))


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_one_that_is_accepted_has_no_reason(listening: int) -> None:
    assert refusal(HERE, "127.0.0.1", listening) == ""


def test_one_that_is_refused_says_so() -> None:
    # Nobody listens on the first port of loopback.
    assert refusal(HERE, "127.0.0.1", 1) == "Connection refused"


def test_a_host_that_does_not_say_so_in_time_fails_the_probe(listening: int) -> None:
    with pytest.raises(CommandFailed, match="on outside ended with 124: not done after 0 s"):
        refusal(HERE, "127.0.0.1", listening, within_s=0.0)
