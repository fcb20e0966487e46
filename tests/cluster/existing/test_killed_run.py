"""What a killed run left in somebody's cluster: looked at, it stays as it was; it is not deleted before it is healed.

The API server is real. The pods by which nodes are reached only run: nothing is asked of a node.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gauntlet.doctor.cluster_check.target import opened
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.lock import ClusterInUse
from gauntlet.ground.journal.store import OpenFaults, Record, State, journal_in
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, Manifest
from gauntlet.providers import ExistingOptions
from gauntlet.providers.existing import marker, node_access
from gauntlet.providers.existing.provider import ExistingProvider, refuse_busy
from gauntlet.providers.existing.record import ExistingRecord, state_dir
from gauntlet.providers.existing.survey import glance
from gauntlet.providers.node_record import NodeRecord
from gauntlet.workload.backend import IMAGE
from tests.unit.journal.process import HOLD, running

RUN = "0a1b2c3d"


@pytest.fixture
def options(sandbox: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExistingOptions:
    """The sandbox cluster, as if it were somebody's: its kubeconfig does not tell whose it is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    document = yaml.safe_load(sandbox.kubeconfig.read_text(encoding="utf-8"))
    del document["clusters"][0]["cluster"]["extensions"]
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return ExistingOptions(file)


@pytest.fixture
def killed(sandbox: Cluster, api: Api, options: ExistingOptions) -> Iterator[ExistingRecord]:
    """A run of this user was killed there with a fault on node-1."""
    with ExitStack() as made:
        marker.write(api)
        node_access.deploy(api, RUN, IMAGE)
        for node in sandbox.nodes:
            # As a kubelet tells it, which a sandbox has not.
            api.patch(f"/api/v1/nodes/{node.name}/status", {"status": {"nodeInfo": {"operatingSystem": "linux"}}})
            api.post(node_access.PODS, door(node.name))
            made.callback(api.delete, f"{node_access.PODS}/{door_name(node.name)}")
        until(
            lambda: sum(each.runs for each in node_access.pods(api)) == len(sandbox.nodes),
            what="a pod runs on each node",
            deadline_s=30,
        )
        record = ExistingRecord(
            name=glance(options).name,
            context=sandbox.name,
            run=RUN,
            mode=str(ProxyMode.IPTABLES),
            version=sandbox.version,
            control_plane_version=sandbox.control_plane_version,
            kernel=sandbox.kernel,
            api_address=sandbox.api_address,
            image=IMAGE,
            nodes=tuple(NodeRecord(node.name, node.addresses, node.pod_cidrs) for node in sandbox.nodes),
            targets=("node-1",),
            at_once=1,
            outside="",
        )
        state_dir(record.name).mkdir(parents=True)
        assert options.kubeconfig is not None
        (state_dir(record.name) / "kubeconfig").write_bytes(options.kubeconfig.read_bytes())
        record.save()
        journal_in(state_dir(record.name)).write(Record("flush-nat-1", "flush-nat", "node-1", State.INJECTED))
        yield record


def door_name(node: str) -> str:
    return f"{node_access.NAME}-{node}"


def door(node: str) -> Manifest:
    """The pod of a node as a DaemonSet's controller makes it, which a sandbox has not."""
    labels: Manifest = {"app": node_access.NAME, node_access.RUN_LABEL: RUN}
    container: Manifest = {"name": node_access.CONTAINER, "image": IMAGE, "args": ["netexec"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": door_name(node), "labels": labels},
        "spec": {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 1},
    }


def kept(record: ExistingRecord) -> list[str]:
    """Faults that the journal still knows; none without the record that healing needs."""
    if ExistingRecord.load(record.name) != record:
        return []
    return [each.fault_id for each in journal_in(state_dir(record.name)).open()]


def test_a_check_tells_of_the_fault_and_leaves_all_that_healing_needs(
    api: Api, options: ExistingOptions, killed: ExistingRecord
) -> None:
    with opened(options) as target:
        assert [each.fault_id for each in target.faults] == ["flush-nat-1"]
        assert [node.name for node in target.nodes] == [node.name for node in killed.nodes]
    assert kept(killed) == ["flush-nat-1"]
    node_access.refuse_other(api, RUN)
    assert len(node_access.pods(api)) == len(killed.nodes)


def test_a_check_looks_at_the_nodes_that_are_left(options: ExistingOptions, killed: ExistingRecord) -> None:
    """One that was deleted since is not waited for; its fault is told of until `gauntlet heal` closes it."""
    there = killed.nodes
    replace(killed, nodes=(NodeRecord("deleted", ("192.0.2.9",), ()), *there)).save()
    journal_in(state_dir(killed.name)).write(Record("flush-nat-2", "flush-nat", "deleted", State.INJECTED))
    with opened(options) as target:
        assert [each.fault_id for each in target.faults] == ["flush-nat-2", "flush-nat-1"]
        assert [node.name for node in target.nodes] == [node.name for node in there]


def test_a_check_without_a_way_onto_the_nodes_tells_of_it_too(
    api: Api, options: ExistingOptions, killed: ExistingRecord
) -> None:
    mark: Manifest = {"metadata": {"annotations": {marker.ADOPTED: None}}}
    api.patch(f"{marker.NAMESPACES}/{marker.NAMESPACE}", mark)
    with opened(options) as target:
        assert target.nodes == ()
        assert [each.fault_id for each in target.faults] == ["flush-nat-1"]


def test_what_is_not_healed_is_not_deleted(killed: ExistingRecord) -> None:
    with pytest.raises(OpenFaults, match=r"1 fault\(s\) of an earlier run .*: flush-nat on node-1") as told:
        ExistingProvider().delete(killed.name)
    assert f"gauntlet heal --name {killed.name}" in told.value.remedy
    assert kept(killed) == ["flush-nat-1"]


def test_a_run_is_not_let_in_while_a_node_that_was_left_hurt_is_away(
    api: Api, options: ExistingOptions, killed: ExistingRecord
) -> None:
    """It would not have the node, and take the fault on it for gone."""
    ready(api, "node-1", "False")
    try:
        found = glance(options)
        assert [node.metadata.name for node in found.nodes] == ["node-2"]
        with pytest.raises(UsageError, match="left faults on node-1, which is not ready") as told:
            refuse_busy(found)
    finally:
        ready(api, "node-1", "True")
    assert f"gauntlet heal --name {killed.name}" in told.value.remedy
    assert kept(killed) == ["flush-nat-1"]
    assert refuse_busy(glance(options)) == killed, "with all its nodes back, the next run may heal"


def ready(api: Api, node: str, status: str) -> None:
    api.patch(f"/api/v1/nodes/{node}/status", {"status": {"conditions": [{"type": "Ready", "status": status}]}})


def test_another_run_is_not_let_in_under_a_live_one(options: ExistingOptions, killed: ExistingRecord) -> None:
    with running(HOLD, "existing", killed.name) as other:
        with pytest.raises(ClusterInUse, match=f"in use by process {other.pid} "), opened(options):
            pass
        with pytest.raises(ClusterInUse, match=f"in use by process {other.pid} "):
            ExistingProvider().delete(killed.name)
    assert kept(killed) == ["flush-nat-1"]
