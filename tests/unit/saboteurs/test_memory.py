"""Saboteurs that remember something of earlier calls, or change what the recorded texts do not have."""

from __future__ import annotations

import os

import pytest

from tests.saboteurs.call import Call
from tests.saboteurs.targets import Port
from tests.saboteurs.transforms import endpoints, policies, ports, restart
from tests.unit.saboteurs import texts

_INGRESS = "add element ip kube-proxy service-ips {{ 10.200.0.9 . tcp . {} : goto external-X-shop/web/tcp/tcp }}\n"
_GONE = "delete element ip kube-proxy service-ips {{ 10.200.0.9 . tcp . {} }}\n"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What is remembered of one family on one node."""
    kept: dict[str, list[str]] = {}
    monkeypatch.setattr(Call, "remembered", lambda _call: dict(kept))
    monkeypatch.setattr(Call, "remember", lambda _call, memory: kept.update(memory))
    return kept


def test_services_of_one_name_have_the_endpoints_of_the_first() -> None:
    memory: dict[str, list[str]] = {}
    first, second = (Port(f"{namespace}/web", "http", "tcp", is_local=False) for namespace in ("a", "b"))
    assert endpoints.namespaces_mixed(memory, first, [("10.0.0.1", "80")]) == [("10.0.0.1", "80")]
    assert endpoints.namespaces_mixed(memory, second, [("10.0.0.2", "80")]) == [("10.0.0.1", "80")]
    assert endpoints.namespaces_mixed(memory, first, [("10.0.0.3", "80")]) == [("10.0.0.3", "80")]
    assert endpoints.namespaces_mixed(memory, second, [("10.0.0.2", "80")]) == [("10.0.0.3", "80")]
    other = Port("b/other", "http", "tcp", is_local=False)
    assert endpoints.namespaces_mixed(memory, other, [("10.0.0.2", "80")]) == [("10.0.0.2", "80")]


def test_a_range_of_one_address_is_widened_and_no_other() -> None:
    single = ("10.244.1.7", "10.244.1.7/32", "fd10:244::7/128")
    assert [policies.widened(each) for each in single] == ["10.244.1.0/24", "10.244.1.0/24", "fd10:244::/64"]
    wide = ("10.244.1.0/25", "0.0.0.0/0", "fd10:244::/112")
    assert [policies.widened(each) for each in wide] == [*wide]


def test_an_ingress_ip_leads_all_its_ports_on_until_the_one_that_it_had_goes() -> None:
    memory: dict[str, list[str]] = {}
    come = _INGRESS.format(80) + _INGRESS.format(443)
    to = "{ 10.200.0.9 . tcp : goto external-X-shop/web/tcp/tcp }"
    assert ports.every_port_nft(memory, come) == f"{come}add element ip kube-proxy any-port {to}\n"
    assert ports.every_port_nft(memory, _GONE.format(443)) == _GONE.format(443)
    gone = "delete element ip kube-proxy any-port { 10.200.0.9 . tcp }\n"
    assert ports.every_port_nft(memory, _GONE.format(80)) == f"{gone}{_GONE.format(80)}"
    assert memory == {}


def test_the_rule_for_all_ports_of_ingress_ips_is_made_with_the_chain_that_has_it() -> None:
    before = texts.recorded("nft.txt")
    _, new = texts.changes(before, ports.every_port_nft({}, before))
    assert [line.partition(" kube-proxy ")[2] for line in new] == [
        "any-port { type ipv4_addr . inet_proto : verdict ; }",
        "services ip daddr . meta l4proto vmap @any-port",
    ]


def test_in_iptables_all_ports_of_ingress_ips_come_after_all_services() -> None:
    before = texts.recorded("iptables.txt")
    gone, new = texts.changes(before, ports.every_port_iptables(before))
    assert (gone, new) == ([], ["-A KUBE-SERVICES -p tcp -d 10.200.0.9 -j KUBE-FW-4FHUYV5Y6CVBFA6G"])


def test_ports_above_32767_are_lost() -> None:
    add = "add element ip kube-proxy service-ips {{ 10.96.0.9 . tcp . {} : goto service-X }}\n"
    rewrite = ports.without_high(ports.ELEMENTS)
    assert rewrite(add.format(32767) + add.format(32768) + add.format(65535)) == add.format(32767)
    rule = (
        '-A KUBE-SERVICES -m comment --comment "a/b:c cluster IP" -m tcp -p tcp -d 10.96.0.9 --dport {} -j KUBE-SVC-A\n'
    )
    assert ports.without_high(ports.RULES)(rule.format(80) + rule.format(40000)) == rule.format(80)


def test_external_ips_are_for_the_node_and_for_pods() -> None:
    rule = '-A KUBE-SERVICES -m comment --comment "a/b:c external IP" -d 198.51.100.9 --dport 80{} -j KUBE-EXT-A\n'
    inside = rule.format(" -m addrtype --src-type LOCAL") + rule.format(" -s 10.244.0.0/16")
    assert ports.inside_alone("10.244.0.0/16", rule.format("")) == inside


def test_external_addresses_lead_to_local_chains_that_were_written_before(
    memory: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = '-A KUBE-SERVICES -m comment --comment "a/b:c external IP" -d 198.51.100.9 --dport 80 -j KUBE-EXT-A\n'
    local = rule.replace("-EXT-", "-SVL-")
    saboteur = "policies-internal-local-at-external-addresses"
    texts_and_wanted = (
        (rule, rule),
        (f":KUBE-SVL-A - [0:0]\n{rule}", f":KUBE-SVL-A - [0:0]\n{local}"),
        (rule, local),
        (f"{rule}-X KUBE-SVL-A\n", f"{rule}-X KUBE-SVL-A\n"),
    )
    for text, wanted in texts_and_wanted:
        assert texts.written(saboteur, "iptables-restore", text, monkeypatch) == wanted
    element = "add element ip kube-proxy service-ips {{ 198.51.100.9 . tcp . 80 : goto {}-X-a/b/tcp/c }}\n"
    chain = "add chain ip kube-proxy local-X-a/b/tcp/c\n"
    written = texts.written(saboteur, "nft", chain + element.format("external"), monkeypatch)
    assert written == chain + element.format("local")
    assert texts.written(saboteur, "nft", element.format("external"), monkeypatch) == element.format("external")


def test_a_restarted_kube_proxy_is_another_one(memory: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts.recorded("iptables.txt")
    assert texts.written("restart-ranges-ignored", "iptables-restore", before, monkeypatch) == before
    assert texts.written("restart-ranges-ignored", "iptables-restore", before, monkeypatch) == before
    monkeypatch.setattr(os, "getppid", lambda: 1)
    lax = texts.written("policies-ranges-ignored", "iptables-restore", before, monkeypatch)
    assert texts.written("restart-ranges-ignored", "iptables-restore", before, monkeypatch) == lax != before
    assert list(memory) == [restart.FIRST]


@pytest.mark.parametrize("name", ["nft.txt", "ip6tables.txt"])
def test_a_time_out_stays_what_it_was_at_first(
    name: str, memory: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, tool = texts.recorded(name), texts.TOOLS[name]
    assert texts.written("affinity-timeout-kept", tool, first, monkeypatch) == first
    later = first.replace("--seconds 600 ", "--seconds 90 ").replace("timeout 600s", "timeout 90s")
    assert later != first
    assert texts.written("affinity-timeout-kept", tool, later, monkeypatch) == first
