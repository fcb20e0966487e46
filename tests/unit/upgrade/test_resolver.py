"""Clients of DNS during an upgrade, and what is said if there are none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gauntlet.build import binaries
from gauntlet.ground.cluster import Cluster, Host
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Connection, Frontend
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject
from gauntlet.upgrade import resolver
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.limits import limits
from gauntlet.upgrade.page_names import of_names
from gauntlet.upgrade.phases import Selection
from gauntlet.upgrade.resolver import Dns, Resolver, domain
from gauntlet.upgrade.verdict import Answer, Concern, Observation, judge
from gauntlet.workload import manifest
from gauntlet.workload.backend import Backend, Program
from gauntlet.workload.coredns import KUBE_DNS
from gauntlet.workload.served import Backends, Served

PODS = tuple(cast(Host, SimpleNamespace(name=f"client-{each}", node=f"node-{each}")) for each in (1, 2))


def silent(_: str) -> None:
    """Nothing of what is said is looked at."""


def cluster(client_image: str | None) -> Cluster:
    return cast(Cluster, SimpleNamespace(client_image=client_image))


def api(kube_dns: Mapping[str, object] | None = None, status: int = 404) -> Api:
    """An API server with this `spec` of the Service kube-dns; without one it refuses to show it."""

    def one(kind: type[ServiceObject], path: str) -> ServiceObject:
        assert path == "/api/v1/namespaces/kube-system/services/kube-dns"
        if kube_dns is None:
            raise ApiRefused("GET", path, status, "no such thing")
        return kind.model_validate({"metadata": {"name": "kube-dns"}, "spec": kube_dns})

    return cast(Api, SimpleNamespace(one=one))


OWN = {"clusterIP": "10.96.0.10", "ports": [{"port": 53, "protocol": each} for each in ("UDP", "TCP")]}


def test_each_client_asks_by_udp_and_tcp_with_a_new_socket_each_time() -> None:
    dns = Served("test", KUBE_DNS, ("10.96.0.10",), {}, ())
    made = Resolver(dns, Backends(()), "echo.test.svc.cluster.local", "10.96.0.7")
    loads = list(made.loads(PODS, 20.0))
    asked = {(client.name, str(load.target), load.connection, load.name) for client, load in loads}
    assert asked == {
        (client.name, f"10.96.0.10:53/{protocol}", Connection.NEW, "echo.test.svc.cluster.local")
        for client in PODS
        for protocol in ("udp", "tcp")
    }
    assert {(load.target.frontend, load.resolves_to) for _, load in loads} == {(Frontend.DNS, "10.96.0.7")}


def test_a_pod_with_a_program_of_its_own_runs_that_and_nothing_else() -> None:
    run = Program(("coredns", "-conf", "stdin"), "/ready", 8181)
    spec = manifest.pod(Backend("coredns-1", "node-1", "coredns", program=run))["spec"]
    assert isinstance(spec, dict)
    (container,) = spec["containers"]
    assert container["command"] == ["coredns", "-conf", "stdin"]
    assert "args" not in container
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8181}


def test_a_clusters_own_dns_is_asked_and_does_not_say_who_answers() -> None:
    found = Dns.for_upgrade_of(cluster("client:1"), api(OWN), silent)
    assert found.service is not None
    assert (found.service.name, found.service.address, found.program) == ("kube-system/kube-dns", "10.96.0.10", None)
    assert not list(found.absence())
    assert Resolver(found.service, Backends(()), "echo", "10.96.0.7").unnamed == {"kube-system/kube-dns"}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (api(), "the cluster has no Service kube-system/kube-dns"),
        (api(status=403), "answered GET .* with 403"),
        (api({**OWN, "clusterIP": "None"}), "no address with port 53 of UDP and TCP"),
        (api({**OWN, "ports": [{"port": 53, "protocol": "UDP"}]}), "no address with port 53 of UDP and TCP"),
    ],
)
def test_where_there_is_none_it_is_said_why(found: Api, why: str) -> None:
    (finding,) = Dns.for_upgrade_of(cluster("client:1"), found, silent).absence()
    assert finding.verdict is Verdict.MEASURED
    assert re.search(why, finding.reason)


def test_where_pods_may_run_any_program_coredns_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, binaries.ensure_modules.__name__, lambda *_: {"coredns": Path("coredns")})
    found = Dns.for_upgrade_of(cluster(None), api(), silent)
    assert (found.service, found.program) == (None, Path("coredns"))
    assert not list(found.absence())


def test_a_machine_that_cannot_build_coredns_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_go(*_: object) -> dict[str, Path]:
        raise EnvironmentUnfit("no Go 1.26 or newer")

    monkeypatch.setattr(resolver, binaries.ensure_modules.__name__, no_go)
    (finding,) = Dns.for_upgrade_of(cluster(None), api(), silent).absence()
    assert finding.reason == "no client resolved a name: there is no CoreDNS on this machine: no Go 1.26 or newer"


@pytest.mark.parametrize(
    ("resolv_conf", "expected"),
    [
        ("search ns.svc.my.example svc.my.example my.example\nnameserver 10.96.0.10\noptions ndots:5\n", "my.example"),
        ("nameserver 10.96.0.10\nsearch svc.cluster.local.\n", "cluster.local"),
        ("search example.org\n", "cluster.local"),
        ("", "cluster.local"),
    ],
)
def test_the_domain_of_a_cluster_is_what_its_pods_are_told(resolv_conf: str, expected: str) -> None:
    assert domain(resolv_conf) == expected


def test_the_page_says_that_nobody_resolved_a_name() -> None:
    """It decides nothing of the answer, and is never left out of it."""
    asked = Observation("hold-from", Concern.ROLL, Finding("correctness", Verdict.PASS, "all right"))
    (absent,) = Dns(why_not="no Go").absence()
    found = [asked, Observation("hold-from", Concern.ROLL, absent)]
    whole = Plan((), (), Selection.GATE)
    assert judge(found, today=date(2026, 11, 29)).answer is Answer.MAY
    assert list(limits(found, whole)) == ["DNS: no client resolved a name: no Go."]
    assert not list(limits([asked], whole))


def test_the_page_says_what_clients_of_names_noticed() -> None:
    good = Observation("hold-from", Concern.ROLL, Finding("outage: DNS", Verdict.PASS, "no attempt was hurt", 0.0))
    bad = Observation("roll-back", Concern.WAY_BACK, Finding("outage: DNS", Verdict.FAIL, "an outage", 1.5))
    assert list(of_names([])) == []
    assert list(of_names([good])) == ["DNS: no client that resolved a name noticed anything."]
    (words,) = of_names([good, bad])
    assert words == "DNS: the longest outage of a client that resolved a name was 1.50 s, in roll-back."
