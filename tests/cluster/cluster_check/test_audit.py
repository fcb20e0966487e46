"""The audit turns red, by name, for what no traffic has met: a wrong rule, a chain of nobody, a flow to nobody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check.audit import TABLE, Audit
from gauntlet.doctor.cluster_check.mismatches import Kind
from gauntlet.ground.cluster import Cluster, Node, ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Protocol
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, provider
from gauntlet.proxy import rules
from gauntlet.proxy.residue import mode_of
from gauntlet.proxy.rules import Route
from gauntlet.subject import plain
from gauntlet.traffic.encounters import encounters
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload import HTTP, UDP, Endpoint, Service, ServiceType, namespace
from gauntlet.workload.served import Served
from gauntlet.workload.workload import Workload

FORMER = "10.244.9.9"
WEB = Service("web", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER, app=None, source_ranges=("10.244.1.0/24",))
ENDPOINTS = (Endpoint(("10.244.1.200",), node="node-1"), Endpoint(("10.244.2.200",), node="node-2"))
CLIENT = "10.244.1.2"
ORPHAN = {ProxyMode.IPTABLES: "KUBE-SVC-LEFTBEHINDXXXXXX", ProxyMode.NFTABLES: "service-LEFTBEHI-shop/gone/tcp/http"}


@pytest.fixture(scope="module", params=[ProxyMode.IPTABLES, ProxyMode.NFTABLES])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    sandbox = provider("sandbox")
    name = f"audit-{request.param}-{os.getpid()}"
    yield sandbox.create(ClusterSpec(name=name, subject=plain(request.param), nodes=2))
    sandbox.delete(name)


@pytest.fixture
def web(cluster: Cluster, tmp_path: Path) -> Served:
    """Just synced: nothing that a case then plants is cleared away by a sync that is due."""
    api = Api(cluster.api)
    made = Workload(api, namespace.create(api, "audit")).serve_endpoints(WEB, ENDPOINTS)
    until(lambda: all(map(firewalled, cluster.nodes)), what="every node has the source ranges of web", deadline_s=30.0)
    assert bad(audit(cluster, tmp_path)) == {}
    return made


def audit(cluster: Cluster, folder: Path) -> Sequence[Finding]:
    found = Audit(Api(cluster.api), cluster)(encounters(folder, "nobody"), Evidence(folder, "audit"))
    return [each for each in found if each.verdict is not Verdict.MEASURED]


def bad(findings: Sequence[Finding]) -> dict[str, str]:
    """By check, what is said of those that do not pass."""
    return {each.check: " ".join((each.reason, *each.details)) for each in findings if each.verdict is not Verdict.PASS}


def firewalled(node: Node) -> tuple[Route, ...]:
    """The routes of load balancer addresses, where source ranges hold."""
    return tuple(each for each in rules.read(node, mode_of(node)).routes if each.sources is not None)


def plant_wrong_rule(node: Node, mode: ProxyMode, web: Served) -> None:
    """The Service's own chain leads elsewhere before it leads anywhere else."""
    target = web.cluster_ip()
    chain = rules.read(node, mode).find(target.address, target.port, Protocol.TCP)[0].chains[0]
    iptables = f"iptables -w -t nat -I {chain} -p tcp -j DNAT --to-destination {FORMER}:8080"
    nft = f"nft insert rule ip kube-proxy '{chain}' meta l4proto tcp dnat to {FORMER}:8080"
    node.run(("sh", "-c", iptables if mode is ProxyMode.IPTABLES else nft))


def plant_gap(node: Node, mode: ProxyMode) -> None:
    """The firewall of the load balancer's address lets others in as well: a range, or everybody."""
    external = firewalled(node)[0].chains[0]
    iptables = f"iptables -w -t nat -I {external.replace('-EXT-', '-FW-')} -s 192.0.2.0/24 -j {external}"
    nft = f"nft flush chain ip kube-proxy '{external.replace('external-', 'firewall-')}'"
    node.run(("sh", "-c", iptables if mode is ProxyMode.IPTABLES else nft))


def plant_orphan(node: Node, mode: ProxyMode) -> None:
    """A chain with a rule, to which nothing leads."""
    chain = ORPHAN[mode]
    iptables = f"iptables -w -t nat -N {chain} && iptables -w -t nat -A {chain} -j RETURN"
    nft = f"nft add chain ip kube-proxy '{chain}' && nft add rule ip kube-proxy '{chain}' drop"
    node.run(("sh", "-c", iptables if mode is ProxyMode.IPTABLES else nft))


def plant_flow(node: Node, protocol: str, address: str, port: int, backend: str, *more: str) -> None:
    asked = ("-s", CLIENT, "--sport", "4000", "-d", address, "--dport", str(port))
    answered = ("-r", backend, "-q", CLIENT, "--reply-port-src", "8081", "--reply-port-dst", "4000")
    node.run(("conntrack", "-I", "-p", protocol, "-t", "300", *asked, *answered, *more))


def test_an_audit_names_what_no_traffic_has_met(cluster: Cluster, web: Served, tmp_path: Path) -> None:
    """One of a kind on each node; a flow of a deleted Service and a kept TCP connection are told, and fail nothing."""
    one, two = cluster.nodes
    address = web.cluster_ip().address
    plant_wrong_rule(one, cluster.mode, web)
    plant_gap(one, cluster.mode)
    plant_orphan(two, cluster.mode)
    plant_flow(two, "udp", address, UDP.number, FORMER)
    plant_flow(two, "udp", "10.96.200.200", UDP.number, ENDPOINTS[0].addresses[0])
    plant_flow(two, "tcp", address, HTTP.number, FORMER, "--state", "ESTABLISHED", "-u", "SEEN_REPLY,ASSURED")
    found = audit(cluster, tmp_path)
    said = bad(found)
    assert set(said) == {"rules", "left-over rules", "stale flows"}
    assert "node-1: " in said["rules"]
    assert f"({address}:80/tcp) -> {FORMER}" in said["rules"]
    assert Kind.LET_IN in said["rules"]
    assert "node-2: " in said["left-over rules"]
    assert ORPHAN[cluster.mode] in said["left-over rules"]
    assert "node-2: " in said["stale flows"]
    assert f"udp {CLIENT}:4000 to {address}:{UDP.number}, of {web.name}:" in said["stale flows"]
    table = (tmp_path / "evidence" / "audit" / TABLE).read_text()
    assert re.search(rf"^\| ! \| node-1 \| [^|]*\({address}:80/tcp\) .*{FORMER}", table, re.MULTILINE)
    kept = next(each for each in found if each.check == "kept flows")
    words = " ".join((kept.reason, *kept.details))
    assert "10.96.200.200" in words
    assert f"tcp {CLIENT}:4000 to {address}:80" in words
