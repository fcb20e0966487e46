"""`gauntlet inspect`, on nodes that show what was captured in each mode."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from gauntlet.cli import clusters
from gauntlet.cli.inspection_table import tables
from gauntlet.cli.main import main
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.proxy.inspection import Inspection
from gauntlet.proxy.ipvs import inspection
from gauntlet.proxy.rules import Action, Route, Share, iptables, ipvs
from tests.unit.ipvs.test_inspection import SHOWN
from tests.unit.rules.node import SAVED, Captured, ipvs_text

WIDTH = 80


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["inspect", *arguments], env={"COLUMNS": str(WIDTH)})


@pytest.fixture
def proxy_mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ProxyMode:
    """One running cluster, `play`, of one node in this mode."""
    chosen: ProxyMode = request.param
    play = SimpleNamespace(name="play", provider="sandbox", mode=chosen, nodes=(Captured(chosen),))
    monkeypatch.setattr(clusters, "every", lambda: (play,))
    return chosen


in_every_mode = pytest.mark.parametrize("proxy_mode", list(ProxyMode), indirect=True)
in_ipvs_mode = pytest.mark.parametrize("proxy_mode", [ProxyMode.IPVS], indirect=True)
SIZES = {
    ProxyMode.IPTABLES: "192 rules, 65 chains, 0 elements",
    ProxyMode.NFTABLES: "71 rules, 42 chains, 44 elements",
    ProxyMode.IPVS: "39 rules, 11 chains, 141 elements",
    ProxyMode.USERSPACE: "73 rules, 5 chains, 0 elements",
}


@in_every_mode
def test_the_size_of_the_rules_in_80_columns(proxy_mode: ProxyMode) -> None:
    said = gauntlet("node-1")
    assert said.exit_code == 0, said.output
    assert f"node-1 in {proxy_mode} mode: {SIZES[proxy_mode]}" in said.output
    assert max(map(len, said.output.splitlines())) <= WIDTH


@pytest.mark.parametrize("proxy_mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES], indirect=True)
def test_services_and_where_they_go(proxy_mode: ProxyMode) -> None:
    said = gauntlet("node-1").output
    assert "default/none:http" in said
    assert "node port" in said
    assert "10.244.2.2:8080 33%" in said
    assert "reject" in said


@in_ipvs_mode
def test_virtual_servers_real_servers_and_modules(proxy_mode: ProxyMode) -> None:
    said = gauntlet("node-1").output
    lines = [line.split() for line in said.splitlines()]
    assert ["tcp", "10.110.27.126:80", "rr,", "persistent", "10800", "s"] in lines
    assert ["10.244.2.2:8080", "masq", "1", "0", "0"] in lines
    assert ["none", "takes", "connections", "clients", "are", "refused"] in lines
    assert ["ip_vs_rr", "live", "29"] in lines


def test_connections_by_real_server() -> None:
    shown = printed(Inspection("node-1", ipvs.forwarding(ipvs_text()), inspection.parse(SHOWN, "node-1")))
    assert "2 ESTABLISHED, 2 TIME_WAIT" in shown
    assert "1 clients remembered" in shown
    assert "clients by netmask" in shown
    assert "since the start: 82 connections" in shown
    assert "tcp [fd00:96::1]:80" in shown
    assert "  [fd00:244::1]:8080" in shown
    assert max(map(len, shown.splitlines())) <= WIDTH


@pytest.mark.parametrize("proxy_mode", [ProxyMode.USERSPACE], indirect=True)
def test_userspace_says_that_the_proxy_picks(proxy_mode: ProxyMode) -> None:
    assert "picks the endpoint" in gauntlet("node-1").output


@in_every_mode
def test_json_has_all_of_it(proxy_mode: ProxyMode) -> None:
    said = gauntlet("node-1", "--output", "json", "--cluster", "play")
    document = json.loads(said.output)
    assert (document["node"], document["mode"], document["hooked"]) == ("node-1", str(proxy_mode), True)
    assert document["size"]["rules"] == int(SIZES[proxy_mode].split()[0])
    (route,) = (each for each in document["routes"] if (each["address"], each["port"]) == ("10.103.40.62", 80))
    assert sum(share["probability"] for share in route["inside"]) == pytest.approx(1.0)
    assert (document["ipvs"] is not None) is (proxy_mode is ProxyMode.IPVS)


@in_ipvs_mode
def test_json_of_ipvs(proxy_mode: ProxyMode) -> None:
    found = json.loads(gauntlet("node-1", "--output", "json").output)["ipvs"]
    (sticky,) = (
        each for each in found["virtual_servers"] if (each["address"], each["protocol"]) == ("10.110.27.126", "tcp")
    )
    assert sticky["persistence"] == {"timeout_jiffies": 1080000, "timeout_s": 10800.0, "netmask": "255.255.255.255"}
    assert sticky["real_servers"][0].keys() == {"address", "port", "forward", "weight", "active", "inactive"}
    assert [module["name"] for module in found["modules"]] == ["ip_vs", "ip_vs_rr"]


@in_every_mode
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["node-9"], "cluster play has no node 'node-9'\n  remedy: choose one of: node-1"),
        (["node-1", "--cluster", "work"], "no cluster 'work' runs\n  remedy: running: play"),
        (["node-1", "--output", "yaml"], "'yaml' is not one of 'table', 'json'"),
    ],
)
def test_usage_errors(proxy_mode: ProxyMode, arguments: list[str], error: str) -> None:
    said = gauntlet(*arguments)
    assert said.exit_code == ExitCode.USAGE
    assert error in said.output


def test_a_kernel_without_ipvs(monkeypatch: pytest.MonkeyPatch) -> None:
    play = SimpleNamespace(name="play", provider="sandbox", mode=ProxyMode.IPVS, nodes=(Captured(ProxyMode.IPTABLES),))
    monkeypatch.setattr(clusters, "every", lambda: (play,))
    said = gauntlet("node-1")
    assert said.exit_code == ExitCode.FAILED
    assert "the kernel of node-1 has no IPVS" in said.output
    assert "modprobe ip_vs" in said.output


def test_rules_of_ipv6_are_shown_below_if_there_are_any() -> None:
    four = iptables.forwarding(SAVED)
    one = Route("fd10:96::5", 80, Protocol.TCP, Action.FORWARD, "shop/web:http", (Share("fd10::2", 8080, 1.0),))
    other = replace(four, routes=(one,), family=Family.IPV6)
    shown = printed(Inspection("node-1", four, None, other))
    assert "IPv6: " in shown
    assert "[fd10::2]:8080 100%" in shown
    assert "IPv6" not in printed(Inspection("node-1", four, None, replace(other, routes=())))
    assert json.loads(Inspection("node-1", four, None, other).as_json())["ipv6"]["family"] == "IPv6"
    assert json.loads(Inspection("node-1", four, None).as_json())["ipv6"] is None


def test_what_does_not_work_is_said() -> None:
    shown = printed(Inspection("node-1", ipvs.forwarding(ipvs_text(addresses="")), None))
    assert "kube-ipvs0 holds no address" in shown


def printed(found: Inspection) -> str:
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(*tables(found))
    return captured.get()
