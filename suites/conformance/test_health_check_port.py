"""Health check node port: by it a load balancer learns which nodes have endpoints (API ServiceSpec).

Nobody sends anything to the endpoints, which are counted alone. Each case has a Service; all go through their rounds
together.
"""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gauntlet.checkers.health_port import health_port
from gauntlet.ground.finding import Finding
from gauntlet.report.judge import Judge
from gauntlet.workload import Clients, Policy, ServiceType, ended, terminating, unready
from gauntlet.workload.health_ports import CHECKED, Heard, counted_at
from gauntlet.workload.health_rounds import HealthCourses, HealthRounds, Round

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.needs("endpoint-slices"),
]


@pytest.fixture(scope="module")
def courses(health_rounds: HealthRounds, clients: Clients) -> HealthCourses:
    """What is there of the Service of each case, round by round. `here` and `there` are two nodes."""
    here, there = clients.nodes[0].name, clients.nodes[1].name
    one = (counted_at(here, 1),)
    return HealthCourses(
        health_rounds,
        {
            "counts": (
                Round(CHECKED, (counted_at(here, 1), counted_at(here, 2), counted_at(there, 3))),
                Round(CHECKED, (counted_at(there, 3),)),
                Round(CHECKED, (counted_at(here, 1), counted_at(there, 3))),
            ),
            "on their way out": (
                Round(CHECKED, (counted_at(here, 1), counted_at(there, 2))),
                Round(CHECKED, (terminating(counted_at(here, 1)), counted_at(there, 2))),
                Round(CHECKED, (terminating(counted_at(here, 1)), counted_at(here, 3), unready(counted_at(there, 2)))),
                Round(CHECKED, (ended(counted_at(here, 1)), counted_at(there, 2))),
            ),
            "policy": (
                Round(CHECKED, one),
                Round(replace(CHECKED, external_traffic=Policy.CLUSTER), one),
                Round(CHECKED, one),
            ),
            "type": (Round(CHECKED, one), Round(replace(CHECKED, type=ServiceType.NODE_PORT), one)),
            "service": (Round(CHECKED, one), Round(None), Round(CHECKED, (counted_at(there, 1),))),
        },
    )


def test_it_counts_the_ready_endpoints_of_its_node(courses: HealthCourses, judge: Judge) -> None:
    """The port says 200 and how many where the node has ready endpoints, and 503 where it has none."""
    judge(_told(courses.heard("counts")))


def test_endpoints_on_their_way_out_do_not_count(courses: HealthCourses, judge: Judge) -> None:
    """A node whose endpoints all terminate says 503, though it serves them still, so that no new clients come."""
    judge(_told(courses.heard("on their way out")))


def test_it_follows_the_policy(courses: HealthCourses, judge: Judge) -> None:
    """The port is there as long as externalTrafficPolicy is Local, and is refused everywhere with Cluster."""
    judge(_told(courses.heard("policy")))


def test_it_goes_with_the_type(courses: HealthCourses, judge: Judge) -> None:
    """A LoadBalancer that becomes a NodePort has no health check node port any more, though its policy stays Local."""
    judge(_told(courses.heard("type")))


def test_it_goes_with_its_service(courses: HealthCourses, judge: Judge) -> None:
    """Once the Service is deleted, the port is refused on every node; made again, it says what is there then."""
    judge(_told(courses.heard("service")))


def _told(rounds: Iterable[Heard]) -> list[Finding]:
    return [health_port(each.expected, each.heard) for each in rounds]
