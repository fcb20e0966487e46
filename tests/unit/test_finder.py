"""Which process is the kube-proxy of a node: found by the shell itself, among real processes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gauntlet.ground.cluster import CommandFailed, HostKind
from gauntlet.nodes.guest.node import GuestNode
from gauntlet.nodes.namespaced import NamespacedHost, World
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.proxy import finder
from gauntlet.proxy.restart import RESTART

# Each makes namespaces.
pytestmark = pytest.mark.cluster

# A network of its own, as a node has, and a view of the processes in it.
NODE = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
SHOWN = finder.each('echo "$pid $state"')


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Two programs that bear the name: `sleep/kube-proxy` and `shell/kube-proxy`."""
    for folder, program in (("sleep", "sleep"), ("shell", "bash")):
        (tmp_path / folder).mkdir()
        shutil.copy(str(shutil.which(program)), tmp_path / folder / "kube-proxy")
    return tmp_path


def seen(programs: Path, processes: str, then: str = SHOWN, *, named: int = 1) -> list[str]:
    """The lines that shell prints on a node, once these processes run there, of which so many bear the name."""
    script = f"""
    sleeps={programs}/sleep/kube-proxy shell={programs}/shell/kube-proxy
    {processes}
    until [ "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -cx kube-proxy)" = {named} ]; do :; done
    {then}
    """
    done = subprocess.run([*NODE, "sh", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_the_one_that_runs_is_found(programs: Path) -> None:
    pid, line, found = seen(programs, "$sleeps 60 & echo $!", SHOWN + finder.YOUNGEST)
    assert line.split()[0] == found == pid


def test_one_in_another_network_is_not_the_nodes(programs: Path) -> None:
    assert seen(programs, "unshare --net $sleeps 60 &") == []


def test_a_child_that_is_about_to_become_iptables_is_not_a_second_one(programs: Path) -> None:
    parent, line = seen(programs, '$shell -c "$sleeps 60 & wait" & echo $!', named=2)
    assert line.split()[0] == parent


def test_one_that_has_ended_is_none(programs: Path) -> None:
    # Nobody waits for it: it stays as a zombie.
    processes = """sh -c "$sleeps 0 & exec sleep 60" &
    until grep -q '(kube-proxy) Z' /proc/[0-9]*/stat; do :; done 2>/dev/null"""
    assert seen(programs, processes) == []


def test_of_two_the_youngest_counts(programs: Path) -> None:
    older, younger, found = seen(programs, "$sleeps 60 & echo $!; $sleeps 60 & echo $!", finder.YOUNGEST, named=2)
    assert found == younger != older


def test_nothing_is_found_if_none_runs(programs: Path) -> None:
    assert seen(programs, "true", finder.YOUNGEST, named=0) == [""]


def test_of_a_node_that_is_gone_nothing_is_said() -> None:
    # No process has this number: the most that Linux allows is one less (PID_MAX_LIMIT).
    gone = NamespacedHost(World(4194305, user_namespace=False), "node-1", HostKind.NODE, "node-1", ("127.0.0.1",), 1)
    with pytest.raises(CommandFailed, match="node-1 ended with 1"):
        finder.pid_on(gone)


def test_on_a_machine_that_is_off_none_runs(tmp_path: Path) -> None:
    # The steward, which would say that it is off, is away.
    board = Switchboard(tmp_path / "no.sock")
    node = GuestNode(board, "node-1", HostKind.NODE, "node-1", ("127.0.0.1",), ("10.244.1.0/24",), tmp_path / "log")
    assert node.proxy_pid() is None


def test_a_restart_ends_a_stopped_one_and_spares_those_of_other_networks(programs: Path) -> None:
    processes = "$sleeps 60 & stopped=$!; unshare --net $sleeps 60 & other=$!"
    then = f"kill -STOP $stopped; {SHOWN} {RESTART} wait $stopped; {SHOWN} kill -0 $other && echo spared"
    before, *after = seen(programs, processes, then, named=2)
    assert before
    assert after == ["spared"]
