"""`gauntlet watch` on a real cluster: who lost what is told as it was; what costs nobody anything is no reason."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, delete_if_there
from gauntlet.providers import ClusterSpec, provider
from gauntlet.report.annotations import ACTIONS
from gauntlet.report.making import STEP_SUMMARY
from gauntlet.subject import plain
from tests.cluster.upgrade.upgrading import events_below, results_folder
from tests.cluster.upgrade.watched import WITHIN_S, ended, start

OUT_S = 1.5
HURT = "node-2"
# What somebody does to a node: a command that is given the kubeconfig of the cluster.
ON_NODE = f"""
import sys
from pathlib import Path
from gauntlet.providers import connect
node = connect(Path(sys.argv[1])).node("{HURT}")
"""
# All that pods on the node ask of Services is dropped, what is new and what is kept.
DROPS = "table inet outage { chain halt { type filter hook prerouting priority -310; ip daddr 10.96.0.0/12 drop; }; }"
OUTAGE = (
    ON_NODE
    + f"""
node.run(["sh", "-c", "nft '{DROPS}' && sleep {OUT_S} && nft delete table inet outage"])
"""
)
KILL = (
    ON_NODE
    + """
node.run(["kill", "-9", str(node.proxy_pid())])
print("killed it")
sys.exit(3)
"""
)
# A node that is ready, and on which nobody runs a pod.
NEW_NODE = """
import sys
from pathlib import Path
from gauntlet.kube.api import Api, delete_if_there
from gauntlet.providers import connect
status = {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"operatingSystem": "linux"}}
node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-9"}, "status": status}
Api(connect(Path(sys.argv[1])).api).post("/api/v1/nodes", node)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    source = provider("sandbox")
    name = f"test-watch-{os.getpid()}"
    yield source.create(ClusterSpec(name, plain(ProxyMode.NFTABLES), nodes=2))
    source.delete(name)


def test_a_command_that_does_nothing_costs_nobody_anything(cluster: Cluster, tmp_path: Path) -> None:
    step = tmp_path / "step.md"
    environment = {ACTIONS: "true", STEP_SUMMARY: str(step)}
    found = ended(start(cluster, tmp_path, "--", "true", environment=environment), cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (0, "may", set()), found.output
    assert step.read_text().startswith("## ✅ watch of true: may\n")
    assert "::notice title=watch of true%3A may::may" in found.output
    assert found.watch.exit_code == 0
    assert found.watch.losses == ()
    assert found.watch.versions_before == found.watch.versions_after
    assert set(found.watch.versions_after) == {node.name for node in cluster.nodes}
    assert "Nobody lost anything" in found.output


def test_an_outage_of_known_length_is_of_the_node_and_the_clients_that_had_it(cluster: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OUTAGE, str(cluster.kubeconfig)]
    found = ended(start(cluster, tmp_path, "--", *command), cluster, tmp_path)
    assert (found.code, found.answer) == (1, "may not"), found.output
    assert {each.node for each in found.watch.losses} == {HURT}
    assert len({each.client for each in found.watch.losses}) == 1
    assert {"outage: new TCP", "outage: new UDP", "outage: kept TCP"} <= found.failed
    new_tcp = [each for each in found.watch.losses if each.what == "new TCP by cluster ip"]
    assert new_tcp
    for each in new_tcp:
        # nft itself takes a moment, before and after.
        assert each.seconds - each.resolution_s - 0.3 <= OUT_S <= each.seconds + each.resolution_s, found.output
        assert "command started" in each.beside


def test_a_kube_proxy_that_is_killed_is_an_event_and_the_failure_of_the_command_is_told(
    cluster: Cluster, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", KILL, str(cluster.kubeconfig)]
    found = ended(start(cluster, tmp_path, "--", *command), cluster, tmp_path)
    assert (found.code, found.watch.exit_code, found.failed) == (1, 3, {"command"}), found.output
    assert "killed it" in found.output
    assert found.nodes_of("proxy_stopped") == {HURT}
    assert found.nodes_of("proxy_restarted") == {HURT}


def test_a_node_that_comes_and_has_no_client_cannot_be_told(cluster: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c", NEW_NODE, str(cluster.kubeconfig)]
    try:
        found = ended(start(cluster, tmp_path, "--", *command), cluster, tmp_path)
    finally:
        delete_if_there(Api(cluster.api), "/api/v1/nodes/node-9")
    assert (found.code, found.answer, found.failed) == (1, "cannot tell", set()), found.output
    assert found.nodes_of("node_came") == {"node-9"}
    assert found.verdict("change", "nodes") is Verdict.INCONCLUSIVE
    assert "node-9 (this cluster makes no pods of DaemonSets there)" in " ".join(found.output.split())


def test_what_is_interrupted_is_ended_and_judged(cluster: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    process = start(cluster, tmp_path, "--", "sh", "-c", f"echo $$ >{mark}.new && mv {mark}.new {mark}; exec sleep 600")
    until(mark.exists, what="the command runs", deadline_s=WITHIN_S)
    process.send_signal(signal.SIGINT)
    found = ended(process, cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (1, "cannot tell", set()), found.output
    assert found.watch.interrupted
    assert found.watch.exit_code == 128 + signal.SIGINT
    assert not Path(f"/proc/{int(mark.read_text())}").exists()


def test_one_that_is_told_to_end_while_it_looks_once_more_is_judged_by_all_that_it_saw(
    cluster: Cluster, tmp_path: Path
) -> None:
    process = start(cluster, tmp_path, "--", "true")

    def looks() -> bool:
        kinds = [each["kind"] for each in events_below(tmp_path)]
        over = kinds.index(EventKind.COMMAND_ENDED) if EventKind.COMMAND_ENDED in kinds else len(kinds)
        return EventKind.ENDPOINT_CHANGED in kinds[over:]

    until(looks, what="endpoints change after the command", deadline_s=WITHIN_S)
    process.send_signal(signal.SIGTERM)
    found = ended(process, cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (1, "cannot tell", set()), found.output
    assert (found.watch.interrupted, found.watch.exit_code) == (True, 0)
    assert found.verdict("change", "last-look") is Verdict.INCONCLUSIVE
    assert found.verdict("change", "availability: new TCP") is Verdict.PASS
    assert (results_folder(tmp_path) / "report.html").exists()


def test_a_terminal_that_is_lost_ends_it_in_order(cluster: Cluster, tmp_path: Path) -> None:
    """As Ctrl-C does, which is how a watch without a command ends."""
    ours, theirs = os.openpty()
    process = start(cluster, tmp_path, terminal=theirs)
    os.close(theirs)

    def watches() -> bool:
        # Who does not read makes it wait.
        while select.select([ours], [], [], 0)[0]:
            os.read(ours, 1 << 16)
        return (EventKind.PHASE_STARTED, "change") in [
            (each["kind"], each["subject"]) for each in events_below(tmp_path)
        ]

    until(watches, what="it watches", deadline_s=WITHIN_S)
    os.close(ours)
    found = ended(process, cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (0, "may", set())
    assert (found.watch.interrupted, found.watch.exit_code) == (True, None)
