"""Declarations of all kinds, as Hypothesis makes them."""

from __future__ import annotations

from hypothesis import strategies as st

from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.semantics.objects import Distribution, Policy, ServiceType
from gauntlet.workload.endpoints import FQDN, Endpoint, Slice
from gauntlet.workload.service import IpFamilyPolicy, Port, Service

NAMES = st.sampled_from(["a", "web", "east-1", "node-2", "x0"])
NUMBERS = st.integers(1, 65_535)
NODE_PORTS = st.just(0) | st.integers(30_000, 32_767)
V4 = st.integers(1, 254).map("10.0.0.{}".format)
V6 = st.integers(1, 254).map("fd00::{:x}".format)
LABELS = st.dictionaries(NAMES.map("example.com/{}".format), NAMES | st.just(""), max_size=3)
SAID = st.none() | st.booleans()


def tuples(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, unique=True, max_size=3).map(tuple)


def ports(target: st.SearchStrategy[int | str]) -> st.SearchStrategy[tuple[Port, ...]]:
    port = st.builds(Port, NUMBERS, target, st.sampled_from(Protocol), st.none() | NAMES, NODE_PORTS)
    return st.lists(port, max_size=5, unique_by=lambda each: each.name).map(tuple)


def services(name: str | None = None) -> st.SearchStrategy[Service]:
    """Services without a selector, whose ports lead to numbers: they can have slices."""
    return st.builds(
        Service,
        NAMES if name is None else st.just(name),
        ports=ports(NUMBERS),
        type=st.sampled_from(ServiceType),
        app=st.none(),
        headless=st.booleans(),
        affinity_timeout_s=st.none() | st.integers(1, 86_400),
        external_traffic=st.sampled_from(Policy),
        internal_traffic=st.sampled_from(Policy),
        external_ips=tuples(V4 | V6),
        cluster_ips=st.just(()) | st.tuples(V4) | st.tuples(V4, V6),
        ip_families=st.sampled_from([(), (Family.IPV6,), (Family.IPV4, Family.IPV6)]),
        ip_family_policy=st.none() | st.sampled_from(IpFamilyPolicy),
        load_balancer_class=st.just("") | NAMES,
        source_ranges=tuples(V4.map("{}/32".format)),
        allocate_node_ports=st.booleans(),
        health_check_node_port=NODE_PORTS,
        publish_not_ready=st.booleans(),
        traffic_distribution=st.sampled_from(Distribution),
        external_name=st.just("") | NAMES,
        labels=LABELS,
        annotations=LABELS,
    )


def endpoints() -> st.SearchStrategy[Endpoint]:
    return st.builds(
        Endpoint,
        st.tuples(V4) | st.tuples(V6) | st.tuples(V4, V6),
        st.just("") | NAMES,
        ready=SAID,
        serving=SAID,
        terminating=SAID,
        zone=st.just("") | NAMES,
        zones=tuples(NAMES),
        nodes=tuples(NAMES),
        target_ref=st.just("") | NAMES.map("shop/{}".format),
    )


def slices() -> st.SearchStrategy[Slice]:
    return st.builds(
        Slice,
        NAMES,
        st.lists(endpoints(), max_size=4).map(tuple),
        ports=st.none() | ports(NUMBERS),
        address_type=st.sampled_from([*Family, FQDN]),
        labels=LABELS,
    )


def wanted() -> st.SearchStrategy[tuple[Endpoint, ...] | tuple[Slice, ...]]:
    """What a Service leads to: endpoints, or slices of different names."""
    several = st.lists(slices(), max_size=4, unique_by=lambda each: each.name).map(tuple)
    return st.lists(endpoints(), max_size=4).map(tuple) | several
