"""What a case has in the cluster, step by step, and under which names."""

from __future__ import annotations

import pytest

from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.family import Family
from gauntlet.semantics import objects as model
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.workload import HTTP, UDP, Endpoint, IpFamilyPolicy, Service, ServiceType, endpoints
from gauntlet.workload.catalogue.catalogue import WITH_FLOWS, grouped
from gauntlet.workload.catalogue.course import LONGEST_NAME, Course
from gauntlet.workload.catalogue.questions import key
from gauntlet.workload.catalogue.step import Flow, Step, Steps

WEB = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
ONE = endpoints(Endpoint(("10.244.1.2",), "node-1"))
THERE, AWAY = Step("there", {WEB: ONE}), Step("away", {})


def course(*steps: Step, former: model.Service | None = None) -> Course:
    made = Course("case", "c07", steps)
    if former is not None:
        ports = [Frontend(Kind.NODE_PORT, "10.77.0.11", each.node_port, each, Family.IPV4) for each in former.ports]
        made.former = {key(each): (former, each) for each in ports}
    return made


def names(of: Course, number: int) -> list[str]:
    return [service.name for service in of.declared(number, both_families=False)]


def test_services_of_two_cases_are_told_apart() -> None:
    assert names(course(THERE, AWAY), 0) == ["web-c07"]
    assert names(course(THERE, AWAY), 1) == []
    assert names(course(THERE), 1) == []


def test_a_name_that_is_too_long_for_a_tag_stays() -> None:
    longest = "a" * LONGEST_NAME

    assert names(course(Step("long", {Service(longest): None})), 0) == [longest]


@pytest.mark.parametrize(
    ("service", "policy"),
    [
        (WEB, IpFamilyPolicy.PREFER_DUAL_STACK),
        (Service("one", ip_family_policy=IpFamilyPolicy.SINGLE_STACK), IpFamilyPolicy.SINGLE_STACK),
    ],
)
def test_who_says_nothing_of_families_gets_both(service: Service, policy: IpFamilyPolicy) -> None:
    step = Step("there", {service: None if service.app else ONE})

    (made,) = course(step).declared(0, both_families=True)

    assert made.ip_family_policy is policy


def test_what_is_made_again_is_where_a_flow_asked_for_it_meanwhile() -> None:
    ports = (
        model.ServicePort(80, "tcp-80", model.Protocol.TCP, 30001),
        model.ServicePort(80, "udp-80", model.Protocol.UDP, 30002),
    )
    was = model.Service("kp/web-c07", ports, ("10.96.0.9",))
    asked = Step("away", {}, flows=(Flow("web"),))

    (made,) = course(THERE, asked, THERE, former=was).declared(2, both_families=False)
    (elsewhere,) = course(THERE, AWAY, THERE, former=was).declared(2, both_families=False)

    assert (made.cluster_ips, [port.node_port for port in made.ports]) == (("10.96.0.9",), [30001, 30002])
    assert (elsewhere.cluster_ips, [port.node_port for port in elsewhere.ports]) == ((), [0, 0])


def test_a_refused_service_ends_its_own_case_alone() -> None:
    refusal = GauntletError("refused")
    concerned, other = course(THERE), Course("other", "c08", (THERE,))

    for each in (concerned, other):
        each.refuse({"web-c07": refusal}, 0)

    assert (concerned.trouble, other.trouble) == (refusal, None)
    assert concerned.step(0) is None


@pytest.mark.parametrize(
    "services",
    [
        {WEB: None},
        {Service("selects"): ONE},
        {WEB: ONE, Service("web", app=None): ONE},
    ],
)
def test_a_step_that_no_cluster_can_have_is_refused(services: dict[Service, tuple[Endpoint, ...] | None]) -> None:
    with pytest.raises(UsageError):
        Step("there", services)


def test_steps_are_a_tuple() -> None:
    steps: Steps = (THERE, AWAY)
    assert course(*steps).step(1) == AWAY


def test_a_case_that_runs_alone_shares_its_batch_with_nobody() -> None:
    flowing = Step("there", {WEB: ONE}, flows=(Flow("web"),))
    courses = [Course(f"case-{number}", f"c{number}", (step,)) for number, step in enumerate([THERE, flowing] * 20)]
    alone = {"case-3", "case-4"}

    made = list(grouped(courses, 100, alone, WITH_FLOWS))

    assert sorted(each.key for batch in made for each in batch) == sorted(each.key for each in courses)
    assert all(len(batch) == 1 for batch in made for each in batch if each.key in alone)
    assert [len(batch) for batch in made] == [19, WITH_FLOWS, 19 - WITH_FLOWS, 1, 1]
