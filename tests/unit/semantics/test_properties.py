"""What holds whatever the Service, its endpoints, the client and the mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.semantics import Outcome, Reaction
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import FOR_ALL, Endpoint, EndpointSlice, Hints, Policy, Service
from gauntlet.semantics.places import Place
from gauntlet.semantics.proxy import DetectLocal, Proxy
from gauntlet.semantics.rules import Rule
from tests.unit.semantics.world import (
    FIT_STATES,
    WEB,
    ZONES,
    address,
    everywhere,
    frontend,
    outcome,
    outside,
    own,
    pod,
    proxy,
    world,
)

NODES = st.sampled_from("abc")
FAMILIES = st.sampled_from(list(Family))
HINTS = st.builds(Hints, st.frozensets(st.sampled_from(["west", "east"])), st.frozensets(NODES))
SERVICES = st.builds(
    replace,
    st.just(WEB),
    internal_policy=st.sampled_from(Policy),
    external_policy=st.sampled_from(Policy),
    source_ranges=st.sampled_from([(), ("192.0.2.0/24",), ("10.244.0.0/16", "fd00:244::/48")]),
    affinity_timeout_s=st.sampled_from([None, 10800]),
)


@dataclass(frozen=True)
class Case:
    service: Service
    slices: Sequence[EndpointSlice]
    frontend: Frontend
    place: Place
    proxy: Proxy

    @property
    def outcome(self) -> Outcome:
        return outcome(self.service, self.slices, self.frontend, self.place, world(self.proxy))

    def of(self, mode: ProxyMode) -> Outcome:
        return replace(self, proxy=replace(self.proxy, behaviour=proxy(mode).behaviour)).outcome


@st.composite
def slices(draw: st.DrawFn, hints: st.SearchStrategy[Hints] = HINTS) -> tuple[EndpointSlice, ...]:
    """One of each family. An address is there once: of two, Kubernetes does not always say which counts."""
    made = []
    for family in Family:
        endpoints = []
        for number in range(draw(st.integers(0, 5))):
            node = draw(NODES)
            condition = FIT_STATES[draw(st.sampled_from(sorted(FIT_STATES)))]
            endpoints.append(Endpoint((address(node, number + 2, family),), node, ZONES[node], condition, draw(hints)))
        made.append(replace(everywhere(family), endpoints=tuple(endpoints)))
    return tuple(made)


@st.composite
def cases(
    draw: st.DrawFn,
    modes: Sequence[ProxyMode] = tuple(ProxyMode),
    hints: st.SearchStrategy[Hints] = HINTS,
    services: st.SearchStrategy[Service] = SERVICES,
) -> Case:
    family, node, service = draw(FAMILIES), draw(NODES), draw(services)
    kind = draw(st.sampled_from(list(Kind)))
    if kind is Kind.EXTERNAL_IP:
        # The Service has one of IPv4 alone.
        family = Family.IPV4
    beyond = "192.0.2.99" if family is Family.IPV4 else "2001:db8::99"
    place = draw(
        st.sampled_from([pod(node, 2, family), pod(node, 99, family), own(node, family), outside(node, beyond)])
    )
    at = own(draw(NODES), family).address if kind is Kind.NODE_PORT else ""
    serving = replace(
        proxy(draw(st.sampled_from(list(modes)))),
        masquerade_all=draw(st.booleans()),
        detect_local=draw(st.sampled_from(list(DetectLocal))),
    )
    asked = frontend(service, kind, family=family, at=at)
    return Case(service, draw(slices(hints)), asked, place, serving)


@given(cases())
def test_only_endpoints_that_are_ready_or_serve_may_answer(case: Case) -> None:
    known = {
        (address, each.conditions.usable)
        for made in case.slices
        for each in made.endpoints
        for address in each.addresses
    }
    assert all((each.address, True) in known for each in case.outcome.balanced)


@given(cases())
def test_an_answer_needs_a_backend_and_a_backend_gives_an_answer(case: Case) -> None:
    found = case.outcome
    assert (Reaction.ANSWERED in found.reactions) is bool(found.backends)
    assert found.backends <= found.balanced
    assert found.reactions


@given(cases())
def test_backends_are_of_the_family_that_was_asked(case: Case) -> None:
    v6 = case.frontend.family is Family.IPV6
    assert all((":" in each.address) is v6 for each in case.outcome.balanced)


@given(cases())
def test_who_answers_sees_some_source(case: Case) -> None:
    found = case.outcome
    assert all(found.sources(each) for each in found.balanced)


@given(cases())
def test_each_outcome_names_the_rules_that_decided(case: Case) -> None:
    found = case.outcome
    assert found.rules
    assert all(each.source for each in found.rules)


@given(cases())
def test_what_terminates_is_not_asked_while_a_ready_one_could_be(case: Case) -> None:
    pool = case.outcome.balanced
    assert len({each.conditions.ready for each in pool}) <= 1


@given(cases(services=st.just(WEB)))
def test_with_policy_cluster_a_ready_endpoint_anywhere_is_enough(case: Case) -> None:
    ready = any(
        each.conditions.ready
        for made in case.slices
        if made.address_type == case.frontend.family
        for each in made.endpoints
    )
    if ready:
        assert case.outcome.reactions & {Reaction.ANSWERED, Reaction.SWALLOWED}
        assert case.outcome.balanced


@given(cases(hints=st.just(FOR_ALL), services=st.just(WEB)), st.data())
def test_with_policy_cluster_and_without_hints_all_nodes_agree(case: Case, data: st.DataObject) -> None:
    family = case.frontend.family
    moved = replace(case, place=own(data.draw(NODES), family))
    if case.frontend.kind is Kind.NODE_PORT:
        moved = replace(moved, frontend=replace(case.frontend, address=own(data.draw(NODES), family).address))
    assert moved.outcome.balanced == case.outcome.balanced


@given(cases(modes=[ProxyMode.IPTABLES]))
def test_iptables_and_nftables_mode_agree(case: Case) -> None:
    """All that differs by design: who may not ask, if there is nobody to answer, and what a node itself hears then."""
    iptables, nftables = case.of(ProxyMode.IPTABLES), case.of(ProxyMode.NFTABLES)
    if nftables.rules != (Rule.SOURCE_RANGES,) and Rule.SENT_ON not in iptables.rules:
        assert iptables == nftables


@given(cases(modes=[ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS]))
def test_with_policy_local_only_the_nodes_own_backends_answer_from_outside(case: Case) -> None:
    found = case.outcome
    if case.place.is_outside and case.frontend.kind.is_external and case.service.external_is_local:
        assert {each.node for each in found.backends} <= {found.decided_by}


@given(cases(modes=[ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS]), st.data())
def test_an_endpoint_that_is_not_fit_changes_nothing(case: Case, data: st.DataObject) -> None:
    unfit = FIT_STATES[data.draw(st.sampled_from(["unready", "dying"]))]
    more = tuple(
        replace(
            made,
            endpoints=(*made.endpoints, Endpoint((address("b", 77, Family(made.address_type)),), "b", "west", unfit)),
        )
        for made in case.slices
    )
    assert replace(case, slices=more).outcome == case.outcome
