"""Addresses of both families: which is whose, and which comes first."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import Json
from gauntlet.ground.family import Addressed, Family, common_families, families_of, family_of, first_of
from gauntlet.kube.objects import NodeObject, PodObject
from gauntlet.providers.node_record import NodeRecord, families

V4, V6 = Family.IPV4, Family.IPV6


class Place(Addressed):
    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses


def test_addresses_and_ranges_have_a_family() -> None:
    assert [family_of(each) for each in ("10.0.0.1", "fd00::1", "10.0.0.0/8", "::/0")] == [V4, V6, V4, V6]
    assert families_of(("fd00::1", "10.0.0.1", "fd00::2")) == (V6, V4)


def test_the_first_address_is_the_primary_one() -> None:
    place = Place("fd00::1", "10.0.0.1")
    assert place.address == place.address_in(V6) == "fd00::1"
    assert place.address_in(V4) == "10.0.0.1"
    assert Place().address == ""


def test_a_family_that_is_missing_is_named() -> None:
    with pytest.raises(LookupError, match=r"none of 10\.0\.0\.1 is IPv6"):
        first_of(V6, ("10.0.0.1",))


@pytest.mark.parametrize(
    ("hosts", "common"),
    [
        ([("10.0.0.1", "fd00::1"), ("10.0.0.2", "fd00::2")], (V4, V6)),
        ([("fd00::1", "10.0.0.1"), ("10.0.0.2", "fd00::2")], (V6, V4)),
        ([("10.0.0.1", "fd00::1"), ("10.0.0.2",)], (V4,)),
        ([("10.0.0.1",), ("fd00::2",)], ()),
        ([], ()),
    ],
)
def test_families_that_all_hosts_have(hosts: list[tuple[str, ...]], common: tuple[Family, ...]) -> None:
    assert common_families(hosts) == common


def test_a_node_has_its_first_internal_address_of_each_family() -> None:
    addresses: list[Json] = [
        {"type": "Hostname", "address": "a"},
        {"type": "InternalIP", "address": "fd00::1"},
        {"type": "ExternalIP", "address": "192.0.2.7"},
        {"type": "InternalIP", "address": "192.0.2.1"},
        {"type": "InternalIP", "address": "192.0.2.2"},
    ]
    node = NodeObject.model_validate(
        {
            "metadata": {"name": "a"},
            "spec": {"podCIDR": "fd00:1::/64", "podCIDRs": ["fd00:1::/64", "10.244.1.0/24"]},
            "status": {"addresses": addresses},
        }
    )
    record = NodeRecord.of(node)
    assert record == NodeRecord("a", ("fd00::1", "192.0.2.1"), ("fd00:1::/64", "10.244.1.0/24"))
    assert NodeRecord.read({"name": "a", "addresses": [*record.addresses], "pod_cidrs": [*record.pod_cidrs]}) == record
    assert NodeObject.model_validate({"metadata": {"name": "b"}}).address == ""


def test_a_cluster_has_the_families_of_its_nodes_and_their_pods() -> None:
    both, addresses = ("10.244.1.0/24", "fd00:1::/64"), ("10.0.0.1", "fd00::1")
    assert families([NodeRecord("a", addresses, both), NodeRecord("b", addresses, both)]) == (V4, V6)
    assert families([NodeRecord("a", addresses, both), NodeRecord("b", addresses, both[:1])]) == (V4,)
    assert families([NodeRecord("a", addresses, both), NodeRecord("b", addresses[:1], both)]) == (V4,)
    assert families([NodeRecord("a", addresses, ())]) == (V4,)


def test_a_pod_has_its_primary_address_first() -> None:
    def addresses(status: Json) -> tuple[str, ...]:
        return PodObject.model_validate({"metadata": {"name": "p"}, "status": status}).addresses

    assert addresses({"podIP": "fd00::1", "podIPs": [{"ip": "fd00::1"}, {"ip": "10.0.0.1"}]}) == ("fd00::1", "10.0.0.1")
    assert addresses({"podIP": "10.0.0.1"}) == ("10.0.0.1",)
    assert addresses({}) == ()
