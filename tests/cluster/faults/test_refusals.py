"""What is refused before anything is changed."""

from __future__ import annotations

import pytest

from gauntlet import faults
from gauntlet.faults.fault import Needs, refuse_unfit
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import journal_of
from tests.cluster.faults.conftest import Sandboxes


def test_an_unknown_fault_lists_the_known_ones(sandboxes: Sandboxes) -> None:
    with pytest.raises(UsageError, match="no fault 'flush-everything'") as refused:
        faults.create("flush-everything", sandboxes(ProxyMode.IPTABLES))
    assert "flush-all-tables, flush-ipset, flush-nat" in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "proxy_mode"),
    [
        ("flush-nat", ProxyMode.NFTABLES),
        ("flush-all-tables", ProxyMode.NFTABLES),
        ("delete-table", ProxyMode.IPTABLES),
    ],
)
def test_a_fault_for_another_mode(name: str, proxy_mode: ProxyMode, sandboxes: Sandboxes) -> None:
    cluster = sandboxes(proxy_mode)
    before = journal_of(cluster).read()
    with pytest.raises(UsageError, match=f"{name} does not fit"):
        faults.create(name, cluster)
    assert journal_of(cluster).read() == before


def test_a_fault_that_would_hurt_the_machines_kernel(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    with pytest.raises(UsageError, match=r"changes the kernel of its node, and node-1 of cluster .* shares the host's"):
        refuse_unfit("unload-scheduler", Needs(own_kernel=True), cluster, cluster.nodes[0])
    with pytest.raises(UsageError, match="crash-kernel changes the kernel"):
        faults.create("crash-kernel", cluster)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("packet-loss", {"percent": 130}, "percent"),
        ("packet-loss", {"percentage": 30}, "percentage"),
        ("port-taken", {"port": "http"}, "port"),
        ("kill-proxy", {"signal": "TERM"}, "signal"),
    ],
)
def test_wrong_parameters(name: str, parameters: dict[str, str | int], words: str, sandboxes: Sandboxes) -> None:
    with pytest.raises(UsageError, match=f"wrong parameters for fault {name}: {words}") as refused:
        faults.create(name, sandboxes(ProxyMode.IPTABLES), parameters=parameters)
    assert "its parameters are" in refused.value.remedy


def test_an_unknown_node(sandboxes: Sandboxes) -> None:
    with pytest.raises(UsageError, match="node-99"):
        faults.create("kill-proxy", sandboxes(ProxyMode.IPTABLES), node="node-99")
