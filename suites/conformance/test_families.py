"""Both IP families: a Service has those that it asks for, and each is served by itself (docs 'dual-stack')."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import (
    HTTP,
    UDP,
    Family,
    IpFamilyPolicy,
    Policy,
    Service,
    ServiceType,
    Slice,
    endpoints,
    slices,
    terminating,
)
from gauntlet.workload.catalogue import Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("dual-stack")]

FOUR, SIX = Family.IPV4, Family.IPV6
SINGLE, BOTH = IpFamilyPolicy.SINGLE_STACK, IpFamilyPolicy.REQUIRE_DUAL_STACK


@declared(
    source="docs 'IPv4/IPv6 dual-stack'; KEP-563",
    upstream=(
        "dual_stack: single-stack Service from the primary range",
        "dual_stack: Service with ipv4 cluster IP",
    ),
)
def test_a_service_of_ipv4_is_served_in_ipv4_alone(pods: Pods) -> Steps:
    """A Service of IPv4 has its ClusterIP and NodePort in IPv4; the same NodePort does not answer in IPv6."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, ip_families=(FOUR,), ip_family_policy=SINGLE)
    return (Step("endpoints of both", {service: endpoints(pods[0], pods[1])}),)


@declared(source="docs 'IPv4/IPv6 dual-stack'; KEP-563", upstream=("dual_stack: Service with ipv6 cluster IP",))
def test_a_service_of_ipv6_is_served_in_ipv6_alone(pods: Pods) -> Steps:
    """A Service of IPv6 has its ClusterIP and NodePort in IPv6; the same NodePort does not answer in IPv4."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, ip_families=(SIX,), ip_family_policy=SINGLE)
    return (Step("endpoints of both", {service: endpoints(pods[0], pods[1])}),)


@declared(
    source="docs 'IPv4/IPv6 dual-stack'; KEP-563",
    upstream=(
        "dual_stack: Service with ipv4,v6",
        "dual_stack: pod-Service http, secondary family",
        "dual_stack: pod-Service udp",
        "dual_stack: node-Service http",
        "dual_stack: node-Service udp",
    ),
)
def test_a_service_of_both_is_served_in_both(pods: Pods) -> Steps:
    """A Service of IPv4 and IPv6 is served at every frontend in both families, over TCP and UDP."""
    service = Service(
        "web",
        ports=(HTTP, UDP),
        type=ServiceType.NODE_PORT,
        app=None,
        ip_families=(FOUR, SIX),
        ip_family_policy=BOTH,
    )
    return (Step("one endpoint", {service: endpoints(pods[0])}), Step("another", {service: endpoints(pods[1])}))


@declared(source="docs 'IPv4/IPv6 dual-stack'", upstream=("dual_stack: Service with ipv6,v4",))
def test_a_service_whose_first_family_is_ipv6(pods: Pods) -> Steps:
    """A Service of IPv6 and IPv4, in this order, is served in both families."""
    service = Service("web", app=None, ip_families=(SIX, FOUR), ip_family_policy=BOTH)
    return (
        Step("two endpoints", {service: endpoints(pods[0], pods[1])}),
        Step("none", {service: endpoints()}),
    )


@declared(source="docs 'IPv4/IPv6 dual-stack', switching Services between single-stack and dual-stack")
def test_a_second_family_comes_and_goes(pods: Pods) -> Steps:
    """A Service of one family is given the second and loses it again: that is served just as long as it has it."""
    one = Service("web", type=ServiceType.NODE_PORT, app=None, ip_families=(FOUR,), ip_family_policy=SINGLE)
    two = Service("web", type=ServiceType.NODE_PORT, app=None, ip_families=(FOUR, SIX), ip_family_policy=BOTH)
    there = endpoints(pods[0])
    return (Step("IPv4", {one: there}), Step("both", {two: there}), Step("IPv4 again", {one: there}))


@declared(source="docs 'IPv4/IPv6 dual-stack'; API EndpointSlice.addressType")
def test_a_family_without_endpoints_refuses_by_itself(pods: Pods) -> Steps:
    """If all endpoints of a Service are of one family, clients of the other are refused, and of that one are served."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    four, six = _only(FOUR, pods), _only(SIX, pods)
    return (
        Step("IPv4 endpoints", {service: four}),
        Step("IPv6 endpoints", {service: six}),
        Step("both", {service: (*four, *six)}),
    )


@declared(source="docs 'IPv4/IPv6 dual-stack'; KEP-1669")
def test_each_family_falls_back_to_terminating_endpoints_by_itself(pods: Pods) -> Steps:
    """An endpoint that terminates is used in the family that has no ready one, and not in the other."""
    service = Service("web", app=None)
    last = slices("last", terminating(pods[1]))
    return (
        Step("a ready one in IPv4", {service: (*_only(FOUR, pods), *last)}),
        Step("a ready one in IPv6", {service: (*_only(SIX, pods), *last)}),
    )


@declared(source="docs 'IPv4/IPv6 dual-stack'; KEP-2086")
def test_each_family_has_local_endpoints_of_its_own(pods: Pods) -> Steps:
    """With both policies Local, a node may have an endpoint in one family and none in the other."""
    service = Service(
        "web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL
    )
    there = {each.address_type: each for each in slices("b", pods[1])}
    return (
        Step("IPv4 here, IPv6 there", {service: (*_only(FOUR, pods), there[SIX])}),
        Step("IPv6 here, IPv4 there", {service: (*_only(SIX, pods), there[FOUR])}),
    )


def _only(family: Family, pods: Pods) -> tuple[Slice, ...]:
    """The first pod's address of one family."""
    return tuple(each for each in slices("a", pods[0]) if each.address_type == family)
