"""What happens to a fault when its target, or whoever injected it, is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gauntlet import faults
from gauntlet.faults.heal import heal
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from tests.cluster.faults.conftest import Sandboxes

# Injects, says so, and waits to be killed: no heal, no exit handlers.
DOOMED = """
import sys
from pathlib import Path
from gauntlet import faults
from gauntlet.providers import connect
fault = faults.create(sys.argv[2], connect(Path(sys.argv[1])))
fault.inject()
print(fault.landed(), flush=True)
sys.stdin.read()
"""


def injected_by_a_run_that_is_killed(cluster: Cluster, name: str) -> str:
    """The evidence it saw before it died of SIGKILL."""
    run = subprocess.Popen(
        [sys.executable, "-c", DOOMED, str(cluster.kubeconfig), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=project_root(),
    )
    with run:
        assert run.stdout is not None
        evidence = run.stdout.readline().strip()
        run.kill()
    return evidence


@pytest.mark.parametrize(
    ("name", "proxy_mode"),
    [
        ("stop-proxy", ProxyMode.IPTABLES),
        ("flush-nat", ProxyMode.IPTABLES),
        ("delete-table", ProxyMode.NFTABLES),
        ("partition-nodes", ProxyMode.NFTABLES),
        ("port-taken", ProxyMode.NFTABLES),
        ("port-clash", ProxyMode.IPTABLES),
        ("clear-ipvs", ProxyMode.IPVS),
        ("scheduler-absent", ProxyMode.IPVS),
        ("crash-kernel", ProxyMode.IPVS),
    ],
)
def test_the_fault_of_a_killed_run_is_healed_from_the_journal(
    name: str, proxy_mode: ProxyMode, sandboxes: Sandboxes
) -> None:
    cluster = sandboxes(proxy_mode)
    assert injected_by_a_run_that_is_killed(cluster, name)
    (healed,) = heal(cluster)
    assert healed.fault == name
    assert healed.evidence
    assert heal(cluster) == ()


@pytest.mark.parametrize(
    ("name", "proxy_mode"),
    [
        ("stop-proxy", ProxyMode.NFTABLES),
        ("partition-nodes", ProxyMode.IPTABLES),
        ("delete-table", ProxyMode.NFTABLES),
        ("port-taken", ProxyMode.IPTABLES),
        ("zero-weight", ProxyMode.IPVS),
        ("break-writer", ProxyMode.IPTABLES),
    ],
)
def test_a_node_left_alone_heals_by_itself(name: str, proxy_mode: ProxyMode, sandboxes: Sandboxes) -> None:
    fault = faults.create(name, sandboxes(proxy_mode), dead_man_s=1.5)
    fault.inject()
    assert not fault.is_over()
    until(fault.is_over, what=f"{fault.id} is over without anyone healing it", deadline_s=20)
    fault.heal()
    assert fault.healed()


def test_healing_ends_the_timer(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    node = cluster.nodes[0]
    fault = faults.create("partition-api", cluster)
    fault.inject()
    timer = f"gauntlet-timer-{fault.id}"
    pid = node.run(("cat", f"/run/{timer}.pid")).stdout.strip()
    assert timer in node.run(("cat", f"/proc/{pid}/cmdline")).stdout
    fault.heal()
    assert timer not in node.run(("cat", f"/proc/{pid}/cmdline"), check=False).stdout
    assert node.run(("test", "-e", f"/run/{timer}.pid"), check=False).code == 1
    assert fault.healed()


def test_a_stopped_proxy_that_dies_counts_as_healed(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    node = cluster.nodes[0]
    fault = faults.create("stop-proxy", cluster)
    fault.inject()
    node.run(("kill", "-KILL", str(node.proxy_pid())))
    fault.heal()
    assert fault.healed()


def test_a_chain_that_someone_else_flushed_and_deleted_counts_as_healed(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    fault = faults.create("partition-nodes", cluster)
    fault.inject()
    chain = f"GAUNTLET-{fault.id.rpartition('-')[2]}"
    for table, hook in (("raw", "PREROUTING"), ("mangle", "FORWARD")):
        for change in (("-D", hook, "-j", chain), ("-F", chain), ("-X", chain)):
            cluster.nodes[0].run(("iptables", "-w", "5", "-t", table, *change))
    fault.heal()
    assert fault.healed()
