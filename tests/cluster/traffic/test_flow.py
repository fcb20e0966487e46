"""Agents, flows and pacing, in a network of their own."""

from __future__ import annotations

import dataclasses
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from gauntlet.ground.errors import Inconclusive, UsageError
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Frontend, Protocol
from gauntlet.ground.waiting import until
from gauntlet.traffic import Ask, Flow, Load, Target, Traffic
from gauntlet.traffic.rows import read
from tests.cluster.traffic.world import World

SERVICE = Target("ns/web", Frontend.CLUSTER_IP, "127.9.9.9", 80)
UDP = dataclasses.replace(SERVICE, protocol=Protocol.UDP)
SILENT = dataclasses.replace(SERVICE, address="127.0.0.1", port=7100)


@pytest.fixture(scope="module", autouse=True)
def _silence(world: World) -> None:
    world.nft("table inet silence { chain input { type filter hook input priority 0; tcp dport 7100 drop; }; }")


# A UDP server of whose answers the second one comes so late that the next question has been asked before.
_TARDY = """
import socket, sys, threading
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
once_s = [0.65]
while True:
    question, (host, port) = server.recvfrom(100)
    answer = b"tardy" if question == b"hostname" else f"{host}:{port}".encode()
    after_s = 0.5 if question == b"hostname" else once_s.pop() if once_s else 0
    threading.Timer(after_s, server.sendto, [answer, (host, port)]).start()
"""


def _span_s(frame: pl.DataFrame) -> float:
    begun = frame["at_ns"].to_list()
    return float(max(begun) - min(begun)) / 1e9


@pytest.mark.parametrize("connection", list(Connection))
@pytest.mark.parametrize("target", [SERVICE, UDP], ids=["tcp", "udp"])
@pytest.mark.parametrize("attempts", [1, 7, 500])
def test_a_bounded_load_leaves_exactly_its_rows(
    world: World, traffic: Traffic, target: Target, connection: Connection, attempts: int
) -> None:
    frame = traffic.send(world, Load(target, users=5, connection=connection, attempts=attempts))

    assert frame["outcome"].to_list() == ["ok"] * attempts
    assert frame["at_ns"].is_sorted()
    assert (frame["latency_ns"] > 0).all()


def test_a_load_gives_up_on_what_never_succeeds(world: World, traffic: Traffic) -> None:
    nobody = dataclasses.replace(SERVICE, address="127.0.0.1", port=9)

    frame = traffic.send(world, Load(nobody, users=2, attempts=500, gives_up_after=4))

    assert set(frame["outcome"]) == {"refused"}
    assert 4 <= frame.height <= 5


def test_a_load_does_not_give_up_on_what_succeeds_now_and_then(world: World, traffic: Traffic) -> None:
    world.nft(
        "table ip half { chain output { type nat hook output priority -100; "
        "ip daddr 127.9.9.7 tcp dport 80 dnat to 127.0.0.1 : numgen inc mod 2 map { 0 : 9, 1 : 8080 }; }; }"
    )
    half = dataclasses.replace(SERVICE, address="127.9.9.7")

    frame = traffic.send(world, Load(half, users=2, attempts=40, gives_up_after=4))

    assert dict(frame.group_by("outcome").len().iter_rows()) == {"ok": 20, "refused": 20}


def test_a_row_says_who_asked_whom(world: World, traffic: Traffic) -> None:
    frame = traffic.send(world, Load(SERVICE, attempts=20), backend_nodes={"b1": "node-7"})

    row = frame.filter(pl.col("backend") == "b1").row(0, named=True)
    assert row["late_ns"] >= 0
    assert {name: row[name] for name in row if name not in ("at_ns", "latency_ns", "late_ns")} == {
        "client": "client",
        "client_node": "node-1",
        "service": "ns/web",
        "frontend": "cluster_ip",
        "address": "127.9.9.9",
        "port": 80,
        "protocol": "tcp",
        "connection": "new",
        "outcome": "ok",
        "backend": "b1",
        "backend_node": "node-7",
        "seen_source_ip": "127.0.0.1",
        "error": None,
    }
    assert frame.filter(pl.col("backend") == "b2")["backend_node"].null_count() > 0


def test_the_source_ip_is_null_unless_asked_for(world: World, traffic: Traffic) -> None:
    frame = traffic.send(world, Load(SERVICE, attempts=5, ask=Ask.HOSTNAME))

    assert frame["seen_source_ip"].null_count() == 5
    assert frame["backend"].null_count() == 0


