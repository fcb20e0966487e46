"""A sandbox cluster is dual-stack: its hosts, and one Service that is asked by both families."""

from __future__ import annotations

from functools import partial

import pytest

from gauntlet.ground.cluster import Cluster, CommandFailed, Host
from gauntlet.ground.family import BOTH, Family, family_of, literal, place
from gauntlet.ground.waiting import until
from gauntlet.proxy import rules
from tests.cluster.sandbox.conftest import Namespace
from tests.cluster.sandbox.test_cluster import fetch, reaches

BACKENDS = {"backend-0", "backend-1", "backend-2"}


def test_a_service_answers_every_client_by_both_families(cluster: Cluster, namespace: Namespace) -> None:
    for number, node in enumerate(cluster.nodes):
        namespace.start(f"backend-{number}", node.name)
    service = namespace.service(type="LoadBalancer", ipFamilyPolicy="RequireDualStack")
    for number in range(3):
        namespace.wait_ready(f"backend-{number}")
    pods = [cluster.pod(namespace.name, name) for name in sorted(BACKENDS)]
    hosts: list[Host] = [*pods, *cluster.nodes, cluster.outside]
    assert cluster.families == BOTH
    assert [tuple(map(family_of, host.addresses)) for host in hosts] == [BOTH] * 7
    assert all(host.run(["ip", "-6", "address", "show", "tentative"]).stdout == "" for host in hosts)

    ingress = until(lambda: load_balancers(namespace), what="an address of each family", deadline_s=10.0)
    for family, cluster_ip in zip(BOTH, service.spec.cluster_ips, strict=True):
        assert family_of(cluster_ip) is family
        for host in (*pods, *cluster.nodes):
            until(
                partial(reaches, host, url(cluster_ip), BACKENDS),
                what=f"{host.name} reaches every backend by {family}",
                deadline_s=20.0,
            )
        for node in cluster.nodes:
            (route,) = rules.read(node, cluster.mode, family).find(cluster_ip, 80)
            assert {share.address for share in route.inside} == {pod.address_in(family) for pod in pods}
            assert fetch(cluster.outside, url(node.address_in(family), service.spec.ports[0].node_port)) in BACKENDS
        assert fetch(cluster.outside, url(ingress[family])) in BACKENDS
        with pytest.raises(CommandFailed):
            fetch(cluster.outside, url(cluster_ip))  # a ClusterIP is of the cluster alone


def test_pods_reach_pods_by_both_families_and_keep_their_addresses(cluster: Cluster, namespace: Namespace) -> None:
    first, second, _ = cluster.nodes
    for name, node in (("a", first), ("b", first), ("c", second)):
        namespace.start(name, node.name)
        namespace.wait_ready(name)
    pods = [cluster.pod(namespace.name, name) for name in "abc"]
    for family in BOTH:
        for client in pods:
            for server in pods:
                seen = fetch(client, url(server.address_in(family), 8080, "clientip"))
                assert seen.rpartition(":")[0] == literal(client.address_in(family)), (client.name, server.name)


def load_balancers(namespace: Namespace) -> dict[Family, str] | None:
    """The load balancer's address of each family; None until there is one of each."""
    status = namespace.core.read_namespaced_service("service", namespace.name).status
    found = {family_of(each.ip): each.ip for each in status.load_balancer.ingress or []}
    return found if len(found) == len(BOTH) else None


def url(address: str, port: int = 80, path: str = "hostname") -> str:
    return f"http://{place(address, port)}/{path}"
