"""Every fault on a real node: it lands, it shows, it heals, twice if asked, and writes down what it does."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest

from gauntlet import faults
from gauntlet.faults import FAULTS, Fault, NotHeld, NotLanded, background, iptables_tables
from gauntlet.faults.port_taken import REPLY
from gauntlet.ground.cluster import Cluster, Node, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventKind, EventLog
from gauntlet.ground.journal.store import journal_of
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import restart as proxy_restart
from gauntlet.proxy import rules
from tests.cluster.faults.conftest import Sandboxes, something_to_write

BOTH = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
ON_SHARED_KERNELS = [
    (name, mode)
    for name in faults.names()
    for mode in BOTH
    if mode in FAULTS[name].needs.modes and not FAULTS[name].needs.own_kernel
]
ON_MACHINES = [
    (name, ProxyMode.IPVS)
    for name in faults.names()
    if FAULTS[name].needs.own_kernel or FAULTS[name].needs.modes == {ProxyMode.IPVS}
]
# One of those that act by the node's packet filter, which is another one on a machine.
ON_MACHINES.append(("partition-api", ProxyMode.IPVS))
CASES = ON_SHARED_KERNELS + ON_MACHINES
# The supervisor may have started kube-proxy again already; a refusal is over at once.
OVER_AT_ONCE = {"kill-proxy", "unload-used-scheduler"}
# They show when kube-proxy has something to write.
SHOWN_BY_A_WRITE = {"break-writer"}
LIFE = ["fault_intended", "fault_injected", "fault_landed", "fault_held", "fault_healed", "fault_heal_confirmed"]


def hurt(cluster: Cluster) -> Node:
    return cluster.nodes[0]


def connects(node: Node, address: str, port: int) -> bool:
    return node.run(("timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"), check=False).code == 0


def over(fault: Fault) -> None:
    """Heal and confirm, as the end of a test that is about something else."""
    fault.heal()
    fault.healed()


@pytest.mark.parametrize(("name", "proxy_mode"), CASES, ids=[f"{name}-on-{mode}" for name, mode in CASES])
def test_fault_lands_heals_and_is_written_down(
    name: str, proxy_mode: ProxyMode, sandboxes: Sandboxes, log: EventLog
) -> None:
    cluster = sandboxes(proxy_mode)
    fault = faults.create(name, cluster, events=log)
    fault.inject()
    with something_to_write(cluster) if name in SHOWN_BY_A_WRITE else nullcontext():
        assert fault.landed()
        if name not in OVER_AT_ONCE:
            assert not fault.is_over()
        assert fault.held()
        fault.heal()
        fault.heal()
    assert fault.healed()
    assert fault.is_over()
    fault.heal()
    assert fault.healed()

    events = log.read().filter(log.read()["subject"] == fault.id)
    kinds = [kind for kind in events["kind"].to_list() if kind != EventKind.PROXY_RESTARTED]
    assert kinds == LIFE
    assert events.filter(events["kind"] == "fault_landed")["detail"].to_list() != [""]
    mine = [record.state for record in journal_of(cluster).read() if record.fault_id == fault.id]
    assert mine == ["intended", "injected", "healed", "confirmed"]
    assert fault.id not in {record.fault_id for record in journal_of(cluster).open()}
    assert fault.id not in hurt(cluster).run(("ls", background.FOLDER)).stdout


@pytest.mark.parametrize("proxy_mode", BOTH)
def test_partition_from_nodes_cuts_both_ways_and_spares_the_api(proxy_mode: ProxyMode, sandboxes: Sandboxes) -> None:
    cluster = sandboxes(proxy_mode)
    node, other = cluster.nodes[:2]
    address, _, port = cluster.api_address.rpartition(":")
    fault = faults.create("partition-nodes", cluster, node=node.name)
    fault.inject()
    assert not connects(node, other.address, 10256)
    assert not connects(other, node.address, 10256)
    assert connects(node, address, int(port))
    assert connects(cluster.nodes[2], other.address, 10256)
    assert re.search(r"[1-9]\d* in and \d+ out of IPv4, [1-9]\d* in and \d+ out of IPv6", fault.landed())
    over(fault)
    assert connects(node, other.address, 10256)
    assert connects(other, node.address, 10256)


def test_partition_from_the_api_spares_the_nodes(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    node, other = cluster.nodes[:2]
    address, _, port = cluster.api_address.rpartition(":")
    fault = faults.create("partition-api", cluster, node=node.name)
    fault.inject()
    assert not connects(node, address, int(port))
    assert connects(node, other.address, 10256)
    over(fault)
    assert connects(node, address, int(port))


def test_a_flush_spares_the_rules_of_others(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    node = hurt(cluster)
    rule = ("POSTROUTING", "-d", "192.0.2.1/32", "-j", "RETURN")
    node.run(("iptables", "-w", "5", "-t", "nat", "-A", *rule))
    fault = faults.create("flush-nat", cluster)
    fault.inject()
    fault.landed()
    assert node.run(("iptables", "-w", "5", "-t", "nat", "-C", *rule), check=False).code == 0
    assert not iptables_tables.any_rule(iptables_tables.present(node, table="nat"))
    over(fault)
    assert [each.tool for each in iptables_tables.present(node, table="nat")] == ["iptables", "ip6tables"]
    node.run(("iptables", "-w", "5", "-t", "nat", "-D", *rule))


def test_rules_come_back_whole_after_a_flush(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    before = rules.read(hurt(cluster), cluster.mode)
    fault = faults.create("flush-all-tables", cluster)
    fault.inject()
    over(fault)
    until(
        lambda: set(rules.read(hurt(cluster), cluster.mode).routes) == set(before.routes),
        what="the same routes as before",
        deadline_s=10,
    )


def test_the_thief_answers_with_a_name_that_is_no_backends(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    node = hurt(cluster)
    fault = faults.create("port-taken", cluster, parameters={"port": 31999})
    fault.inject()
    for address in node.addresses:
        ask = f"exec 3<>/dev/tcp/{address}/31999; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
        assert REPLY in node.run(("bash", "-c", ask)).stdout
    over(fault)
    assert not any(connects(node, address, 31999) for address in node.addresses)


def test_the_thief_reads_all_of_a_request(sandboxes: Sandboxes) -> None:
    """A connection that is closed before all of it was read ends by a reset, and the name may be lost with it."""
    node = hurt(cluster := sandboxes(ProxyMode.IPTABLES))
    fault = faults.create("port-taken", cluster, parameters={"port": 31999})
    fault.inject()
    longer_than_a_read = "printf 'GET / HTTP/1.0\\r\\nX: %05000d\\r\\n\\r\\n' 0 | dd bs=8k iflag=fullblock status=none"
    ask = f"exec 3<>/dev/tcp/{node.address}/31999; {longer_than_a_read} >&3; cat <&3"
    assert REPLY in node.run(("bash", "-c", ask)).stdout
    over(fault)


@pytest.mark.parametrize(
    ("proxy_mode", "write", "text"),
    [
        (ProxyMode.IPTABLES, ("iptables-restore", "-w", "5", "--noflush"), "*nat\nCOMMIT\n"),
        (ProxyMode.NFTABLES, ("nft", "-f", "-"), "add table ip mine\ndelete table ip mine\n"),
    ],
)
def test_a_writer_fails_for_the_kube_proxy_of_its_node_alone(
    proxy_mode: ProxyMode, write: tuple[str, ...], text: str, sandboxes: Sandboxes
) -> None:
    cluster = sandboxes(proxy_mode)
    node, other = cluster.nodes[:2]
    before = proxy_metrics.read(other)
    fault = faults.create("break-writer", cluster)
    fault.inject()
    with something_to_write(cluster):
        assert re.search(r"failed to write its rules by .*, [1-9]\d* times by now", fault.landed())
        assert "the gauntlet lets this fail" in node.proxy_log()
        node.run(write, stdin=text)
        assert rules.read(node, proxy_mode).routes
        until(lambda: proxy_metrics.read(other).syncs > before.syncs, what="another node writes", deadline_s=10)
        assert proxy_metrics.read(other).failed_syncs == before.failed_syncs
        fault.heal()
    assert fault.healed()
    mounts = node.run(("cat", "/proc/self/mountinfo")).stdout
    assert fault.id not in mounts
    assert node.run(("test", "-e", f"/run/{fault.id}"), check=False).code == 1


def test_a_writer_that_nobody_calls_does_not_count_as_broken(sandboxes: Sandboxes) -> None:
    fault = faults.create("break-writer", sandboxes(ProxyMode.NFTABLES))
    fault.inject()
    with pytest.raises(NotLanded, match="fails to write its rules: not within"):
        fault.landed()
    over(fault)


def test_the_share_of_lost_packets_is_a_parameter(sandboxes: Sandboxes) -> None:
    fault = faults.create("packet-loss", sandboxes(ProxyMode.NFTABLES), parameters={"percent": 60})
    fault.inject()
    assert "wanted 60 %" in fault.landed()
    over(fault)


def test_lost_packets_spare_readiness_probes(sandboxes: Sandboxes) -> None:
    """They come from the control plane's address. What a closed port there answers must not get lost either."""
    cluster = sandboxes(ProxyMode.NFTABLES)
    node = hurt(cluster)
    address = cluster.api_address.rpartition(":")[0]
    fault = faults.create("packet-loss", cluster, parameters={"percent": 99})
    fault.inject()
    ask = ("timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/1")
    said = [node.run(ask, check=False).stderr for _ in range(3)]
    assert all("Connection refused" in each for each in said), said
    over(fault)


