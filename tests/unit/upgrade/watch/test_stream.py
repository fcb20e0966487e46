"""The flows of a watch that do not start, and what is said of its rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from gauntlet.ground import history
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, DeclaredFlow, Frontend
from gauntlet.ground.waiting import until
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.watch.stream import Group, Stream, arrived
from tests.unit.stand_in_host import StandInHost

WHY = "container node-1 is not running"
ECHO = Target("ns/echo", Frontend.CLUSTER_IP, "10.96.0.1", 80)
NEW, KEPT = Load(ECHO, rate_per_s=20.0), Load(ECHO, rate_per_s=20.0, users=1, connection=Connection.KEPT)


class Unreachable(StandInHost):
    """A client to which no way leads: a node of kind that is being started again, for one."""

    def run(self, *_: object, **__: object) -> NoReturn:
        raise GauntletError(WHY)

    def spawn_module(self, *_: object, **__: object) -> NoReturn:
        raise GauntletError(WHY, "docker ps")


def test_a_client_to_which_no_way_leads_is_not_forgotten(tmp_path: Path) -> None:
    nowhere: Mapping[str, str] = {}
    with Traffic(tmp_path / "traffic") as traffic:
        stream = Stream(traffic, Evidence(tmp_path, "watch"), nowhere)
        stream.join(Group("node-1", "node-1", ((Unreachable(), NEW),)))
        stream.stop()
    (found,) = stream.broken
    assert (found.check, found.verdict, found.remedy) == ("flow", Verdict.INCONCLUSIVE, "docker ps")
    assert found.reason == f"node-1 was not started: {WHY}"


class SlowFlow:
    """A flow that attempts nothing."""

    broken = False
    made: int | None = None

    def __init__(self, declared: DeclaredFlow) -> None:
        self.declared = declared
        self.ended = False

    def count(self) -> int:
        return 0

    def abandon(self) -> None:
        self.ended = True

    def so_far(self, _nodes: Mapping[str, str]) -> pl.DataFrame:
        return history.attempts([])

    def stop(self, nodes: Mapping[str, str]) -> pl.DataFrame:
        self.abandon()
        return self.so_far(nodes)


class SlowTraffic:
    """Flows of which none starts before `go`. `asked` is set once one was to be started."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.flows: list[SlowFlow] = []

    def start(self, client: StandInHost, load: Load) -> SlowFlow:
        self.asked.set()
        assert self.go.wait(60)
        self.flows.append(SlowFlow(load.declared(cast(Any, client))))
        return self.flows[-1]

    def release(self, _client: StandInHost) -> None:
        return


CLIENT = Group("client-1", "node-1", ((Unreachable(), NEW), (Unreachable(), KEPT)))


@pytest.mark.parametrize("back", [CLIENT, replace(CLIENT)], ids=["node-ready-again", "container-started-again"])
class TestComesBackWhileItIsStarting:
    def stream(self, traffic: SlowTraffic, tmp_path: Path, back: Group) -> Stream:
        stream = Stream(cast(Any, traffic), Evidence(tmp_path, "watch"), {})
        stream.join(CLIENT)
        assert traffic.asked.wait(60)
        stream.lose(CLIENT.key, "node not ready")
        stream.join(back)
        traffic.go.set()
        return stream

    def test_each_of_its_flows_is_under_way_once(self, tmp_path: Path, back: Group) -> None:
        traffic = SlowTraffic()
        stream = self.stream(traffic, tmp_path, back)
        until(lambda: stream.all_run, what="its flows run", deadline_s=60)
        running = [flow for flow in traffic.flows if not flow.ended]
        assert [flow.declared.connection for flow in running] == ["new", "kept"]
        assert [*stream.flows] == cast(Any, running)
        stream.stop()
        assert all(flow.ended for flow in traffic.flows)

    def test_it_is_there_as_long_as_they_are(self, tmp_path: Path, back: Group) -> None:
        """Or else nobody would notice that one of them fell silent."""
        stream = self.stream(SlowTraffic(), tmp_path, back)
        until(lambda: stream.all_run, what="its flows run", deadline_s=60)
        now_ns = time.time_ns()
        assert [parts[-1].end_ns for parts in stream.presence.until(now_ns).values()] == [now_ns] * 2
        stream.stop()


def test_every_attempt_has_its_row() -> None:
    found = arrived([(1000, 1000), (234, 234)])
    assert (found.verdict, found.figure) == (Verdict.MEASURED, 0.0)
    assert found.reason == "1,234 attempts were made until the end, and each has its row"


def test_rows_that_are_lost_are_counted() -> None:
    found = arrived([(1000, 997), (None, 500)])
    assert found.figure == 3.0
    assert found.reason.endswith("and 3 have no row")
