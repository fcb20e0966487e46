"""A kube-proxy that may go at any moment: what is seen of it, and a signal to it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from gauntlet.ground.cluster import CommandFailed, HostKind, Node
from gauntlet.nodes.local import LocalHost
from gauntlet.nodes.namespaced import NamespacedNode, World
from gauntlet.proxy.process import ProxyProcess

GOES_MEANWHILE = "kill() { command kill -KILL $2; while [ -e /proc/$2 ]; do sleep 0.01; done; return 1; }"
CANNOT_BE_TOLD = "kill() { return 1; }"
# No process has this number: the most that Linux allows is one less (PID_MAX_LIMIT).
NOBODY = 4194305


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "1000"])
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    yield process
    process.kill()
    reaper.join()


def found(process: subprocess.Popen[bytes]) -> ProxyProcess:
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    return ProxyProcess(process.pid, stat.rpartition(")")[2].split()[19])


@pytest.mark.parametrize(("kill", "code"), [("true", 0), (GOES_MEANWHILE, 0), (CANNOT_BE_TOLD, 1)])
def test_a_signal_reaches_it_or_it_is_gone(sleeper: subprocess.Popen[bytes], kill: str, code: int) -> None:
    script = f"{kill}\n{found(sleeper).send('CONT')}"
    assert subprocess.run(["sh", "-c", script], check=False).returncode == code


def test_another_process_of_the_same_number_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    another = ProxyProcess(sleeper.pid, "1")
    assert subprocess.run(["sh", "-c", another.send("KILL")], check=False).returncode == 0
    assert sleeper.poll() is None


def test_one_that_has_gone_has_no_state(sleeper: subprocess.Popen[bytes]) -> None:
    here = cast(Node, LocalHost(("127.0.0.1",)))
    assert found(sleeper).state(here) is not None
    assert ProxyProcess(sleeper.pid, "1").state(here) is None
    assert ProxyProcess(NOBODY, "1").state(here) is None


def test_of_a_node_that_says_nothing_none_has_gone(tmp_path: Path) -> None:
    """A kill is proven by a process that is missing, not by a node that is."""
    world = World(NOBODY, user_namespace=False)
    node = NamespacedNode(
        world, "node-1", HostKind.NODE, "node-1", ("127.0.0.1",), 1, pod_cidrs=(), log=tmp_path / "kube-proxy.log"
    )
    with pytest.raises(CommandFailed, match="node-1 ended with 1"):
        ProxyProcess(1, "1").state(node)
