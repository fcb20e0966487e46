"""One connection whose local port no traffic has used."""

from __future__ import annotations

import socket
import subprocess
from contextlib import closing

import pytest

from gauntlet.ground.history import Outcome
from gauntlet.traffic import connector
from gauntlet.traffic.ports import SourcePorts
from gauntlet.traffic.repeated import Repeated
from tests.cluster.traffic.conftest import SERVICE_RULES
from tests.cluster.traffic.world import World

# The one that conftest.py sends on to two backends.
SERVICE = "127.9.9.9"


def connected(client: World, address: str, port: int) -> tuple[int, str]:
    """Exit code and words of one connection."""
    arguments = (address, str(port), "1")
    process = client.spawn_module(connector.__name__, arguments, stderr=subprocess.PIPE)
    _, error = process.communicate(timeout=30)
    return process.returncode, error.strip()


def test_its_ports_are_not_those_of_traffic() -> None:
    low, _ = SourcePorts().bounds()
    assert max(connector.local_ports()) < low
    assert min(connector.local_ports()) >= 1024


def test_an_accepted_connection(world: World) -> None:
    assert connected(world, SERVICE, 80) == (0, "")


def test_a_connection_by_ipv6(world: World) -> None:
    assert connected(world, "::1", 8080) == (0, "")
    with closing(Repeated(world, "::1", 8080, timeout_s=1, within_s=30)) as connections:
        assert [connections.connect().outcome for _ in range(2)] == [Outcome.OK] * 2


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_refused_connection_says_so(world: World, address: str) -> None:
    assert connected(world, address, 81) == (1, "Connection refused")


def test_a_connection_without_an_answer_says_so(world: World) -> None:
    world.nft("table ip silent { chain c { type filter hook input priority 0; tcp dport 82 drop; }; }")
    assert connected(world, "127.0.0.1", 82) == (1, "no answer within 1 s")


BY_KERNEL = ("timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{SERVICE}/80")


def outage_of_all_ports(world: World) -> None:
    """The Service is back, and conntrack remembers each port that the kernel could choose by an attempt in vain."""
    world.run(["sh", "-c", "echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range"])
    # The outage: nothing is translated, and nobody answers at the Service's own address.
    outage = "table ip outage { chain c { type filter hook input priority 0; ip daddr 127.9.9.9 drop; }; }"
    world.nft(f"add table ip service {{ flags dormant; }}\n{outage}")
    for _ in range(8):
        assert world.run(BY_KERNEL, check=False).code == 124
    world.nft("delete table ip outage\ndelete table ip service")
    world.nft(SERVICE_RULES)


def test_what_conntrack_remembers_of_an_outage_does_not_reach_it(world: World) -> None:
    outage_of_all_ports(world)
    assert world.run(BY_KERNEL, check=False).code != 0
    assert connected(world, SERVICE, 80) == (0, "")


def test_nor_does_it_reach_those_that_watch_a_chaos_run(world: World) -> None:
    outage_of_all_ports(world)
    with closing(Repeated(world, SERVICE, 80, timeout_s=1, within_s=30)) as connections:
        answers = [connections.connect() for _ in range(20)]
    assert world.run(BY_KERNEL, check=False).code != 0
    assert [(each.outcome, each.error) for each in answers] == [(Outcome.OK, "")] * 20


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as holder, socket.socket() as opened:
        holder.bind(("", 0))
        taken = int(holder.getsockname()[1])
        connector._bind(opened, [taken, 0])
        assert opened.getsockname()[1] != taken
