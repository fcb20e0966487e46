"""The addresses of a sandbox cluster: alike in both families, and none of them in two ranges."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import combinations

import pytest

from gauntlet.ground.family import BOTH, Family, family_of
from gauntlet.providers.sandbox.address_plan import AddressPlan, plans
from gauntlet.providers.sandbox.fabric import at_the_pod, to_other_pods
from gauntlet.providers.sandbox.layout import MOST_NODES

IPV4, IPV6 = plans(BOTH)


def test_what_the_hosts_are_called() -> None:
    assert (IPV4.api, IPV4.outside, IPV4.node(1)) == ("10.77.0.2", "10.77.0.200", "10.77.0.11")
    assert (IPV6.api, IPV6.outside, IPV6.node(1)) == ("fd10:77::2", "fd10:77::200", "fd10:77::11")
    assert (IPV4.node_pods(2), IPV4.gateway(2), IPV4.pod_of(2, 254)) == ("10.244.2.0/24", "10.244.2.1", "10.244.2.254")
    assert (IPV6.node_pods(2), IPV6.gateway(2)) == ("fd10:244:0:2::/64", "fd10:244:0:2::1")
    assert IPV6.pod_of(2, 254) == "fd10:244:0:2::254"
    assert (IPV4.first_service, IPV6.first_service) == ("10.96.0.1", "fd10:96::1")


@pytest.mark.parametrize("plan", [IPV4, IPV6], ids=str)
def test_every_address_is_of_its_range_as_the_api_writes_it(plan: AddressPlan) -> None:
    nodes = [plan.node(index) for index in range(1, MOST_NODES + 1)]
    pods = [plan.pod_of(index, number) for index in (1, 99, MOST_NODES) for number in (1, 2, 99, 100, 254)]
    for address in (plan.api, plan.outside, *nodes, *pods, plan.first_service):
        assert str(ip_address(address)) == address
        assert family_of(address) is plan.family
    assert len({plan.api, plan.outside, *nodes}) == MOST_NODES + 2
    assert all(ip_address(each) in ip_network(plan.fabric) for each in nodes)
    assert all(ip_address(each) in ip_network(plan.pods) for each in pods)
    assert plan.pod_of(99, 7).startswith(plan.node_pods(99).partition("::/")[0].removesuffix("0/24"))


@pytest.mark.parametrize("plan", [IPV4, IPV6], ids=str)
def test_no_two_ranges_overlap(plan: AddressPlan) -> None:
    ranges = [ip_network(each) for each in (plan.fabric, plan.services, plan.pods, plan.load_balancers)]
    assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))


def test_a_pod_has_its_node_as_the_gateway_of_both_families() -> None:
    assert at_the_pod(1, 7, (IPV4, IPV6)) == [
        "addr add 10.244.1.7/32 dev eth0",
        "addr add fd10:244:0:1::7/128 dev eth0",
        "link set eth0 up",
        "route add 10.244.1.1/32 dev eth0",
        "route add 0.0.0.0/0 via 10.244.1.1",
        "route add fd10:244:0:1::1/128 dev eth0",
        "route add ::/0 via fd10:244:0:1::1",
    ]
    assert to_other_pods(2, 3, IPV6) == [
        "route add fd10:244:0:1::/64 via fd10:77::11",
        "route add fd10:244:0:3::/64 via fd10:77::13",
    ]


def test_the_primary_family_is_first() -> None:
    assert [plan.family for plan in plans([Family.IPV6, Family.IPV4])] == [Family.IPV6, Family.IPV4]
