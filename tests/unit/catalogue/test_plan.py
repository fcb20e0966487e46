"""Which rows a step has: every frontend from every client, what was there before, and what a case asks besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gauntlet.ground.family import BOTH, Family, family_of
from gauntlet.semantics.asked import Effort, Row
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.frontends import PROXY_NAME_LABEL, Kind
from gauntlet.semantics.objects import Ingress, IpMode, Policy, Protocol, ServicePort
from gauntlet.semantics.outcomes import Reaction
from gauntlet.semantics.places import Where, World
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.truth_table import Observed, agrees
from gauntlet.semantics.versions import NEWEST
from gauntlet.workload.catalogue.plan import Wanted, plan
from gauntlet.workload.catalogue.questions import key
from gauntlet.workload.catalogue.step import Also, Asks
from tests.unit.catalogue.asking import around, planned
from tests.unit.semantics.world import CLUSTER_IP, LOCAL, NODES, WEB, endpoint, everywhere, in_slice, world

UDP = replace(WEB, ports=(replace(WEB.ports[0], protocol=Protocol.UDP),))


def test_every_frontend_is_asked_from_every_client_that_a_packet_comes_from() -> None:
    rows = planned(WEB, slices=(everywhere(),)).rows

    asked = Counter((row.frontend.kind, row.place.where) for row in rows)

    assert asked == {
        (Kind.CLUSTER_IP, Where.POD): 3,
        (Kind.CLUSTER_IP, Where.NODE): 3,
        (Kind.NODE_PORT, Where.POD): 9,
        (Kind.NODE_PORT, Where.NODE): 9,
        (Kind.NODE_PORT, Where.OUTSIDE): 3,
        (Kind.EXTERNAL_IP, Where.POD): 3,
        (Kind.EXTERNAL_IP, Where.NODE): 3,
        (Kind.LOAD_BALANCER, Where.POD): 3,
        (Kind.LOAD_BALANCER, Where.NODE): 3,
        (Kind.LOAD_BALANCER, Where.OUTSIDE): 1,
    }
    assert len({row.number for row in rows}) == len(rows)


def test_both_families_are_asked_if_the_cluster_has_both() -> None:
    slices = (everywhere(), everywhere(Family.IPV6))

    rows = planned(CLUSTER_IP, slices=slices, families=BOTH).rows

    assert Counter(row.frontend.family for row in rows) == {Family.IPV4: 6, Family.IPV6: 6}
    assert all(row.is_answered for row in rows)
    assert all((":" in row.place.address) is (row.frontend.family is Family.IPV6) for row in rows)


@pytest.mark.parametrize(("has", "other"), [(Family.IPV4, Family.IPV6), (Family.IPV6, Family.IPV4)])
def test_a_node_port_is_asked_in_the_family_that_its_service_does_not_have(has: Family, other: Family) -> None:
    """docs 'IPv4/IPv6 dual-stack': a Service of one family is served in that alone, its NodePort as well."""
    of_one = replace(WEB, cluster_ips=tuple(each for each in WEB.cluster_ips if family_of(each) is has))
    asks = Asks(kinds=(Kind.NODE_PORT,))

    rows = planned(of_one, slices=(everywhere(), everywhere(Family.IPV6)), asks=asks, families=BOTH).rows

    by_family = {family: [row for row in rows if row.frontend.family is family] for family in (has, other)}
    assert len(by_family[has]) == len(by_family[other]) == 21
    assert all(row.is_answered for row in by_family[has])
    assert {row.outcome.reactions for row in by_family[other]} == {frozenset({Reaction.UNANSWERED})}
    assert {rule for row in by_family[other] for rule in row.outcome.rules} == {Rule.OTHER_FAMILY}


def test_a_case_may_ask_less() -> None:
    asks = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))

    rows = planned(WEB, slices=(everywhere(),), asks=asks).rows

    assert [(row.frontend.kind, row.place.where) for row in rows] == [(Kind.CLUSTER_IP, Where.POD)] * 3


def test_a_case_may_ask_ports_and_addresses_that_are_not_served() -> None:
    unserved = Also(Kind.CLUSTER_IP, port=81)
    loopback = Also(Kind.NODE_PORT, address="127.0.0.1")
    asks = Asks(kinds=(Kind.CLUSTER_IP, Kind.NODE_PORT), places=(Where.NODE,), also=(unserved, loopback))

    rows = planned(WEB, slices=(everywhere(),), asks=asks).rows

    at_81 = [row for row in rows if row.frontend.number == 81]
    assert [row.outcome.reactions for row in at_81] == [{Reaction.UNANSWERED}] * 3
    assert sum(row.frontend.address == "127.0.0.1" for row in rows) == 3


@pytest.mark.parametrize(
    "after",
    [
        pytest.param((), id="deleted"),
        pytest.param((replace(CLUSTER_IP, ports=(ServicePort(8080, "http"),)),), id="renumbered"),
        pytest.param((replace(CLUSTER_IP, cluster_ips=("10.96.0.11",)),), id="made again elsewhere"),
    ],
)
def test_what_was_there_is_asked_still_and_must_not_answer(after: tuple[object, ...]) -> None:
    before = planned(CLUSTER_IP, slices=(everywhere(),))

    rows = planned(*after, slices=(everywhere(),), before=before).rows  # type: ignore[arg-type]

    old = [row for row in rows if (row.frontend.address, row.frontend.number) == ("10.96.0.10", 80)]
    assert len(old) == 6
    assert {reaction for row in old for reaction in row.outcome.reactions} == {Reaction.UNANSWERED}


def test_what_another_service_was_given_since_is_asked_no_more() -> None:
    before = planned(CLUSTER_IP, slices=(everywhere(),))
    taken = frozenset(key(row.frontend) for row in before.rows)

    assert planned(before=before, taken=taken).rows == ()


def test_what_is_back_is_served_again() -> None:
    gone = planned(before=planned(CLUSTER_IP, slices=(everywhere(),)))

    rows = planned(CLUSTER_IP, slices=(everywhere(),), before=gone).rows

    assert len(rows) == 6
    assert all(row.is_answered for row in rows)


def test_a_service_of_another_proxy_is_asked_and_must_not_answer() -> None:
    of_another = replace(CLUSTER_IP, labels=frozenset({PROXY_NAME_LABEL}))

    rows = planned(of_another, slices=(everywhere(),)).rows

    assert [row.outcome.reactions for row in rows] == [{Reaction.UNANSWERED}] * 6


def test_an_ingress_of_mode_proxy_is_nobodys_here() -> None:
    proxied = replace(WEB, external_ips=(), ingress=(Ingress("203.0.113.7", IpMode.PROXY),))

    rows = planned(proxied, slices=(everywhere(),), asks=Asks(kinds=(Kind.LOAD_BALANCER,))).rows

    assert {row.outcome.reactions for row in rows} == {frozenset({Reaction.UNANSWERED})}


def test_nodes_of_two_versions_may_serve_the_address_of_a_proxy_or_leave_it_alone() -> None:
    """KEP-1860: a kube-proxy before 1.30 takes it for the node's, and the routers choose the node."""
    proxied = replace(WEB, external_ips=(), ingress=(Ingress("203.0.113.7", IpMode.PROXY),))
    (first, *others), asks = world().nodes, Asks(kinds=(Kind.LOAD_BALANCER,), places=(Where.OUTSIDE,))
    old = replace(first, proxy=replace(first.proxy, version=replace(NEWEST, ip_mode=False)))
    mixed = replace(around(), world=World((old, *others)))

    (row,) = plan([Wanted("case", asks, (proxied,), {})], copies([everywhere()]), frozenset(), mixed, 1).rows

    assert row.outcome.reactions == {Reaction.ANSWERED, Reaction.UNANSWERED}
    backend = str(next(iter(row.outcome.backends)))
    assert agrees(row.outcome, Observed(frozenset({Reaction.ANSWERED, Reaction.SWALLOWED}), frozenset({backend})))
    assert not agrees(row.outcome, Observed(frozenset({Reaction.ANSWERED}), frozenset({"10.9.9.9:80"})))


