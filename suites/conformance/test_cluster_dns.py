"""DNS of a cluster: real CoreDNS servers behind a Service of their own (docs 'DNS for Services and Pods')."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.names import names
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.semantics.objects import ServiceType
from gauntlet.traffic.lookups import look_up
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, IpFamilyPolicy, Port, Service
from gauntlet.workload.backend import HTTP_PORT_NAME, UDP_PORT_NAME
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.coredns import ClusterDns, expected, name_of

pytestmark = [pytest.mark.conformance, pytest.mark.needs("cluster-dns")]

NAMED = (
    Port(80, HTTP_PORT_NAME, given_name="web"),
    Port(80, UDP_PORT_NAME, Protocol.UDP, given_name="ask"),
)


def test_every_server_of_the_cluster_resolves_names(
    workload: CaseWorkload, cluster_dns: ClusterDns, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Pods and nodes that ask the Service of the DNS are answered, and by each server behind it: over UDP and TCP, in
    both families.
    """
    # kube-proxy hears of changes in their order: whoever obeys this one in a family obeys that of the DNS as well.
    service = workload.serve(Service("web", ports=(HTTP, UDP), ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK))

    seen = probe(clients.inside, *cluster_dns.targets(), name=name_of(service), resolves_to=service.address)

    judge(
        availability(seen), correctness(seen, cluster_dns.servers.names), reaches_all(seen, cluster_dns.servers.names)
    )


def test_names_and_ports_of_services_are_told_as_they_are(
    workload: CaseWorkload, cluster_dns: ClusterDns, backends: Backends, clients: Clients, judge: Judge
) -> None:
    """Addresses are of both families; SRV records have the ports of a Service, or of a headless one's pods; an
    ExternalName is another name.
    """
    services = (
        workload.serve(Service("web", ports=NAMED, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK)),
        workload.serve(Service("pods", ports=NAMED, headless=True)),
        workload.make(Service("away", type=ServiceType.EXTERNAL_NAME, external_name="away.example", app=None)),
    )
    wanted = {name: said for service in services for name, said in expected(service, backends).items()}

    judge(names(look_up(clients.inside, cluster_dns.targets(), wanted), wanted))
