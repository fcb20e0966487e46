"""What is special about the faults of ipvs mode."""

from __future__ import annotations

from typing import cast

import pytest

from gauntlet import faults
from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.ground.cluster import Completed, Node, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, Inconclusive, UsageError
from gauntlet.ground.journal.store import journal_of
from gauntlet.ground.waiting import until
from gauntlet.proxy.ipvs import Protocol, VirtualServer
from gauntlet.proxy.restart import RESTART
from tests.cluster.faults.conftest import Sandboxes


def test_a_restart_gives_the_weight_back(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPVS)
    fault = faults.create("zero-weight", cluster)
    fault.inject()
    assert "has weight 0" in fault.landed()
    cluster.nodes[0].run(("sh", "-c", RESTART))
    until(fault.is_over, what="the weight is back without anyone setting it", deadline_s=60, every_s=0.5)
    fault.heal()
    assert "has weight 1" in fault.healed()


def test_kube_proxy_without_its_scheduler_says_why_it_ends(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPVS)
    fault = faults.create("scheduler-absent", cluster)
    fault.inject()
    evidence = fault.landed()
    assert "not to be had: ip_vs_rr" in evidence
    assert "can't use the IPVS proxier" in evidence
    assert "/healthz: no answer, /livez: no answer" in evidence
    fault.heal()
    assert fault.healed()
    assert kernel_modules.loaded(cluster.nodes[0])["ip_vs_rr"] > 0
    assert cluster.nodes[0].run(("sh", "-c", "ls /run/modprobe.d")).stdout == ""


def test_a_scheduler_in_use_is_no_idle_one(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPVS)
    before = journal_of(cluster).read()
    with pytest.raises(Inconclusive, match=r"ip_vs_rr is in use on node-1 \(\d+ times\)"):
        faults.create("unload-idle-scheduler", cluster, parameters={"scheduler": "rr"}).inject()
    assert journal_of(cluster).read() == before


def test_a_service_that_is_not_there(sandboxes: Sandboxes) -> None:
    fault = faults.create("delete-virtual-server", sandboxes(ProxyMode.IPVS), parameters={"service": "default/nobody"})
    with pytest.raises(UsageError, match='Service default/nobody: services "nobody" not found'):
        fault.inject()


class _NodeWithout:
    """A node on which no program is found."""

    name = "bare"

    def run(self, argv: tuple[str, ...], *, check: bool) -> Completed:
        return Completed(argv, 127, "", "")


def test_a_node_without_ipvsadm_is_told_what_to_install() -> None:
    with pytest.raises(EnvironmentUnfit, match="bare has no ipvsadm") as unfit:
        ipvs_tables.require_ipvsadm(cast("Node", _NodeWithout()))
    assert "install the package ipvsadm" in unfit.value.remedy


def test_clearing_is_refused_where_others_have_virtual_servers(sandboxes: Sandboxes) -> None:
    """kube-proxy makes its own again; what keepalived or an operator made would be gone for good."""
    cluster = sandboxes(ProxyMode.IPVS)
    node = cluster.nodes[0]
    fault = faults.create("clear-ipvs", cluster)
    # Its next sync would delete the other's: unlike here, that lasts only in a range that kube-proxy was told to spare.
    node.run(("kill", "-STOP", str(node.proxy_pid())))
    try:
        node.run(("ipvsadm", "--add-service", "--tcp-service", "192.0.2.9:80"))
        with pytest.raises(UsageError, match=r"not kube-proxy's, .* not come back: 192\.0\.2\.9:80\n"):
            fault.inject()
        assert "192.0.2.9:80" in node.run(("ipvsadm", "--save", "--numeric")).stdout
    finally:
        node.run(("ipvsadm", "--delete-service", "--tcp-service", "192.0.2.9:80"), check=False)
        node.run(("kill", "-CONT", str(node.proxy_pid())))
    assert journal_of(cluster).open() == ()


@pytest.mark.parametrize(
    ("found", "foreign"),
    [
        (VirtualServer(Protocol.TCP, "10.96.0.1", 443, None, "rr"), []),
        (VirtualServer(Protocol.TCP, "fd00::1", 443, None, "rr"), []),
        (VirtualServer(Protocol.UDP, "10.77.0.11", 30053, None, "rr"), []),
        (VirtualServer(Protocol.TCP, "10.77.0.11", 80, None, "wlc"), ["10.77.0.11:80"]),
        (VirtualServer(None, "", 0, 7, "rr"), ["fwmark 7"]),
    ],
)
def test_virtual_servers_of_others_are_told_from_kube_proxys(found: VirtualServer, foreign: list[str]) -> None:
    assert ipvs_tables.others([found], {"10.96.0.1", "fd00::1"}, {30053}) == foreign
