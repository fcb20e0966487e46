"""Each judgement, on a sound cluster and on each thing that can be wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gauntlet.doctor.cluster_check import about_rules
from gauntlet.doctor.cluster_check.cluster_facts import SERVICES, Services
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.node_probe import Answer, Conntrack, Process
from gauntlet.doctor.cluster_check.report import Level, findings
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Protocol
from gauntlet.proxy.configuration import Configuration, parse
from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes
from gauntlet.proxy.rules import Action, Route, Share
from tests.unit.cluster_check.facts import (
    NODES,
    NOW_S,
    SERVED,
    WEB,
    bad,
    cluster,
    endpoint,
    endpoint_slice,
    forwarding,
    node,
    pod,
    proxy_set,
    report,
    route,
    told,
)


def test_a_sound_cluster_has_nothing_to_tell() -> None:
    found = report()
    assert bad(found) == []
    assert found.sound
    assert {each.verdict for each in findings(found)} == {Verdict.PASS}


def test_a_cluster_without_daemon_set_tells_the_truth() -> None:
    what = told(report(), Level.OK, "kube-proxy", "no DaemonSet of kube-proxy").what
    assert "runs as processes on 2 of 2 nodes" in what


@pytest.mark.parametrize(
    ("changed", "check", "words"),
    [
        ({"processes": (), "healthz": Answer(None, trouble="refused")}, "kube-proxy", "no kube-proxy runs; the 2"),
        ({"processes": (Process(7, "T", ()),)}, "kube-proxy", "is stopped"),
        ({"processes": (Process(7, "S", ()), Process(8, "S", ()))}, "kube-proxy", "2 kube-proxies run at once"),
        ({"service": "failed (failed)"}, "kube-proxy", "systemd service kube-proxy is failed"),
        ({"healthz": Answer(None, trouble="timed out")}, "health", "does not answer: timed out"),
        ({"healthz": Answer(503, "{}")}, "health", "/healthz says 503"),
        ({"livez": Answer(503, "{}")}, "health", "/livez says 503"),
        ({"metrics": ProxyMetrics(0, 0.0, 0, 0.0, "1.37.2")}, "health", "not written its rules once"),
        (
            {"metrics": ProxyMetrics(1, 0.0, 0, 0.0, "1.37.2", (SyncTimes(NOW_S - 900.0, NOW_S - 300.0),))},
            "health",
            "a change has been waiting for 5 min",
        ),
        ({"mode": "nftables"}, "mode", "nftables by /proxyMode, but /etc/kube-proxy.yaml says iptables"),
        ({"logged_mode": "ipvs"}, "mode", "but the log says ipvs"),
        ({"rules": ()}, "rules", "no rule of iptables mode is here"),
        ({"rules": (forwarding(hooked=False),)}, "rules", "a jump to them is missing"),
        ({"rules": (forwarding(route(None, 30080)),)}, "rules", "1 x a place has no rule: shop/web:http (10.96"),
        ({"rules": (forwarding(route(), route(None, 30080, to=("10.244.9.9",))),)}, "rules", "30080/tcp) -> 10.244.9"),
        ({"rules": (forwarding(route(to=()), route(None, 30080)),)}, "rules", "is refused, although it has ready"),
        ({"conntrack": Conntrack(901, 1000)}, "conntrack", "901 of 1000 connections tracked (90%)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_problem_of_one_node(changed: dict[str, object], check: str, words: str) -> None:
    found = report(cluster(), node(**changed), node("node-2"))
    assert told(found, Level.PROBLEM, check, words, "node-1").remedy
    assert {each.where for each in bad(found)} <= {"node-1", "cluster"}
    assert not found.sound
    assert any(each.verdict is Verdict.FAIL and each.check == check for each in findings(found))


@pytest.mark.parametrize(
    ("changed", "check", "words"),
    [
        ({"conntrack": Conntrack(750, 1000)}, "conntrack", "(75%)"),
        ({"rules": (forwarding(route(), route(None, 30080), route("10.96.9.9")),)}, "rules", "is of no Service"),
        ({"rules": (forwarding(route(to=("10.244.1.2",)), route(None, 30080)),)}, "rules", "-> 10.244.2.2"),
        ({"rules": (forwarding(), forwarding(mode=ProxyMode.NFTABLES))}, "left-over rules", "of nftables mode"),
        ({"metrics": None}, "health", "/metrics does not answer"),
        ({"healthz": Answer(503, '{"healthy": true, "nodeEligible": false}')}, "health", "about to go"),
        ({"processes": ()}, "kube-proxy", "another program runs it inside"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_warning_of_one_node(changed: dict[str, object], check: str, words: str) -> None:
    found = report(cluster(), node(**changed), node("node-2"))
    assert told(found, Level.WARNING, check, words, "node-1").remedy
    if check != "rules":
        # Rules that differ make /healthz a liar, and that is a problem.
        assert found.sound


@pytest.mark.parametrize(
    ("changed", "check", "words"),
    [
        ({"trouble": "nft: not found", "rules": ()}, "rules", "could not be read: nft: not found"),
        ({"conntrack": None}, "conntrack", "nf_conntrack is not loaded"),
        ({"healthz": Answer(None, trouble="the node has no curl")}, "health", "the node has no curl"),
    ],
)
def test_what_could_not_be_looked_at_is_no_pass(changed: dict[str, object], check: str, words: str) -> None:
    found = report(cluster(), node(**changed), node("node-2"))
    told(found, Level.UNKNOWN, check, words, "node-1")
    assert not found.sound
    assert any(each.verdict is Verdict.INCONCLUSIVE for each in findings(found))


def test_a_table_without_a_limit_is_never_full_and_no_zero_is_called_a_limit() -> None:
    found = report(cluster(), node(conntrack=Conntrack(5000, 0)), node("node-2"))
    assert told(found, Level.OK, "conntrack", "5000 connections tracked", "node-1").what.endswith("(no limit)")
    assert [each.conntrack for each in found.nodes] == ["no limit", "10%"]


def test_what_to_do_about_a_pod_that_is_not_ready_names_its_namespace() -> None:
    found = report(cluster(pods=(pod("node-1", reason="CrashLoopBackOff"), pod("node-2"))))
    remedy = told(found, Level.PROBLEM, "kube-proxy", "is not ready", "node-1").remedy
    assert remedy.count("kubectl -n kube-system ") == remedy.count("kubectl ") == 2


def test_a_node_out_of_reach_is_unknown() -> None:
    found = report(cluster(), NodeFacts("node-1", unseen="no ssh"), node("node-2"))
    told(found, Level.UNKNOWN, "access", "no ssh", "node-1")
    assert {each.check for each in found.diagnoses if each.where == "node-1"} == {"access"}


def test_healthz_that_is_content_without_rules_is_told() -> None:
    found = report(cluster(), node(rules=()), node("node-2"))
    told(found, Level.PROBLEM, "health", "/healthz says 200, and yet not every packet meets its rules")


IN_IPV6 = replace(forwarding(route("fd00:96::10"), route(None, 30080)), family=Family.IPV6)


def test_places_of_both_families_are_counted() -> None:
    found = report(cluster(), node(ipv6_rules=(IN_IPV6,)), node("node-2"))
    assert [each.services for each in found.nodes] == ["4/4", "2/2"]


def test_rules_of_ipv6_that_no_packet_reaches_are_told() -> None:
    found = report(cluster(), node(ipv6_rules=(replace(IN_IPV6, hooked=False),)), node("node-2"))
    told(found, Level.PROBLEM, "rules", "(IPv6)", "node-1")


def test_rules_of_ipv6_that_cannot_be_read_are_unknown() -> None:
    found = report(cluster(), node(ipv6_trouble="no ip6tables-save"), node("node-2"))
    told(found, Level.UNKNOWN, "rules", "no ip6tables-save", "node-1")
    assert not about_rules(found).sound


def test_rules_of_ipv6_matter_only_if_a_service_has_such_an_address() -> None:
    only_ipv4 = WEB.model_copy(update={"spec": WEB.spec.model_copy(update={"cluster_ips": ("10.96.0.10",)})})
    facts = cluster(served=Services((only_ipv4,), SERVED.slices))
    assert bad(report(facts, node(ipv6_trouble="no ip6tables-save"), node("node-2"))) == []


def test_rules_of_another_mode_that_are_left_in_ipv6_are_told() -> None:
    left = replace(IN_IPV6, mode=ProxyMode.NFTABLES)
    found = report(cluster(), node(ipv6_rules=(IN_IPV6, left)), node("node-2"))
    told(found, Level.WARNING, "left-over rules", "2 IPv6 routes of nftables mode", "node-1")


def test_an_audit_tells_of_rules_alone() -> None:
    wrong = report(cluster(), node(rules=(forwarding(route()),), healthz=Answer(503, "{}")), node("node-2"))
    assert {each.check for each in bad(about_rules(wrong))} == {"rules"} < {each.check for each in bad(wrong)}
    assert about_rules(report()).sound


def test_services_that_may_not_be_read_are_no_missing_rules() -> None:
    found = report(cluster(served=Services((), ()), forbidden=(SERVICES,)), node(), node("node-2"))
    told(found, Level.UNKNOWN, "access", SERVICES)
    assert not {"endpoints", "rules"} & {each.check for each in found.diagnoses}


def test_a_configuration_that_differs_from_what_runs() -> None:
    facts = cluster(configuration=Configuration("ConfigMap kube-system/kube-proxy", mode="nftables"))
    what = told(report(facts), Level.PROBLEM, "mode", "but ConfigMap kube-system/kube-proxy says nftables")
    assert "rollout restart" in what.remedy


def test_no_mode_is_the_default_mode() -> None:
    facts = cluster(configuration=parse("mode: ''\n", "ConfigMap kube-system/kube-proxy"))
    found = report(facts)
    assert bad(found) == []
    told(found, Level.OK, "mode", "mode is not set, so iptables")


def test_a_configuration_that_is_no_yaml() -> None:
    facts = cluster(configuration=parse("mode: [", "ConfigMap kube-system/kube-proxy"))
    told(report(facts), Level.PROBLEM, "mode", "is no YAML")


def test_nodes_in_different_modes() -> None:
    other = node(
        "node-2",
        mode="nftables",
        logged_mode="nftables",
        configuration=Configuration("/etc/kube-proxy.yaml", mode="nftables"),
        rules=(forwarding(mode=ProxyMode.NFTABLES),),
    )
    what = told(report(cluster(), node(), other), Level.PROBLEM, "mode", "different modes").what
    assert "iptables: node-1; nftables: node-2" in what


def test_userspace_mode_says_nothing_of_its_syncs_and_that_is_no_problem() -> None:
    own_port = Route(
        "10.96.0.10", 80, Protocol.TCP, Action.FORWARD, "shop/web:http", (Share("10.77.0.11", 40185, 1.0),)
    )
    silent = node(
        mode="userspace",
        logged_mode="userspace",
        configuration=Configuration("file", mode="userspace"),
        metrics=ProxyMetrics(0, 0.0, 0, 0.0, "1.25.9"),
        rules=(forwarding(own_port, replace(own_port, address=None, port=30080), mode=ProxyMode.USERSPACE),),
    )
    found = report(cluster(), silent)
    assert [each for each in bad(found) if each.check == "health"] == []
    told(found, Level.OK, "health", "userspace mode does not say when it synced", "node-1")
    assert [each.synced for each in found.nodes] == [""]
    lost = replace(silent, rules=(forwarding(own_port, mode=ProxyMode.USERSPACE),))
    told(report(cluster(), lost), Level.PROBLEM, "rules", "1 x a place has no rule: shop/web:http (node port 30080")


def test_nothing_tells_the_mode() -> None:
    blank = node(mode="", logged_mode="", configuration=None, rules=())
    told(report(cluster(), blank), Level.UNKNOWN, "mode", "nothing tells the mode")


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        ({"daemon_sets": (proxy_set(2, 2),)}, Level.OK, "2 of 2 ready"),
        ({"daemon_sets": (proxy_set(2, 1),)}, Level.PROBLEM, "1 of 2 ready"),
        ({"daemon_sets": (proxy_set(1, 1),)}, Level.WARNING, "wants 1 pods, but there are 2 Linux nodes"),
        ({"daemon_sets": (proxy_set(2, 2, updated=1),)}, Level.WARNING, "1 of the newest template"),
    ],
)
def test_daemon_sets(facts: dict[str, object], level: Level, words: str) -> None:
    pods = tuple(map(pod, NODES))
    told(report(cluster(pods=pods, **facts)), level, "kube-proxy", words, "cluster")


def test_pods_that_are_missing_or_crash() -> None:
    facts = cluster(daemon_sets=(proxy_set(2, 1),), pods=(pod("node-1", reason="CrashLoopBackOff"),))
    found = report(facts)
    told(found, Level.PROBLEM, "kube-proxy", "CrashLoopBackOff, 12 restarts", "node-1")
    told(found, Level.PROBLEM, "kube-proxy", "no kube-proxy pod is here", "node-2")


def test_without_a_way_to_the_nodes_the_api_is_judged_all_the_same() -> None:
    facts = cluster(daemon_sets=(proxy_set(2, 1),), pods=(pod("node-1"), pod("node-2", reason="Error")))
    found = report(facts, *(NodeFacts(name, unseen="no way in") for name in NODES))
    told(found, Level.PROBLEM, "kube-proxy", "Error", "node-2")
    assert [(each.kube_proxy, each.version) for each in found.nodes] == [
        ("pod ready", "1.37.2"), ("pod not ready", "1.37.2")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("modules", "level"),
    [(("ip_vs", "ip_vs_rr"), Level.OK), (("ip_vs",), Level.PROBLEM), ((), Level.PROBLEM)],
)
def test_ipvs_modules(modules: tuple[str, ...], level: Level) -> None:
    ipvs = node(
        mode="ipvs",
        logged_mode="ipvs",
        configuration=Configuration("file", mode="ipvs"),
        rules=(forwarding(route(), route("10.77.0.11", 30080), mode=ProxyMode.IPVS),),
        modules=modules,
    )
    found = report(cluster(), ipvs)
    told(found, level, "ipvs modules", "ip_vs_rr")
    told(found, Level.WARNING, "mode", "ipvs mode is deprecated")
    assert not [each for each in found.diagnoses if each.check == "rules" and each.level is not Level.OK]


def test_the_configured_scheduler_is_needed() -> None:
    configuration = Configuration("file", mode="ipvs", scheduler="sh")
    ipvs = node(mode="ipvs", logged_mode="", configuration=configuration, rules=(), modules=("ip_vs", "ip_vs_rr"))
    told(report(cluster(), ipvs), Level.PROBLEM, "ipvs modules", "not loaded: ip_vs_sh")


@pytest.mark.parametrize(
    ("endpoints", "level", "words"),
    [
        ((endpoint("10.244.1.2", ready=False),), Level.PROBLEM, "none is ready: shop/web"),
        ((endpoint("10.244.1.2", ready=False, terminating=True),), Level.WARNING, "no endpoint at all: shop/web"),
        ((), Level.WARNING, "no endpoint at all: shop/web"),
        ((endpoint("10.244.1.2"),), Level.OK, "all 1 Services"),
    ],
)
def test_services_without_ready_endpoints(endpoints: tuple[object, ...], level: Level, words: str) -> None:
    served = Services((WEB,), (endpoint_slice(*endpoints),))  # type: ignore[arg-type]
    told(report(cluster(served=served)), level, "endpoints", words)


def test_go_writes_no_endpoints_as_null() -> None:
    served = Services((WEB,), (endpoint_slice(endpoints=None, ports=None),))
    told(report(cluster(served=served)), Level.WARNING, "endpoints", "no endpoint at all")


def test_json_holds_everything() -> None:
    document = json.loads(report(cluster(), node(processes=()), node("node-2")).as_json())
    assert document["schema"] == "kube-proxy-gauntlet/cluster-check/v1"
    assert [each["node"] for each in document["nodes"]] == list(NODES)
    assert {"check", "level", "where", "what", "remedy", "source"} == set(document["diagnoses"][0])
