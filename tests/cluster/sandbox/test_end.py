"""Whatever happens to a run, nothing of its world stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from gauntlet.ground import ending
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.owner import start_time
from gauntlet.ground.paths import project_root, state_root
from gauntlet.ground.waiting import until
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.providers.sandbox import layout
from gauntlet.subject import plain
from tests.cluster.sandbox.traces import KINDS, mounts, namespaces

MAKE_KEPT = (
    "from gauntlet.providers import *; from gauntlet.ground.cluster import ProxyMode; import sys;"
    "from gauntlet.subject import plain;"
    "provider('sandbox').create(ClusterSpec(name=sys.argv[1], subject=plain(ProxyMode.NFTABLES), nodes=1, keep=True))"
)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


@contextmanager
def deleted(name: str) -> Iterator[None]:
    """Whatever happens in the context, no cluster of this name is left; its maker must have ended by then."""
    try:
        yield
    finally:
        provider("sandbox").delete(name)


@contextmanager
def maker_of(name: str, command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that makes the cluster `name`. Whatever happens in the context, neither is left."""
    environment = {**os.environ, "PYTHONPATH": str(project_root())}
    with (
        deleted(name),
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    name = f"owned-{os.getpid()}-{time.time_ns() % 100000}"
    program = str(Path(__file__).with_name("owner.py"))
    with maker_of(name, [sys.executable, program, name, *getattr(request, "param", ())]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process, name


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_killed_run(owner: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    process, name = owner
    record = layout.ClusterRecord.load(name)
    assert record is not None
    world = family(record.unshare_pid)
    own_mounts = mounts(record.init_pid) - mounts()
    assert own_mounts
    links = [Path(f"/proc/{record.init_pid}/ns/{kind}") for kind in KINDS]
    # As root the world shares this process' user namespace.
    inside = {str(link.readlink()) for link in links} - {
        str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in KINDS
    }
    assert len(inside) >= 3
    # While these are open, no other namespace can get the same number.
    pins = [link.open() for link in links]
    assert len(world) > 8, "the world should hold a control plane, proxies and holders of namespaces"
    assert inside <= namespaces()

    process.send_signal(number)
    process.wait()

    until(
        lambda: not any(start_time(process.pid) for process in world) and not inside & namespaces(),
        what="all processes of the world, and all others in its namespaces, gone",
        deadline_s=1.0,
    )
    for pin in pins:
        pin.close()
    assert not own_mounts & mounts()


@pytest.mark.parametrize("owner", [["whose clean-up never ends"]], indirect=True)
def test_a_second_signal_ends_the_world_and_takes_its_state_along(owner: tuple[subprocess.Popen[str], str]) -> None:
    process, name = owner
    record = layout.ClusterRecord.load(name)
    assert record is not None
    world = family(record.unshare_pid)
    process.terminate()
    time.sleep(ending.SAME_REQUEST_S + 1)  # it counts from when the process got the first one
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert not any(start_time(process.pid) for process in world)
    assert not layout.state_dir(name).exists()


def test_a_kept_cluster_that_is_not_up_yet_ends_with_its_maker() -> None:
    name = f"kept-{os.getpid()}-{time.time_ns() % 100000}"
    with maker_of(name, [sys.executable, "-c", MAKE_KEPT, name]) as maker:
        record = until(lambda: layout.ClusterRecord.load(name), what="the world begins", deadline_s=60)
        world = family(record.unshare_pid)
        maker.kill()
        maker.wait()
        at_the_end = layout.ClusterRecord.load(name)
        assert at_the_end is not None
        assert not at_the_end.init_pid, "the cluster was up before its maker was killed"
        until(lambda: not any(start_time(each.pid) for each in world), what="the world is gone", deadline_s=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_cluster_up_that_is_told_to_end_leaves_nothing(number: signal.Signals) -> None:
    name = f"up-{os.getpid()}-{time.time_ns() % 100000}"
    gauntlet = str(Path(sys.executable).with_name("gauntlet"))
    # As a script starts it in the background.
    with maker_of(name, ["env", "--ignore-signal=INT", gauntlet, "cluster", "up", "--name", name]) as maker:
        record = until(lambda: layout.ClusterRecord.load(name), what="the world begins", deadline_s=60)
        world = family(record.unshare_pid)
        maker.send_signal(number)
        assert maker.wait(timeout=60) == 1
        assert not any(start_time(each.pid) for each in world)
        assert not layout.state_dir(name).exists()


def test_the_next_start_forgets_a_dead_cluster(owner: tuple[subprocess.Popen[str], str]) -> None:
    process, name = owner
    kubeconfig = layout.state_dir(name) / "kubeconfig"
    process.kill()
    process.wait()
    until(lambda: not layout.ClusterRecord.load(name).alive(), what="world gone", deadline_s=2.0)  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="no longer runs"):
        connect(kubeconfig)
    assert name not in {cluster.name for cluster in provider("sandbox").list()}
    assert not layout.state_dir(name).exists()
    assert not (state_root() / "in-use" / "sandbox" / name).exists()


def test_a_kept_cluster_outlives_its_maker_until_it_is_deleted() -> None:
    name = f"kept-{os.getpid()}"
    with deleted(name):
        subprocess.run(
            [sys.executable, "-c", MAKE_KEPT, name], check=True, env={**os.environ, "PYTHONPATH": str(project_root())}
        )
        kept = next(cluster for cluster in provider("sandbox").list() if cluster.name == name)
        assert kept.nodes[0].run(["hostname"]).stdout == "node-1\n"
        record = layout.ClusterRecord.load(name)
        assert record is not None
        provider("sandbox").delete(name)
        assert not record.alive()
        assert not layout.state_dir(name).exists()
        provider("sandbox").delete(name)  # gone counts as deleted


def test_two_clusters_live_side_by_side() -> None:
    sandbox = provider("sandbox")
    names = [f"side-{number}-{os.getpid()}" for number in (1, 2)]
    try:
        made = [sandbox.create(ClusterSpec(name=name, subject=plain(ProxyMode.IPTABLES), nodes=1)) for name in names]
        made[0].nodes[0].run(["ip", "link", "add", "mark", "type", "bridge"])
        assert made[1].nodes[0].run(["ip", "link", "show", "mark"], check=False).code != 0
    finally:
        for name in names:
            sandbox.delete(name)
