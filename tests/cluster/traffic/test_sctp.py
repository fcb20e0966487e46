"""SCTP over raw sockets, in a network with real rules: answered, translated, refused, swallowed, and told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.traffic import Target, Traffic
from gauntlet.traffic.sctp_servers import SctpServers
from gauntlet.traffic.table import Table, TableRow
from tests.cluster.traffic.world import ADDRESS, World, four_times

PORT = 8082
DIRECT = Target("ns/web", Frontend.CLUSTER_IP, ADDRESS, PORT, Protocol.SCTP)
SERVICE = dataclasses.replace(DIRECT, address="127.9.9.8", port=80)
BY_IPV6 = dataclasses.replace(DIRECT, address="::1")
REFUSED, SWALLOWED, NOBODYS, HELD_BACK = (dataclasses.replace(DIRECT, port=port) for port in (7101, 7102, 7103, 7104))

# What conntrack takes for no part of an association does not arrive.
_RULES = """
table ip associations {
  chain output {
    type nat hook output priority -100
    ip daddr 127.9.9.8 sctp dport 80 dnat to 127.0.0.1:8082
  }
}
table inet associations {
  chain input {
    type filter hook input priority 0
    meta l4proto sctp ct state invalid drop
    sctp dport 7101 reject
    sctp dport 7102 drop
  }
  chain output {
    type filter hook output priority 0
    sctp dport 7104 drop
  }
}
"""


@pytest.fixture(scope="module", autouse=True)
def servers(world: World) -> Iterator[SctpServers]:
    world.nft(_RULES)
    with SctpServers({"b3": world}, PORT) as started:
        started.ensure()
        yield started
    world.run(["nft", "delete", "table", "inet", "associations"])
    world.run(["nft", "delete", "table", "ip", "associations"])


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (DIRECT, "ok"),
        (SERVICE, "ok"),
        (BY_IPV6, "ok"),
        (dataclasses.replace(DIRECT, address="localhost"), "ok"),
        (REFUSED, "refused"),
        (dataclasses.replace(BY_IPV6, port=REFUSED.port), "refused"),
        (SWALLOWED, "timeout"),
        (NOBODYS, "timeout"),
        (HELD_BACK, "unreachable"),
        # No raw socket has this address, and the kernel has no SCTP: "protocol unreachable".
        (dataclasses.replace(DIRECT, address="127.0.0.5"), "unreachable"),
    ],
    ids=lambda value: f"{value.address}-{value.port}" if isinstance(value, Target) else value,
)
def test_an_outcome_has_its_cause(world: World, traffic: Traffic, target: Target, outcome: str) -> None:
    frame = four_times(traffic, world, target, outcome)

    if outcome == "ok":
        assert frame["backend"].to_list() == ["b3"] * 4
        assert frame["seen_source_ip"].is_in(["127.0.0.1", "::1"]).all()


def test_a_refusal_is_that_of_the_association_that_it_is_about(world: World, traffic: Traffic) -> None:
    """Others at the same address, which the kernel tells of it as well, go on."""
    rows = (TableRow(1, DIRECT, 200), TableRow(2, REFUSED, 200), TableRow(3, SERVICE, 200))

    answers = traffic.ask(world, Table(rows, users=16, timeout_s=20.0)).attempts

    seen = {number: set(part["outcome"]) for (number,), part in answers.partition_by("row", as_dict=True).items()}
    assert seen == {1: {"ok"}, 2: {"refused"}, 3: {"ok"}}


def test_a_server_that_has_ended_is_told_and_started_again(servers: SctpServers) -> None:
    servers._processes["b3"].kill()
    servers._processes["b3"].wait(timeout=5)
    with pytest.raises(Inconclusive, match="no server of SCTP on client"):
        servers.ensure()
    servers.ensure()
