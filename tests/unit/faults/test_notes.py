"""What a fault writes down on its node goes when it is undone, and shows nothing if what was to be read failed.

Commands run here, on stand-ins for the programs of a node that come first in PATH.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import cast

import pytest

from gauntlet.faults import background
from gauntlet.faults.fault import NoParameters, NotLanded, Scene
from gauntlet.faults.flush_all_tables import FlushAllTables
from gauntlet.faults.flush_ipset import FlushIpset
from gauntlet.faults.node_fault import NodeFault
from gauntlet.faults.registry import FAULTS
from gauntlet.ground.cluster import Cluster, CommandFailed, HostKind, Node
from gauntlet.ground.journal.store import Journal, Record
from gauntlet.nodes.local import LocalHost

HERE = LocalHost((), name="node-1", kind=HostKind.NODE, node="node-1")
RULES = """*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-PROXY-CANARY - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
COMMIT
"""
SETS = "create KUBE-CLUSTER-IP hash:ip,port family inet\nadd KUBE-CLUSTER-IP 10.96.0.1,tcp:443\n"
# Prints a file, which is empty once something was restored; fails once `broken` is there and something was restored.
SAVE = "[ ! -e {folder}/broken ] || [ -s {folder}/{kept} ] || exit 1\ncat {folder}/{kept}"
RESTORE = "cat >/dev/null; : > {folder}/{kept}"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins, which can be broken by a file `broken` in it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    scripts = {
        "iptables-save": SAVE.format(folder=folder, kept="rules"),
        "iptables-restore": RESTORE.format(folder=folder, kept="rules"),
        "ip6tables-save": "true",
        "ip6tables-restore": "cat >/dev/null",
        "ipset": f"case $1 in save) {SAVE.format(folder=folder, kept='sets')} ;; list) echo KUBE-CLUSTER-IP ;; "
        f"restore) {RESTORE.format(folder=folder, kept='sets')} ;; esac",
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    (folder / "rules").write_text(RULES)
    (folder / "sets").write_text(SETS)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """What is on the node is in a folder of its own."""
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(background, "FOLDER", str(tmp_path / "run"))
    return Scene(cast(Cluster, None), cast(Node, HERE), Journal(tmp_path / "journal.jsonl"), None, 60)


def injected(fault: NodeFault) -> Record:
    record = fault.intend()
    fault.act()
    return record


def kept_on_the_node() -> list[str]:
    return sorted(each.name for each in Path(background.FOLDER).iterdir())


@pytest.mark.parametrize("kind", [FlushAllTables, FlushIpset])
def test_a_fault_takes_away_what_it_wrote_down(kind: type[NodeFault], programs: Path, scene: Scene) -> None:
    fault = kind(scene, NoParameters())
    record = injected(fault)
    assert fault.evidence()
    assert kept_on_the_node() == [f"gauntlet-notes-{fault.id}"]
    # The mark of the timer, as if it had fired.
    Path(background.FOLDER, f"gauntlet-timer-{fault.id}.fired").touch()
    for _ in "ab":
        HERE.run(record.undo[-1])
        assert kept_on_the_node() == []


@pytest.mark.parametrize("kind", [FlushAllTables, FlushIpset])
def test_what_cannot_be_read_any_more_is_not_gone(kind: type[NodeFault], programs: Path, scene: Scene) -> None:
    (programs / "broken").touch()
    fault = kind(scene, NoParameters())
    with pytest.raises(CommandFailed):
        injected(fault)
    with pytest.raises(CommandFailed):
        fault.evidence()


def test_a_rule_that_is_left_is_counted(programs: Path, scene: Scene) -> None:
    (programs / "iptables-restore").write_text("#!/bin/sh\ncat >/dev/null\n")
    fault = FlushAllTables(scene, NoParameters())
    injected(fault)
    with pytest.raises(NotLanded, match="kept 2 rules and canary chains of kube-proxy; 2 rules of iptables before"):
        fault.evidence()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_no_fault_has_a_file_of_another_name(name: str) -> None:
    """Whatever it writes down is in its notes, and its processes are in `background`: both are taken away with it."""
    assert f"{background.FOLDER}/" not in inspect.getsource(inspect.getmodule(FAULTS[name]) or FAULTS[name])