def test_from_outside_any_node_may_meet_a_packet_for_the_load_balancer() -> None:
    only_a = in_slice(endpoint("a"))

    (row,) = planned(LOCAL, slices=(only_a,), asks=Asks(kinds=(Kind.LOAD_BALANCER,), places=(Where.OUTSIDE,))).rows

    assert row.outcome.reactions == {Reaction.ANSWERED, Reaction.SWALLOWED}
    assert row.outcome.decided_by == "a, b, c"


def test_an_address_twice_in_different_conditions_is_nobodys_to_judge() -> None:
    twice = (in_slice(endpoint("a")), in_slice(endpoint("a", "unready")))

    made = planned(CLUSTER_IP, slices=twice)

    assert made.rows == ()
    assert made.unsaid == {"case": 6}


def telling(rows: Sequence[Row], effort: Effort) -> set[tuple[Kind, Where]]:
    """At which frontends, and from where, there is a row of this effort."""
    return {(row.frontend.kind, row.place.where) for row in rows if row.effort is effort}


def test_at_every_frontend_some_client_meets_every_backend() -> None:
    rows = planned(WEB, slices=(everywhere(),)).rows

    assert telling(rows, Effort.EVERY_BACKEND) == {
        (Kind.CLUSTER_IP, Where.POD),
        (Kind.EXTERNAL_IP, Where.POD),
        (Kind.NODE_PORT, Where.OUTSIDE),
        (Kind.LOAD_BALANCER, Where.OUTSIDE),
    }


def test_with_affinity_some_client_at_every_frontend_keeps_one() -> None:
    rows = planned(replace(WEB, affinity_timeout_s=10800), slices=(everywhere(),)).rows

    assert telling(rows, Effort.ONE_BACKEND) == {
        (Kind.CLUSTER_IP, Where.POD),
        (Kind.EXTERNAL_IP, Where.POD),
        (Kind.NODE_PORT, Where.OUTSIDE),
        # From outside any node may meet the client, and each has a memory of its own.
        (Kind.LOAD_BALANCER, Where.POD),
    }
    assert {row.effort for row in rows} == {Effort.ONE_BACKEND, Effort.ANSWERS}


def test_policy_local_is_told_apart_by_node() -> None:
    asks = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))
    local = replace(WEB, external_policy=Policy.LOCAL)

    rows = planned(local, slices=(in_slice(endpoint("b")),), asks=asks).rows

    said = {row.outcome.decided_by: row.outcome.reactions for row in rows}
    assert said == {
        "a": {Reaction.SWALLOWED},
        "b": {Reaction.ANSWERED},
        "c": {Reaction.SWALLOWED},
    }
    assert len(NODES) == 3
