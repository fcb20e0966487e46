"""What is expected at a row, in words that do not hold what one cluster gave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gauntlet.ground.family import Family
from gauntlet.semantics.asked import Effort, Row
from gauntlet.semantics.endpoints import Backend
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import ServicePort
from gauntlet.semantics.outcomes import Answer, Outcome, Reaction, Source, SourceKind
from gauntlet.semantics.places import Place, Where
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.standing import Standing, standings

CLIENT = frozenset({Source(SourceKind.CLIENT)})
NODE = frozenset({Source(SourceKind.NODE, "node-1")})
POD = Place(Where.POD, "node-1", "10.244.1.2")


def row(kind: Kind, address: str, number: int = 80, place: Place = POD, outcome: Outcome | None = None) -> Row:
    refused = Outcome(frozenset({Reaction.REFUSED}), "node-1", (Rule.READY, Rule.REFUSED))
    frontend = Frontend(kind, address, number, ServicePort(80), Family.IPV4)
    return Row(1, "client", place, "kp-1/web-c07", frontend, outcome or refused, Effort.ANSWERS)


def of(*rows: Row, names: Mapping[str, str] | None = None) -> list[Standing]:
    return list(standings([("none", rows)], names or {}, "c07"))


def test_what_two_clusters_gave_out_makes_no_difference() -> None:
    one = of(
        row(Kind.CLUSTER_IP, "10.96.0.7"), row(Kind.NODE_PORT, "172.18.0.2", 30001), names={"172.18.0.2": "node-1"}
    )
    other = of(row(Kind.CLUSTER_IP, "10.97.1.1"), row(Kind.NODE_PORT, "10.0.0.9", 32222), names={"10.0.0.9": "node-1"})
    assert one == other
    assert [each.row for each in one] == [
        "'none', pod on node-1 at web ClusterIP (IPv4), port 80/TCP",
        "'none', pod on node-1 at web NodePort (IPv4) of node-1, port 80/TCP",
    ]
    assert one[0].rules == ("READY", "REFUSED")


def test_what_a_case_says_stays_and_what_it_was_given_twice_is_numbered() -> None:
    seen = of(
        row(Kind.EXTERNAL_IP, "198.51.100.1"),
        row(Kind.NODE_PORT, "127.0.0.1", 30001),
        row(Kind.CLUSTER_IP, "10.96.0.7"),
        row(Kind.CLUSTER_IP, "10.96.0.9"),
        row(Kind.CLUSTER_IP, "10.96.0.7"),
        row(Kind.NODE_PORT, "127.0.0.1", 30002),
    )
    assert [each.frontend for each in seen] == [
        "web external IP (IPv4) 198.51.100.1, port 80/TCP",
        "web NodePort (IPv4) of 127.0.0.1, port 80/TCP",
        "web ClusterIP (IPv4), port 80/TCP",
        "web ClusterIP (IPv4) (number 2), port 80/TCP",
        "web ClusterIP (IPv4), port 80/TCP",
        "web NodePort (IPv4) of 127.0.0.1 (number 2), port 80/TCP",
    ]


def test_pods_are_named_and_what_they_see_is_part_of_it() -> None:
    answers = (Answer(Backend("10.244.1.2", 8080), NODE), Answer(Backend("10.244.2.2", 8080), CLIENT, comes_back=False))
    outcome = Outcome(frozenset({Reaction.ANSWERED, Reaction.SWALLOWED}), "node-1", (), answers, 10)
    outside = Place(Where.OUTSIDE, "node-1", "192.0.2.1")
    (seen,) = of(
        row(Kind.LOAD_BALANCER, "203.0.113.1", place=outside, outcome=outcome),
        names={"10.244.1.2": "client-1", "10.244.2.2": "client-2"},
    )
    assert seen.client == "outside"
    assert seen.outcome == (
        "answered by client-1:8080 or swallowed; answers of client-2:8080 are lost;"
        " client-1:8080 see an address of the node node-1; client-2:8080 see the client's address; kept for 10 s"
    )


def test_a_difference_of_sources_alone_is_one() -> None:
    backend = Backend("10.244.1.2", 8080)
    client, node = (
        Outcome(frozenset({Reaction.ANSWERED}), "node-1", (), (Answer(backend, sources),)) for sources in (CLIENT, NODE)
    )
    first, second = of(
        row(Kind.CLUSTER_IP, "10.96.0.7", outcome=client), row(Kind.CLUSTER_IP, "10.96.0.7", outcome=node)
    )
    assert first.outcome == "answered by 10.244.1.2:8080; which see the client's address"
    assert first.outcome != second.outcome


def test_the_port_of_a_flow_is_shown_and_no_part_of_what_it_is() -> None:
    """Two clusters give out others: what differs there is to be compared all the same."""

    def flow(port: int | None, place: Place = POD) -> Row:
        return replace(row(Kind.CLUSTER_IP, "10.96.0.7", place=place), flow="UDP flow", local_port=port)

    assert flow(20_001).question.client == "UDP flow 20001 of pod on node-1"
    assert replace(flow(None), flow="TCP flow").question.client == "TCP flow of pod on node-1"
    assert of(flow(20_001), flow(20_002)) == of(flow(20_007), flow(20_004))
    elsewhere = Place(Where.POD, "node-2", "10.244.2.2")
    seen = of(flow(20_001), row(Kind.CLUSTER_IP, "10.96.0.7"), flow(20_002), flow(20_003, elsewhere))
    assert [each.client for each in seen] == [
        "UDP flow of pod on node-1",
        "pod on node-1",
        "UDP flow of pod on node-1 (number 2)",
        "UDP flow of pod on node-2",
    ]


def test_flows_are_numbered_in_each_step_by_themselves() -> None:
    flow = replace(row(Kind.CLUSTER_IP, "10.96.0.7"), flow="UDP flow", local_port=20_001)
    seen = list(standings([("one", [flow]), ("two", [flow])], {}))
    assert [each.row for each in seen] == [
        "'one', UDP flow of pod on node-1 at web-c07 ClusterIP (IPv4), port 80/TCP",
        "'two', UDP flow of pod on node-1 at web-c07 ClusterIP (IPv4), port 80/TCP",
    ]
