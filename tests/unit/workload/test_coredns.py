"""What the DNS says of a Service, by the examples of docs 'DNS for Services and Pods'."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.history import Protocol
from gauntlet.ground.lookup import Kind, Name
from gauntlet.semantics.objects import ServiceType
from gauntlet.workload.coredns import expected
from gauntlet.workload.served import Backends, RunningBackend, Served
from gauntlet.workload.service import Port, Service

NAME = "my-svc.my-namespace.svc.cluster.local"
PODS = Backends(tuple(RunningBackend("my-namespace", f"pod-{n}", "node-1", (f"172.17.0.{n}",)) for n in (3, 4)))
PORTS = (Port(80, "http", given_name="web"), Port(53, 8081, Protocol.UDP, given_name="ask"))


def served(service: Service) -> Served:
    return Served("my-namespace", service, ("10.96.0.7",), {}, ())


def test_a_service_has_its_cluster_ip_and_its_own_ports() -> None:
    assert expected(served(Service("my-svc", ports=PORTS)), PODS) == {
        Name(NAME, Kind.A): {"10.96.0.7"},
        Name(f"_web._tcp.{NAME}", Kind.SRV): {f"80 {NAME}"},
        Name(f"_ask._udp.{NAME}", Kind.SRV): {f"53 {NAME}"},
    }


def test_a_service_of_both_families_has_both_addresses() -> None:
    both = replace(served(Service("my-svc")), addresses=("10.96.0.7", "fd00:96::7"))
    assert expected(both, PODS) == {
        Name(NAME, Kind.A): {"10.96.0.7"},
        Name(NAME, Kind.AAAA): {"fd00:96::7"},
        Name(f"_tcp-80._tcp.{NAME}", Kind.SRV): {f"80 {NAME}"},
    }


def test_a_headless_one_has_its_pods_and_their_ports() -> None:
    assert expected(served(Service("my-svc", ports=PORTS, headless=True)), PODS) == {
        Name(NAME, Kind.A): {"172.17.0.3", "172.17.0.4"},
        Name(f"_web._tcp.{NAME}", Kind.SRV): {f"8080 172-17-0-3.{NAME}", f"8080 172-17-0-4.{NAME}"},
        Name(f"_ask._udp.{NAME}", Kind.SRV): {f"8081 172-17-0-3.{NAME}", f"8081 172-17-0-4.{NAME}"},
    }


def test_an_external_name_is_another_name() -> None:
    service = Service("my-svc", type=ServiceType.EXTERNAL_NAME, external_name="my.database.example.com", app=None)
    assert expected(served(service), PODS) == {Name(NAME, Kind.CNAME): {"my.database.example.com"}}