def test_the_clash_carries_the_words_of_the_api_server(sandboxes: Sandboxes) -> None:
    fault = faults.create("port-clash", sandboxes(ProxyMode.IPTABLES))
    fault.inject()
    assert "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated" in fault.landed()
    over(fault)


def test_a_port_that_was_taken_already_does_not_count_as_landed(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    first = faults.create("port-taken", cluster)
    second = faults.create("port-taken", cluster)
    first.inject()
    second.inject()
    with pytest.raises(NotLanded, match="is not held by process"):
        second.landed()
    over(second)
    assert first.landed()
    assert not first.is_over()
    over(first)


def test_a_proxy_that_was_continued_does_not_count_as_stopped(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    fault = faults.create("stop-proxy", cluster)
    fault.inject()
    cluster.nodes[0].run(("kill", "-CONT", str(cluster.nodes[0].proxy_pid())))
    with pytest.raises(NotLanded, match=r"is not T .* its state is S"):
        fault.landed()
    over(fault)


def test_a_table_that_is_back_does_not_count_as_deleted(sandboxes: Sandboxes) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    fault = faults.create("delete-table", cluster)
    fault.inject()
    fault.heal()
    until(fault.is_over, what="the table is back", deadline_s=10)
    with pytest.raises(NotLanded, match="has a table"):
        fault.landed()
    over(fault)


def test_a_fault_that_somebody_undid_did_not_hold(sandboxes: Sandboxes, log: EventLog) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    fault = faults.create("flush-nat", cluster, events=log)
    fault.inject()
    fault.landed()
    hurt(cluster).run(("sh", "-c", proxy_restart.RESTART))
    until(fault.is_over, what="a restart has put the rules back", deadline_s=30)
    with pytest.raises(NotHeld, match=r"flush-nat-.* did not hold to the end: nat on .* holds"):
        fault.held()
    assert "fault_held" not in log.read()["kind"].to_list()
    over(fault)


def test_what_the_timer_of_the_node_undid_is_not_over_by_itself(sandboxes: Sandboxes, log: EventLog) -> None:
    fault = faults.create("delete-table", sandboxes(ProxyMode.NFTABLES), events=log, dead_man_s=5)
    fault.inject()
    fault.landed()
    with pytest.raises(NotHeld, match=r"undone by the dead-man timer of its node, 5 s after"):
        fault.over_by_itself(30)
    assert "fault_over" not in log.read()["kind"].to_list()
    over(fault)


def test_a_timer_that_is_still_undoing_has_fired(sandboxes: Sandboxes) -> None:
    """The fault may be over before the timer's process is."""
    node, tag = hurt(sandboxes(ProxyMode.NFTABLES)), "gauntlet-timer-slow-undo"
    try:
        node.run(background.dead_man(tag, 3, [("touch", "/run/undone"), ("sleep", "600")]))
        assert not background.has_fired(node, tag)
        until(lambda: node.run(("test", "-e", "/run/undone"), check=False).code == 0, what="it undoes", deadline_s=30)
        assert node.run(("sh", "-c", background.is_gone(tag)), check=False).code != 0
        assert background.has_fired(node, tag)
    finally:
        node.run(background.end(tag))
    assert node.run(("sh", "-c", f"ls /run/{tag}.*"), check=False).code != 0


def test_a_fault_that_does_not_end_by_itself_is_known_to_have_held(sandboxes: Sandboxes, log: EventLog) -> None:
    """Or that kube-proxy never recovers would be inconclusive, instead of a failure that the traffic shows."""
    fault = faults.create("delete-table", sandboxes(ProxyMode.NFTABLES), events=log)
    fault.inject()
    fault.landed()
    with pytest.raises(NotInTime):
        fault.over_by_itself(0.5)
    assert log.read()["kind"].to_list()[-1] == "fault_held"
    over(fault)


def test_a_fault_is_not_injected_twice(sandboxes: Sandboxes) -> None:
    fault = faults.create("partition-api", sandboxes(ProxyMode.IPTABLES))
    with pytest.raises(UsageError, match="was not injected"):
        fault.landed()
    fault.inject()
    with pytest.raises(UsageError, match="injected already"):
        fault.inject()
    over(fault)