def test_new_connections_meet_every_backend(world: World, traffic: Traffic) -> None:
    frame = traffic.send(world, Load(SERVICE, users=1, attempts=40))

    assert sorted(frame["backend"].value_counts()["count"].to_list()) == [20, 20]


@pytest.mark.parametrize("target", [SERVICE, UDP], ids=["tcp", "udp"])
def test_a_kept_connection_stays_with_its_backend(world: World, traffic: Traffic, target: Target) -> None:
    frame = traffic.send(world, Load(target, users=1, attempts=100, connection=Connection.KEPT))

    assert frame["backend"].n_unique() == 1
    assert set(frame["connection"]) == {"kept"}


def test_a_udp_flow_keeps_its_local_port(world: World, traffic: Traffic) -> None:
    world.nft(
        "table inet port { counter mine { }; chain output { type filter hook output priority 0; "
        "udp sport 41234 counter name mine; }; }"
    )
    load = Load(UDP, attempts=30, connection=Connection.KEPT, local_port=41234, ask=Ask.HOSTNAME)

    frames = [traffic.send(world, load), traffic.send(world, load)]

    assert [frame["outcome"].to_list() for frame in frames] == [["ok"] * 30] * 2
    assert "packets 60 " in world.run(["nft", "list", "counter", "inet", "port", "mine"]).stdout


def test_a_late_answer_to_a_udp_flow_is_none_to_its_next_question(world: World, traffic: Traffic) -> None:
    world.spawn([sys.executable, "-c", _TARDY, "7200"])
    until(lambda: world.run(["ss", "-Hlun", "sport = 7200"]).stdout, what="port 7200 is served", deadline_s=20)
    tardy = dataclasses.replace(UDP, address="127.0.0.1", port=7200)

    frame = traffic.send(world, Load(tardy, users=1, attempts=3, connection=Connection.KEPT, timeout_s=0.9))

    assert frame.sort("at_ns")["outcome"].to_list() == ["timeout", "ok", "ok"]
    assert frame.sort("at_ns")["backend"].to_list()[1:] == ["tardy", "tardy"]


def test_the_rate_is_kept(world: World, traffic: Traffic) -> None:
    frame = traffic.send(world, Load(SERVICE, rate_per_s=100, attempts=200))

    # Counted by the clients' own stamps: never faster, and not much slower even on a busy machine.
    assert 0.95 * 199 / 100 <= _span_s(frame) <= 2 * 199 / 100


def test_a_silent_service_does_not_silence_its_client(world: World, traffic: Traffic) -> None:
    frame = traffic.send(world, Load(SILENT, rate_per_s=200, attempts=200))

    # A client that waited for each answer (two users, 1 s) would have needed 100 s.
    assert frame["outcome"].to_list() == ["timeout"] * 200
    assert _span_s(frame) < 5


def test_a_pool_that_is_too_small_is_told(world: World, traffic: Traffic) -> None:
    with traffic.start(world, Load(SILENT, users=2, rate_per_s=100, attempts=8, timeout_s=0.2)) as flow:
        assert flow.wait().height == 8
        assert flow.slipped >= 3


def test_an_unbounded_load_runs_until_it_is_stopped(world: World, traffic: Traffic) -> None:
    with traffic.start(world, Load(SERVICE)) as flow:
        until(lambda: flow.count() > 100, what="a hundred rows", deadline_s=20)
        frame = flow.stop()
        assert flow.stop().equals(frame)

    assert frame.height == flow.count()


def test_attempts_under_way_are_finished_before_the_end(world: World, traffic: Traffic) -> None:
    with traffic.start(world, Load(SILENT, users=5, timeout_s=1.0)) as flow:
        frame = flow.stop()

    assert set(frame["outcome"]) <= {"timeout"}


def test_loads_of_one_client_run_side_by_side(world: World, traffic: Traffic) -> None:
    with (
        traffic.start(world, Load(SERVICE, rate_per_s=50)) as one,
        traffic.start(world, Load(UDP, rate_per_s=50)) as two,
    ):
        until(lambda: one.count() > 20 and two.count() > 20, what="rows of both", deadline_s=20)
        frames = (one.stop(), two.stop())

    assert [set(frame["protocol"]) for frame in frames] == [{"tcp"}, {"udp"}]
    assert len(list(one.path.parent.glob("agent-*.stderr"))) == 1


def test_an_endless_load_cannot_be_waited_for(world: World, traffic: Traffic) -> None:
    with traffic.start(world, Load(SERVICE)) as flow, pytest.raises(UsageError):
        flow.wait()


def _kill(flow: Flow) -> None:
    flow._agent._process.kill()


