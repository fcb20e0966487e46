"""Clients of DNS during an upgrade, and what is said if there are none."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gauntlet.build import binaries
from gauntlet.ground.cluster import Cluster, Host
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Connection
from gauntlet.upgrade import resolver
from gauntlet.upgrade.limits import limits
from gauntlet.upgrade.resolver import KUBE_DNS, CoreDns, Resolver
from gauntlet.upgrade.verdict import Answer, Concern, Observation, judge
from gauntlet.workload import manifest
from gauntlet.workload.backend import Backend, Program
from gauntlet.workload.served import Backends, Served

PODS = tuple(cast(Host, SimpleNamespace(name=f"client-{each}", node=f"node-{each}")) for each in (1, 2))


def silent(_: str) -> None:
    """Nothing of what is said is looked at."""


def cluster(provider: str, client_image: str | None) -> Cluster:
    return cast(Cluster, SimpleNamespace(provider=provider, client_image=client_image))


def test_each_client_asks_by_udp_and_tcp_with_a_new_socket_each_time() -> None:
    made = Resolver(Served("test", KUBE_DNS, "10.96.0.10", {}, ()), Backends(()), "echo.test.svc.cluster.local")
    asked = {(client.name, str(load.target), load.connection, load.name) for client, load in made.loads(PODS, 20.0)}
    assert asked == {
        (client.name, f"10.96.0.10:53/{protocol}", Connection.NEW, "echo.test.svc.cluster.local")
        for client in PODS
        for protocol in ("udp", "tcp")
    }


def test_a_pod_with_a_program_of_its_own_runs_that_and_nothing_else() -> None:
    run = Program(("coredns", "-conf", "stdin"), "/ready", 8181)
    spec = manifest.pod(Backend("coredns-1", "node-1", "coredns", program=run))["spec"]
    assert isinstance(spec, dict)
    (container,) = spec["containers"]
    assert container["command"] == ["coredns", "-conf", "stdin"]
    assert "args" not in container
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8181}


def test_pods_that_run_images_have_no_coredns() -> None:
    (finding,) = CoreDns.for_pods_of(cluster("kind", "client:1"), silent).absence()
    assert finding.verdict is Verdict.MEASURED
    assert "pods of kind clusters" in finding.reason


def test_a_machine_that_cannot_build_coredns_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_go(*_: object) -> dict[str, Path]:
        raise EnvironmentUnfit("no Go 1.26 or newer")

    monkeypatch.setattr(resolver, binaries.ensure_modules.__name__, no_go)
    (finding,) = CoreDns.for_pods_of(cluster("sandbox", None), silent).absence()
    assert finding.reason == "no client resolved a name: there is no CoreDNS on this machine: no Go 1.26 or newer"


def test_nothing_is_said_of_dns_that_was_asked() -> None:
    assert not list(CoreDns(Path("coredns")).absence())


def test_the_page_says_that_nobody_resolved_a_name() -> None:
    """It decides nothing of the answer, and is never left out of it."""
    asked = Observation("hold-from", Concern.ROLL, Finding("correctness", Verdict.PASS, "all right"))
    (absent,) = CoreDns(None, "no Go").absence()
    found = [asked, Observation("hold-from", Concern.ROLL, absent)]
    assert judge(found, today=date(2026, 11, 29)).answer is Answer.MAY
    assert list(limits(found, ())) == ["DNS: no client resolved a name: no Go."]
    assert not list(limits([asked], ()))
