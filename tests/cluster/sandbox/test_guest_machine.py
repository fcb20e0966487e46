"""The machines of nodes with a kernel of their own: they keep time, say why they do not boot, and leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gauntlet.ground.cluster import Cluster, NodeKernel, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError
from gauntlet.ground.waiting import until
from gauntlet.nodes.guest.settings import Settings
from gauntlet.providers import ClusterSpec, provider
from gauntlet.providers.sandbox import layout, uml, world
from gauntlet.providers.sandbox.guest_machine import GuestMachine, nudge
from gauntlet.subject import plain
from tests.cluster.sandbox import lost_alarm


def processes(member: int) -> list[psutil.Process]:
    """The processes of User-Mode Linux in the network namespace of the process `member`, by process id."""
    network = Path(f"/proc/{member}/ns/net").readlink()
    return [
        each for each in psutil.process_iter(["name"]) if each.info["name"] == uml.PROGRAM and _is_in(each, network)
    ]


def _is_in(process: psutil.Process, network: Path) -> bool:
    try:
        return Path(f"/proc/{process.pid}/ns/net").readlink() == network
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return False


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    sandbox = provider("sandbox")
    name = f"guest-machine-{os.getpid()}"
    yield sandbox.create(ClusterSpec(name, plain(ProxyMode.IPTABLES), nodes=1, kernel=NodeKernel.OWN))
    sandbox.delete(name)


def test_a_lost_alarm_is_made_up_for(cluster: Cluster) -> None:
    """Without a timer no program in the guest wakes that sleeps (docs/decisions/0011-lost-signals.md)."""
    record = layout.ClusterRecord.load(cluster.name)
    assert record is not None
    kernel = processes(record.init_pid)[0].pid
    for _ in range(8):
        sleeper = cluster.nodes[0].spawn(["sleep", "1"])
        until(lambda: lost_alarm.lose(kernel), what="the guest's kernel stops its timer", deadline_s=10.0)
        assert sleeper.wait(timeout=20.0) == 0


@pytest.mark.parametrize("lost", ["SIGALRM", "SIGIO"])
def test_a_process_is_sent_the_signals_that_it_handles_and_no_other(lost: str) -> None:
    waits = (
        f"import signal, sys, time; signal.signal(signal.{lost}, lambda *_: sys.exit(0)); time.sleep(30); sys.exit(1)"
    )
    process = subprocess.Popen([sys.executable, "-c", waits])
    nudge(process)
    assert process.wait() == 0


def test_no_process_of_a_guest_outlives_its_world(cluster: Cluster) -> None:
    record = layout.ClusterRecord.load(cluster.name)
    assert record is not None
    found = processes(record.init_pid)
    assert len(found) > 3, "a guest is several processes"
    cluster.nodes[0].spawn(["sleep", "1000"])
    os.kill(record.unshare_pid, signal.SIGKILL)
    assert psutil.wait_procs(found, timeout=2.0)[1] == []


def test_a_machine_that_does_not_boot_says_why(tmp_path: Path) -> None:
    settings = Settings("broken", [], [], {}, "", "", [], "")
    no_python, log = tmp_path / "no-python", tmp_path / "console.log"
    machine = GuestMachine(
        settings, "127.0.0.1", (), work=tmp_path, library=tmp_path, python=no_python, log=log, number=0, parameters=()
    )
    machine.start()
    with pytest.raises(GauntletError) as found:
        machine.wait_running()
    assert "broken is off:" in str(found.value)
    assert f"init {no_python} failed" in str(found.value)
    assert "Call Trace" in log.read_text()
    assert "Call Trace" not in str(found.value)


def test_guests_keep_to_processors_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {5, 3})
    assert [uml.on_processor(number)[2:] for number in range(3)] == [["3"], ["5"], ["3"]]


def test_a_machine_without_user_mode_linux_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uml, "_TOOLS", {"no-such-kernel": "user-mode-linux", "no-such-ipset": "ipset"})
    with pytest.raises(EnvironmentUnfit, match="sudo apt-get install --yes ipset user-mode-linux"):
        world.require_tools(NodeKernel.OWN)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(EnvironmentUnfit, match="does not run on aarch64"):
        world.require_tools(NodeKernel.OWN)
    world.require_tools(NodeKernel.HOST)
