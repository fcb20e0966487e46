"""What somebody's nodes say of their zones and address families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from gauntlet.ground.family import Family
from gauntlet.kube.access import Access
from gauntlet.kube.objects import NodeObject
from gauntlet.kube.objects.nodes import ZONE
from gauntlet.providers.existing.survey import Survey

FOUR, SIX = Family.IPV4, Family.IPV6


def survey(zones: Sequence[str], families: Sequence[Family] = (FOUR, SIX)) -> Survey:
    nodes = tuple(node(f"node-{number}", zone, families) for number, zone in enumerate(zones))
    # Nobody asks for access here.
    return Survey(cast(Access, None), "", nodes, (), 1, "1.37.2", "", "", routed=False, balanced=True)


def node(name: str, zone: str, families: Sequence[Family]) -> NodeObject:
    addresses = {FOUR: ("172.18.0.2", "10.244.1.0/24"), SIX: ("fd00:18::2", "fd00:244:0:1::/64")}
    return NodeObject.model_validate(
        {
            "metadata": {"name": name, "labels": {ZONE: zone} if zone else {}},
            "spec": {"podCIDRs": [addresses[each][1] for each in families]},
            "status": {"addresses": [{"type": "InternalIP", "address": addresses[each][0]} for each in families]},
        }
    )


@pytest.mark.parametrize("zones", [("a", "b"), ("a", "b", "")])
def test_two_nodes_in_zones_of_their_own_are_enough_for_hints(zones: Sequence[str]) -> None:
    assert survey(zones).has_zones


@pytest.mark.parametrize("zones", [("a", "a"), ("a", ""), ("", ""), ("a",)])
def test_one_zone_is_not_enough_for_hints(zones: Sequence[str]) -> None:
    assert not survey(zones).has_zones


def test_a_cluster_is_dual_stack_if_each_node_is() -> None:
    assert survey("ab", (SIX, FOUR)).is_dual_stack
    assert not survey("ab", (FOUR,)).is_dual_stack
