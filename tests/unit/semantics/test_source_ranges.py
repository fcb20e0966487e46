"""loadBalancerSourceRanges, by mode and family."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.semantics import Reaction
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import Policy
from gauntlet.semantics.places import Place
from gauntlet.semantics.rules import Rule
from tests.unit.semantics.world import (
    WEB,
    WITH_RULES,
    at_a,
    endpoint,
    everywhere,
    frontend,
    in_slice,
    only,
    outcome,
    outside,
    own,
    pod,
)

PARTNERS = replace(WEB, source_ranges=("192.0.2.0/24", "10.244.1.0/24"))
ALLOWED = outside(at="192.0.2.99")
DENIED = outside(at="198.18.0.1")


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize(
    ("place", "reaction"),
    [
        (ALLOWED, Reaction.ANSWERED),
        (DENIED, Reaction.SWALLOWED),
        # Pods and nodes are no exception: their own addresses count.
        (pod("a"), Reaction.ANSWERED),
        (pod("b"), Reaction.SWALLOWED),
        (own("a"), Reaction.SWALLOWED),
    ],
)
def test_others_are_dropped(mode: ProxyMode, place: Place, reaction: Reaction) -> None:
    found = outcome(PARTNERS, [everywhere()], frontend(PARTNERS, Kind.LOAD_BALANCER), place, mode)
    assert only(found) is reaction


@pytest.mark.parametrize("kind", [Kind.CLUSTER_IP, Kind.EXTERNAL_IP, Kind.NODE_PORT])
@pytest.mark.parametrize("mode", WITH_RULES)
def test_other_addresses_are_open(mode: ProxyMode, kind: Kind) -> None:
    asked = at_a(PARTNERS, kind)
    assert only(outcome(PARTNERS, [everywhere()], asked, DENIED, mode)) is Reaction.ANSWERED


@pytest.mark.parametrize(
    ("mode", "reaction"),
    [
        (ProxyMode.IPTABLES, Reaction.REFUSED),
        (ProxyMode.NFTABLES, Reaction.SWALLOWED),
        (ProxyMode.IPVS, Reaction.SWALLOWED),
    ],
)
def test_without_endpoints_the_modes_differ(mode: ProxyMode, reaction: Reaction) -> None:
    """usesFWChain in iptables/proxier.go asks for endpoints; nftables and ipvs mode look at the ranges first."""
    asked = frontend(PARTNERS, Kind.LOAD_BALANCER)
    assert only(outcome(PARTNERS, [], asked, DENIED, mode)) is reaction
    assert only(outcome(PARTNERS, [], asked, ALLOWED, mode)) is Reaction.REFUSED


def test_ranges_of_one_family_leave_the_other_open() -> None:
    """newBaseServiceInfo in pkg/proxy/serviceport.go keeps those of the family alone."""
    asked = frontend(PARTNERS, Kind.LOAD_BALANCER, family=Family.IPV6)
    stranger = outside(at="2001:db8::99")
    found = outcome(PARTNERS, [everywhere(Family.IPV6)], asked, stranger, ProxyMode.IPTABLES)
    assert only(found) is Reaction.ANSWERED


def test_white_space_around_a_range_does_not_matter() -> None:
    padded = replace(WEB, source_ranges=(" 192.0.2.0/24 ",))
    asked = frontend(padded, Kind.LOAD_BALANCER)
    assert only(outcome(padded, [everywhere()], asked, ALLOWED, ProxyMode.IPTABLES)) is Reaction.ANSWERED
    assert outcome(padded, [everywhere()], asked, DENIED, ProxyMode.IPTABLES).rules == (Rule.SOURCE_RANGES,)


def test_ranges_come_before_policy_local() -> None:
    local = replace(PARTNERS, external_policy=Policy.LOCAL)
    found = outcome(local, [in_slice(endpoint("b"))], frontend(local, Kind.LOAD_BALANCER), DENIED, ProxyMode.IPTABLES)
    assert (only(found), found.rules) == (Reaction.SWALLOWED, (Rule.SOURCE_RANGES,))