def test_a_killed_agent_is_inconclusive_and_its_rows_stay_readable(world: World, tmp_path: Path) -> None:
    with Traffic(tmp_path) as traffic:
        flow = traffic.start(world, Load(SERVICE))
        until(lambda: flow.count() > 50, what="some rows", deadline_s=20)
        _kill(flow)
        with pytest.raises(Inconclusive, match=r"ended on its own.*-9"):
            flow.stop()
        assert read(flow.path, {}).height > 50

        # The next load gets an agent of its own.
        assert traffic.send(world, Load(SERVICE, attempts=5)).height == 5


def test_an_error_inside_is_not_hidden_by_a_killed_agent(world: World, tmp_path: Path) -> None:
    def hurt() -> None:
        with traffic.start(world, Load(SERVICE)) as flow:
            _kill(flow)
            raise ZeroDivisionError

    with Traffic(tmp_path) as traffic, pytest.raises(ZeroDivisionError):
        hurt()


class _Broken(World):
    """A client on which the agent's program fails."""

    def __init__(self, world: World, script: str) -> None:
        self._world = world
        self._script = script

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return self._world.spawn(["sh", "-c", self._script], env=env, stdin=stdin, stdout=stdout, stderr=stderr)


@pytest.mark.parametrize("script", ["echo no snakes here >&2; exit 3", "echo garbage; echo no snakes here >&2; exit 3"])
def test_an_agent_that_does_not_come_up_is_told_with_its_stderr(world: World, tmp_path: Path, script: str) -> None:
    with Traffic(tmp_path) as traffic, pytest.raises(Inconclusive, match=r"(?s)exit code 3.*no snakes here"):
        traffic.start(_Broken(world, script), Load(SERVICE))


# An agent that takes a load and ends it without a single attempt, and says so: no row is lost.
_IDLE = """
echo '{"kind": "Ready", "pid": 1}'
read -r _
echo '{"kind": "Started", "number": 2}'
echo '{"kind": "Ended", "number": 2, "made": 0, "slipped": 0}'
cat
"""


def test_a_load_that_ends_without_its_attempts_is_inconclusive_and_named(world: World, tmp_path: Path) -> None:
    with Traffic(tmp_path) as traffic, pytest.raises(Inconclusive, match=r"client made 0 of 5 .*ns/web \(cluster_ip"):
        traffic.send(_Broken(world, _IDLE), Load(SERVICE, attempts=5))


def test_rows_that_cannot_be_kept_are_inconclusive(world: World, tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Traffic(tmp_path) as traffic:
        flow = traffic.start(world, Load(SERVICE))
        # The kernel then refuses to let the file grow (EFBIG), as a full disk would (ENOSPC).
        resource.setrlimit(resource.RLIMIT_FSIZE, (flow.path.stat().st_size + 500, unlimited[1]))
        try:
            until(lambda: flow._agent.gone, what="the rows do not fit", deadline_s=20)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        with pytest.raises(Inconclusive, match="could not be kept"):
            flow.stop()


def test_closing_traffic_leaves_no_agent(world: World, tmp_path: Path) -> None:
    with Traffic(tmp_path) as traffic:
        flow = traffic.start(world, Load(SERVICE))
        process = flow._agent._process
        assert process.poll() is None

    assert process.poll() == 0


def test_a_released_client_gets_a_new_agent(world: World, tmp_path: Path) -> None:
    with Traffic(tmp_path) as traffic:
        first = traffic.start(world, Load(SERVICE, attempts=1))
        first.wait()
        traffic.release(world)
        traffic.release(world)
        second = traffic.start(world, Load(SERVICE, attempts=1))
        second.wait()

        assert first._agent is not second._agent


def test_a_client_that_cannot_be_entered_is_inconclusive(world: World, tmp_path: Path) -> None:
    class Nowhere(_Broken):
        def spawn(self, argv: Sequence[str], **pipes: object) -> subprocess.Popen[str]:
            raise FileNotFoundError("nsenter")

    with Traffic(tmp_path) as traffic, pytest.raises(Inconclusive, match="nsenter"):
        traffic.start(Nowhere(world, ""), Load(SERVICE))


def test_attempts_of_a_flow_under_way_can_be_read(world: World, traffic: Traffic) -> None:
    with traffic.start(world, Load(SERVICE, rate_per_s=50)) as flow:
        until(lambda: flow.count() >= 10, what="ten rows", deadline_s=10)
        seen = flow.so_far({"b1": "node-7"})
        whole = flow.stop({"b1": "node-7"})
    assert 10 <= seen.height <= whole.height
    assert seen.equals(whole.head(seen.height))
