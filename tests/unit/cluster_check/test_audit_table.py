"""The three columns of an audit: what is meant, what rules do, what traffic saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gauntlet.doctor.cluster_check.audit_table import Row, Seen, rows, seen_by, written
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts, Services
from gauntlet.ground.family import Family
from gauntlet.ground.history import History, attempts, events
from gauntlet.kube.objects import NodeObject, PodObject
from gauntlet.proxy.configuration import Configuration
from gauntlet.traffic.encounters import encounters
from tests.unit.cluster_check.facts import READY, SERVED, cluster, forwarding, node, route

Attempt = dict[str, str | int | None]
MADE = datetime(2026, 12, 1, tzinfo=UTC)
MADE_NS = int(MADE.timestamp() * 1e9)
OWN, OTHER = READY
HERE = node(configuration=Configuration("/etc/kube-proxy.yaml", mode="iptables"))


def pod(name: str, address: str, namespace: str = "shop") -> PodObject:
    metadata = {"name": name, "namespace": namespace}
    return PodObject.model_validate({"metadata": metadata, "status": {"podIP": address}})


# Names are of one namespace: the last one is somebody else's.
PODS = (pod("web-1", OWN), pod("web-2", OTHER), pod("web-1", "10.244.7.7", "library"))


def facts() -> ClusterFacts:
    web = SERVED.services[0]
    web = web.model_copy(update={"metadata": web.metadata.model_copy(update={"creation_timestamp": MADE})})
    names = [
        {"metadata": {"name": "node-1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.77.0.11"}]}}
    ]
    nodes = tuple(NodeObject.model_validate(each) for each in names)
    return cluster(served=Services((web,), SERVED.slices), nodes=nodes)


def attempt(address: str = "10.96.0.10", port: int = 80, **changed: str | int | None) -> Attempt:
    row: Attempt = {
        "at_ns": MADE_NS + 1, "latency_ns": 1, "client": "client-1", "client_node": "node-1", "service": "shop/web",
        "frontend": "cluster_ip", "address": address, "port": port, "protocol": "tcp", "connection": "new",
        "outcome": "ok", "backend": "web-1", "backend_node": "node-1",
    }  # fmt: skip
    return row | changed


def kept(folder: Path, *made: Attempt, name: str = "case[1]-iptables") -> None:
    History(attempts(made), events([])).save(folder / "evidence" / name)


def table(folder: Path, *made: Attempt) -> tuple[Row, ...]:
    kept(folder, *made)
    now = facts()
    return tuple(rows(now, (HERE,), seen_by(encounters(folder, "iptables"), (HERE,), PODS, now)))


def test_what_traffic_saw_stands_beside_intent_and_rules(tmp_path: Path) -> None:
    made = (attempt(), attempt(backend="web-2"), attempt(outcome="refused", backend=None))
    at_cluster_ip, at_node_port = table(tmp_path, *made, attempt("10.77.0.11", 30080, client_node="node-2"))
    both = frozenset(READY)
    assert (at_cluster_ip.meant, at_cluster_ip.rules) == ((both,), (both,))
    assert at_cluster_ip.traffic == {OWN, OTHER, "refused"}
    assert (at_node_port.meant, at_node_port.rules) == ((both, both), (both, both))
    assert at_node_port.traffic == {OWN}
    assert at_cluster_ip.agrees
    assert written((at_cluster_ip,)).splitlines()[2] == (
        f"|  | node-1 | shop/web:http (10.96.0.10:80/tcp) | {OWN}, {OTHER} | {OWN}, {OTHER} | {OWN}, {OTHER}, refused |"
    )


def test_a_backend_that_is_no_pod_of_the_service_s_namespace_is_told_by_its_name(tmp_path: Path) -> None:
    at_cluster_ip, _ = table(tmp_path, attempt(backend="web-9"))
    assert at_cluster_ip.traffic == {"web-9"}


def test_traffic_before_the_service_was_made_is_anothers(tmp_path: Path) -> None:
    before = attempt(at_ns=MADE_NS - 1)
    assert [each.traffic for each in table(tmp_path, before, attempt(service="shop/former"))] == [frozenset()] * 2


def test_cases_of_other_subjects_count_for_nothing(tmp_path: Path) -> None:
    kept(tmp_path, attempt(), name="case-nftables")
    kept(tmp_path, attempt(backend="web-2"), name="other-iptables")
    assert encounters(tmp_path, "iptables")["backend"].to_list() == ["web-2"]
    assert encounters(tmp_path, "ipvs").height == 0


def test_what_does_not_agree_comes_first_and_is_marked() -> None:
    now = facts()
    wrong = replace(HERE, rules=(forwarding(route(), route(None, 30080, to=(OWN,))),))
    text = written(tuple(rows(now, (wrong,), {}))).splitlines()
    assert text[2] == f"| ! | node-1 | shop/web:http (node port 30080/tcp) | {OWN}, {OTHER} | {OWN} | not asked |"
    missing = replace(HERE, rules=(forwarding(route()),))
    (row,) = [each for each in rows(now, (missing,), {}) if not each.agrees]
    assert row.rules is None
    assert row.meant == (frozenset(READY), frozenset(READY))
    assert f"| {OWN}, {OTHER} | no rule |" in written((row,))


def test_families_are_told_apart() -> None:
    now = facts()
    seen: Seen = {("node-1", ("10.96.0.10", 80, "tcp"), Family.IPV6): frozenset({"fd00::1"})}
    assert not any(each.traffic for each in rows(now, (HERE,), seen))
