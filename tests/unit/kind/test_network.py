"""The network of a kind cluster: what no kube-proxy translated is to end at the host outside, not in a real network."""

from __future__ import annotations

import json

import pytest

from gauntlet.ground import nobody
from gauntlet.providers.kind.cluster import LOAD_BALANCER_POOL
from gauntlet.providers.kind.network import addresses, swallowed

SERVICES = "10.96.0.0/16"
OUTSIDE = ("172.30.99.9", "fc00:f853:ccd:e793::9")


@pytest.mark.parametrize("network", [SERVICES, LOAD_BALANCER_POOL, *nobody.RANGES])
def test_whatever_only_kube_proxy_answers_for_is_swallowed(network: str) -> None:
    ways = dict(swallowed(SERVICES, OUTSIDE))
    assert ways[network] == (OUTSIDE[1] if ":" in network else OUTSIDE[0])


def test_on_a_network_without_ipv6_there_is_no_way_out_that_would_have_to_be_closed() -> None:
    assert all(":" not in network and way == OUTSIDE[0] for network, way in swallowed(SERVICES, OUTSIDE[:1]))


@pytest.mark.parametrize(("ipv6", "expected"), [("", OUTSIDE[:1]), (OUTSIDE[1], OUTSIDE)])
def test_the_addresses_of_a_container_are_those_on_kinds_network(ipv6: str, expected: tuple[str, ...]) -> None:
    networks = {
        "bridge": {"IPAddress": "172.17.0.2", "GlobalIPv6Address": ""},
        "kind": {"IPAddress": OUTSIDE[0], "GlobalIPv6Address": ipv6},
    }
    assert addresses(json.dumps(networks)) == expected
