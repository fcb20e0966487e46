"""`gauntlet heal` where the hurt node was deleted meanwhile: the fault went with it, and the rest is healed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauntlet.cli.main import main
from gauntlet.faults.heal import heal
from gauntlet.ground.errors import NodeGone
from gauntlet.ground.journal.store import Record, State, journal_in, journal_of
from gauntlet.kube.api import Api
from gauntlet.providers.existing import node_access
from gauntlet.providers.existing.record import state_dir
from tests.unit.existing import absent
from tests.unit.existing.api_server import NODES, Server, serving

SERVICE = "/api/v1/namespaces/shop/services/clash"
GONE = "node node-1 is gone: the API server has no such Node"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # A wait for a pod that cannot come is to be seen, not to be sat out.
    monkeypatch.setattr(node_access, "_READY_WITHIN_S", 0.5)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        made.labels |= {f"{NODES}/node-2": {}, SERVICE: {}}
        yield made


def test_the_fault_of_a_node_that_was_deleted_is_closed_and_the_others_healed(server: Server) -> None:
    found = absent.cluster("staging", server.url)
    absent.hurt("staging")
    journal_of(found).write(Record("port-clash-1", "port-clash", None, State.INJECTED, delete=("shop/clash",)))
    healed = {each.fault_id: each.evidence for each in heal(found)}
    assert healed == {"flush-nat-1": GONE, "port-clash-1": "Service shop/clash is gone"}
    assert SERVICE not in server.labels
    assert journal_of(found).open() == ()
    last = journal_of(found).read()[-1]
    assert (last.fault_id, last.state, last.detail) == ("flush-nat-1", State.CONFIRMED, GONE)


def test_gauntlet_heal_says_that_the_node_is_gone_and_leaves_the_cluster(server: Server) -> None:
    absent.cluster("staging", server.url)
    absent.hurt("staging")
    said = CliRunner().invoke(main, ["heal"])
    assert (said.exit_code, said.output.splitlines()) == (
        0,
        [
            "staging: 1 fault(s) healed",
            f"  flush-nat on node-1: {GONE}",
            "staging: what the run that was killed had made there is gone",
        ],
    )
    assert not state_dir("staging").exists()


def test_a_node_that_is_there_is_not_taken_for_gone(server: Server) -> None:
    """Nobody answers for it here: the fault stays open."""
    server.labels[f"{NODES}/node-1"] = {}
    absent.cluster("staging", server.url)
    absent.hurt("staging")
    said = CliRunner().invoke(main, ["heal"])
    assert said.exit_code == 1
    assert "flush-nat-1 on node-1" in said.output
    assert [each.fault_id for each in journal_in(state_dir("staging")).open()] == ["flush-nat-1"]


def test_a_command_on_a_node_that_was_deleted_is_not_waited_for(server: Server) -> None:
    with pytest.raises(NodeGone, match=GONE):
        absent.cluster("staging", server.url).nodes[0].run(("true",))


def test_the_pod_of_a_node_that_was_deleted_is_no_way_there(server: Server) -> None:
    """The API server has it for a minute or so yet, as if it ran: nobody would answer there."""
    for node in ("node-1", "node-2"):
        path = f"{node_access.PODS}/door-of-{node}"
        server.labels[path] = {"app": node_access.NAME}
        server.more[path] = {"spec": {"nodeName": node}, "status": {"phase": "Running"}}
    api = Api(absent.cluster("staging", server.url).api)
    entrance = node_access.Entrance(api, "", "client", ("node-1", "node-2"))
    assert entrance.pod_on("node-2") == "door-of-node-2"
    with pytest.raises(NodeGone, match=GONE):
        entrance.pod_on("node-1")
