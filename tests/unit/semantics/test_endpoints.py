"""What kube-proxy reads out of slices (pkg/proxy/endpointslicecache.go)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gauntlet.ground.family import Family
from gauntlet.semantics.endpoints import HEADLESS_LABEL, Undefined, copies, pool
from gauntlet.semantics.objects import Conditions, EndpointSlice, Protocol, ServicePort, SlicePort
from tests.unit.semantics.world import HTTP, WEB, endpoint, everywhere, in_slice


def addresses(*slices: EndpointSlice, port: ServicePort = HTTP, family: Family = Family.IPV4) -> list[str]:
    return [str(each) for each in pool(copies(slices), WEB, port, family)]


def test_several_slices_are_one_pool() -> None:
    assert addresses(in_slice(endpoint("a")), in_slice(endpoint("b"))) == ["10.244.1.2:8080", "10.244.2.2:8080"]


def test_an_endpoint_in_two_slices_counts_once() -> None:
    assert addresses(in_slice(endpoint("a")), in_slice(endpoint("a"))) == ["10.244.1.2:8080"]


def test_slices_may_have_different_numbers_for_one_port_name() -> None:
    other = replace(in_slice(endpoint("b")), ports=(SlicePort(9090, "http"),))
    assert addresses(in_slice(endpoint("a")), other) == ["10.244.1.2:8080", "10.244.2.2:9090"]


def test_the_first_address_alone_is_the_endpoint() -> None:
    """API Endpoint.addresses: they are fungible, and consumers use the first."""
    two = replace(endpoint("a"), addresses=("10.244.1.2", "10.244.1.3"))
    assert addresses(in_slice(two)) == ["10.244.1.2:8080"]


@pytest.mark.parametrize(
    "unread",
    [
        replace(everywhere(), address_type="FQDN"),
        replace(everywhere(), service="shop/other"),
        replace(everywhere(), labels=frozenset({HEADLESS_LABEL})),
        replace(everywhere(), ports=()),
        replace(everywhere(), ports=(SlicePort(0, "http"),)),
        replace(everywhere(), ports=(SlicePort(8080, "metrics"),)),
        replace(everywhere(), ports=(SlicePort(8080, "http", Protocol.UDP),)),
        in_slice(replace(endpoint("a"), addresses=())),
    ],
    ids=["names", "other Service", "headless label", "no port", "no number", "other port", "other protocol", "empty"],
)
def test_slices_that_have_nothing_for_the_port(unread: EndpointSlice) -> None:
    assert addresses(unread) == []


def test_each_family_has_its_own_endpoints() -> None:
    both = (everywhere(), everywhere(Family.IPV6))
    assert addresses(*both)[0] == "10.244.1.2:8080"
    assert addresses(*both, family=Family.IPV6)[0] == "[fd00:244:0:1::2]:8080"


@pytest.mark.parametrize("slices", [1, 2])
def test_an_address_that_went_to_a_new_pod_is_the_new_pods(slices: int) -> None:
    """The running pod counts, not the one that still terminates ('Endpoint gets moved' in endpointslicecache.go)."""
    old, new = endpoint("a", "ending"), endpoint("b", address="10.244.1.2")
    made = [in_slice(old, new)] if slices == 1 else [in_slice(new), in_slice(old)]
    (found,) = pool(copies(made), WEB, HTTP, Family.IPV4)
    assert (found.node, found.conditions) == ("b", Conditions())


def test_of_two_that_run_nobody_says_which_counts() -> None:
    made = copies([in_slice(endpoint("a")), in_slice(endpoint("a", "unready"))])
    with pytest.raises(Undefined, match=re.escape("10.244.1.2:8080 is there 2 times")):
        pool(made, WEB, HTTP, Family.IPV4)
