"""Truth tables: what agrees, and how what does not is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.semantics import Outcome, Reaction
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.truth_table import WIDTH, Observed, Question, TruthTable, agrees
from tests.unit.semantics.world import LOCAL, endpoint, frontend, in_slice, outcome, outside, pod

SLICES = [in_slice(endpoint("a"), endpoint("b"))]
FROM_POD = Question("pod on a", "ClusterIP 10.96.0.10:80/TCP")
FROM_OUTSIDE = Question("outside", "load balancer IP 203.0.113.7:80/TCP by c")
A, B = "10.244.1.2:8080", "10.244.2.2:8080"


def expectation() -> dict[Question, Outcome]:
    return {
        FROM_POD: outcome(LOCAL, SLICES, frontend(LOCAL, Kind.CLUSTER_IP), pod("a"), ProxyMode.IPTABLES),
        FROM_OUTSIDE: outcome(LOCAL, SLICES, frontend(LOCAL, Kind.LOAD_BALANCER), outside("c"), ProxyMode.IPTABLES),
    }


def seen(*reactions: Reaction, by: tuple[str, ...] = ()) -> Observed:
    return Observed(frozenset(reactions), frozenset(by))


@pytest.mark.parametrize(
    ("observed", "agree"),
    [
        (seen(Reaction.ANSWERED, by=(A, B)), True),
        (seen(Reaction.ANSWERED, by=(A,)), True),
        (seen(Reaction.ANSWERED, by=(A, "10.244.3.2:8080")), False),
        (seen(Reaction.ANSWERED, Reaction.REFUSED, by=(A,)), False),
        (seen(Reaction.SWALLOWED), False),
        (seen(), False),
        (None, False),
    ],
)
def test_everything_that_was_seen_must_be_allowed(observed: Observed | None, agree: bool) -> None:  # noqa: FBT001
    assert agrees(expectation()[FROM_POD], observed) is agree


@pytest.mark.parametrize(
    ("reaction", "observed", "agree"),
    [
        (Reaction.UNANSWERED, seen(Reaction.REFUSED), True),
        (Reaction.UNANSWERED, seen(Reaction.SWALLOWED), True),
        (Reaction.UNANSWERED, seen(Reaction.ANSWERED, by=(A,)), False),
        (Reaction.REFUSED, seen(Reaction.SWALLOWED), False),
        (Reaction.SWALLOWED, seen(Reaction.REFUSED), False),
        (Reaction.UNHANDLED, seen(Reaction.ANSWERED, by=(A,)), True),
    ],
)
def test_without_a_backend(reaction: Reaction, observed: Observed, agree: bool) -> None:  # noqa: FBT001
    assert agrees(Outcome(frozenset({reaction}), "a", ()), observed) is agree


def table() -> TruthTable:
    return TruthTable(
        expectation(),
        {FROM_POD: seen(Reaction.ANSWERED, by=(A, B)), FROM_OUTSIDE: seen(Reaction.ANSWERED, by=(A,))},
    )


def test_the_question_that_disagrees_is_named() -> None:
    assert table().disagreeing() == (FROM_OUTSIDE,)
    assert TruthTable(expectation(), {}).disagreeing() == (FROM_POD, FROM_OUTSIDE)


def test_expected_and_observed_stand_side_by_side() -> None:
    assert str(table()) == (
        "  client              frontend            expected            observed\n"
        "  pod on a            ClusterIP           answered by         answered by\n"
        "                      10.96.0.10:80/TCP   10.244.1.2:8080,    10.244.1.2:8080,\n"
        "                                          10.244.2.2:8080     10.244.2.2:8080\n"
        "! outside             load balancer IP    swallowed           answered by\n"
        "                      203.0.113.7:80/TCP                      10.244.1.2:8080\n"
        "                      by c"
    )


def test_a_report_says_why_and_shows_the_rules_of_the_node_that_decided() -> None:
    report = table().report({"c": ["-A KUBE-EXT-X -j KUBE-SVL-X"], "a": ["-A KUBE-SVC-X"]})
    assert "policy Local, and endpoints on other nodes alone: dropped" in report
    assert "KEP-2086" in report
    assert report.endswith("rules of c:\n-A KUBE-EXT-X -j KUBE-SVL-X")
    assert max(map(len, report.splitlines())) <= WIDTH


def test_rules_that_were_not_read_are_said_to_be_missing() -> None:
    assert table().report({}).endswith("rules of c:\n(not read)")


def test_of_several_nodes_that_may_have_decided_each_has_its_rules() -> None:
    either = replace(expectation()[FROM_OUTSIDE], decided_by="a, c")
    report = TruthTable({FROM_OUTSIDE: either}, {}).report({"a": ["the rules of a"], "c": ["the rules of c"]})
    assert report.endswith("rules of a:\nthe rules of a\nrules of c:\nthe rules of c")
