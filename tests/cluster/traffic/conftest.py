"""A world with two backends behind one virtual address, and traffic from the one client in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.build import binaries
from gauntlet.traffic import Traffic
from tests.cluster.traffic.world import World

# Connections to 127.9.9.9 go to b1 and b2 in turn, as a Service's do.
SERVICE_RULES = """
table ip service {
  chain output {
    type nat hook output priority -100
    ip daddr 127.9.9.9 tcp dport 80 dnat to 127.0.0.1 : numgen inc mod 2 map { 0 : 8080, 1 : 8090 }
    ip daddr 127.9.9.9 udp dport 80 dnat to 127.0.0.1 : numgen inc mod 2 map { 0 : 8081, 1 : 8091 }
  }
}
"""


@pytest.fixture(scope="session")
def agnhost() -> Path:
    return binaries.ensure().path("agnhost")


@pytest.fixture(scope="module")
def world(agnhost: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(agnhost, tmp_path_factory.mktemp("world")) as made:
        made.backend("b1", http_port=8080, udp_port=8081)
        made.backend("b2", http_port=8090, udp_port=8091)
        made.nft(SERVICE_RULES)
        yield made


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    with Traffic(tmp_path_factory.mktemp("traffic")) as made:
        yield made
