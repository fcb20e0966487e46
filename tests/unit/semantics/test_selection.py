"""Which endpoints a node uses: conditions, policies, hints, versions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.version import Minor
from gauntlet.proxy.modelled import version_rules
from gauntlet.proxy.modes import traits
from gauntlet.semantics.endpoints import copies, pool
from gauntlet.semantics.objects import Endpoint, Hints
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.selection import Selection, select
from gauntlet.semantics.versions import NEWEST, VersionRules
from tests.unit.semantics.world import HTTP, NODES, WEB, endpoint, in_slice, proxy

TO_WEST = Hints(frozenset({"west"}))
TO_EAST = Hints(frozenset({"east"}))
A, B, C = NODES


def selected(
    *endpoints: Endpoint, node: int = 0, version: VersionRules = NEWEST, annotation: str = "", by_hand: bool = False
) -> Selection:
    service = replace(WEB, topology_annotation=annotation, has_selector=not by_hand)
    found = pool(copies([in_slice(*endpoints)]), service, HTTP, Family.IPV4)
    return select(found, service, NODES[node], replace(proxy(), version=version))


def of(found: Selection) -> tuple[str, str]:
    """Nodes of the endpoints for policy Cluster and for policy Local."""
    cluster = "".join(each.node for each in found.cluster.pool)
    return cluster, "".join(each.node for each in found.local.pool)


@pytest.mark.parametrize(
    ("states", "cluster", "local", "anywhere"),
    [
        # KEP-1669: what terminates is used if nothing ready is left, for each policy by itself, and never before.
        ({"a": "ready", "b": "ready", "c": "ready"}, "abc", "a", True),
        ({"a": "unready", "b": "ready", "c": "ready"}, "bc", "", True),
        ({"a": "ending", "b": "ready", "c": "ready"}, "bc", "a", True),
        ({"a": "ending", "b": "ending", "c": "unready"}, "ab", "a", True),
        ({"a": "unready", "b": "ending", "c": "unready"}, "b", "", True),
        ({"a": "dying", "b": "dying", "c": "unready"}, "", "", False),
        ({}, "", "", False),
    ],
)
def test_conditions(states: dict[str, str], cluster: str, local: str, anywhere: bool) -> None:  # noqa: FBT001
    found = selected(*(endpoint(node, state) for node, state in states.items()))
    assert (of(found), found.anywhere) == ((cluster, local), anywhere)


def test_a_ready_neighbour_keeps_a_terminating_one_of_the_same_node_out() -> None:
    found = selected(endpoint("a", "ending"), endpoint("a", number=3))
    assert [each.address for each in found.local.pool] == ["10.244.1.3"]


def test_without_its_gate_what_terminates_is_not_used() -> None:
    found = selected(endpoint("a", "ending"), version=version_rules((1, 25)))
    assert (of(found), found.anywhere) == (("", ""), False)
    asked_for = version_rules((1, 25), {"ProxyTerminatingEndpoints": True})
    assert of(selected(endpoint("a", "ending"), version=asked_for)) == ("a", "a")


@pytest.mark.parametrize(
    ("hints", "node", "cluster", "rule"),
    [
        # KEP-2433: only if every ready endpoint has a hint, and one is for this zone.
        ((TO_WEST, TO_WEST, TO_EAST), 0, "ab", Rule.SAME_ZONE),
        ((TO_WEST, TO_WEST, TO_EAST), 2, "c", Rule.SAME_ZONE),
        ((TO_WEST, Hints(), TO_EAST), 0, "abc", Rule.READY),
        ((TO_EAST, TO_EAST, TO_EAST), 0, "abc", Rule.READY),
        # A hint may name a zone that is not the endpoint's own.
        ((TO_EAST, TO_WEST, TO_EAST), 2, "ac", Rule.SAME_ZONE),
    ],
)
def test_zone_hints(hints: tuple[Hints, ...], node: int, cluster: str, rule: Rule) -> None:
    found = selected(*(endpoint(name, hints=each) for name, each in zip("abc", hints, strict=True)), node=node)
    assert (of(found)[0], found.cluster.rules[-1]) == (cluster, rule)


def test_hints_of_unready_endpoints_do_not_count() -> None:
    found = selected(endpoint("a", hints=TO_WEST), endpoint("b", "unready"), endpoint("c", hints=TO_EAST))
    assert of(found)[0] == "a"


def test_if_the_zone_has_only_unready_endpoints_all_others_are_used() -> None:
    found = selected(endpoint("a", "unready", hints=TO_WEST), endpoint("b", "unready", hints=TO_WEST),
                     endpoint("c", hints=TO_EAST))  # fmt: skip
    assert of(found)[0] == "c"


def test_what_terminates_is_used_whatever_its_hints() -> None:
    assert of(selected(endpoint("b", "ending", hints=TO_WEST), endpoint("c", "ending", hints=TO_EAST)))[0] == "bc"


def test_policy_local_does_not_look_at_hints() -> None:
    found = selected(endpoint("a", hints=TO_EAST), endpoint("b", hints=TO_WEST))
    assert of(found) == ("b", "a")


@pytest.mark.parametrize(
    ("node", "version", "cluster"),
    [
        # KEP-3015: the node's own, else those of its zone, else all.
        (0, version_rules((1, 34)), "a"),
        (1, version_rules((1, 34)), "a"),
        (2, version_rules((1, 34)), "c"),
        (0, version_rules((1, 33)), "a"),
        (1, version_rules((1, 33), {"PreferSameTrafficDistribution": True}), "a"),
        (1, version_rules((1, 35), {"PreferSameTrafficDistribution": False}), "a"),
    ],
)
def test_node_hints(node: int, version: VersionRules, cluster: str) -> None:
    made = [
        endpoint(each, hints=Hints(frozenset({zone}), frozenset({each})))
        for each, zone in (("a", "west"), ("c", "east"))
    ]
    assert of(selected(*made, node=node, version=version))[0] == cluster


def test_node_hints_come_before_zone_hints_from_1_34_on() -> None:
    """Two pods in the zone, one of them on the node."""
    made = [endpoint(each, hints=Hints(frozenset({"west"}), frozenset({each}))) for each in "ab"]
    assert of(selected(*made, version=version_rules((1, 33))))[0] == "ab"
    assert of(selected(*made, version=version_rules((1, 34))))[0] == "a"


@pytest.mark.parametrize(
    ("minor", "gates", "annotation", "cluster"),
    [
        # topology.go of 1.25: Auto alone; of 1.29: anything but Disabled; from 1.31 on hints count by themselves.
        ((1, 25), {}, "", "ac"),
        ((1, 25), {}, "Auto", "a"),
        ((1, 25), {}, "some-heuristic", "ac"),
        ((1, 29), {}, "", "ac"),
        ((1, 29), {}, "some-heuristic", "a"),
        ((1, 29), {}, "Disabled", "ac"),
        ((1, 30), {"ServiceTrafficDistribution": True}, "", "a"),
        ((1, 31), {}, "", "a"),
        ((1, 31), {"ServiceTrafficDistribution": False}, "", "ac"),
        ((1, 33), {"ServiceTrafficDistribution": False}, "", "a"),
    ],
)
def test_when_zone_hints_are_looked_at(minor: Minor, gates: dict[str, bool], annotation: str, cluster: str) -> None:
    made = (endpoint("a", hints=TO_WEST), endpoint("c", hints=TO_EAST))
    assert of(selected(*made, version=version_rules(minor, gates), annotation=annotation))[0] == cluster


def test_userspace_mode_knows_neither_policies_nor_hints_nor_slices_by_hand() -> None:
    made = in_slice(endpoint("a", hints=TO_WEST), endpoint("c", hints=TO_EAST), endpoint("b", "ending"))
    found = pool(copies([made]), WEB, HTTP, Family.IPV4)
    userspace = replace(proxy(), behaviour=traits(ProxyMode.USERSPACE).behaviour)
    assert of(select(found, WEB, A, userspace)) == ("ac", "ac")
    by_hand = select(found, replace(WEB, has_selector=False), A, userspace)
    assert (of(by_hand), by_hand.cluster.rules) == (("", ""), (Rule.SLICES_BY_HAND,))
