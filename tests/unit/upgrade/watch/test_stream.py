"""The flows of a watch that do not start, and what is said of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Frontend
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.watch.stream import Group, Stream, arrived
from tests.unit.stand_in_host import StandInHost

WHY = "container node-1 is not running"


class Unreachable(StandInHost):
    """A client to which no way leads: a node of kind that is being started again, for one."""

    def run(self, *_: object, **__: object) -> NoReturn:
        raise GauntletError(WHY)

    def spawn_module(self, *_: object, **__: object) -> NoReturn:
        raise GauntletError(WHY, "docker ps")


def test_a_client_to_which_no_way_leads_is_not_forgotten(tmp_path: Path) -> None:
    nowhere: Mapping[str, str] = {}
    asked = Load(Target("ns/echo", Frontend.CLUSTER_IP, "10.96.0.1", 80), rate_per_s=20.0)
    with Traffic(tmp_path / "traffic") as traffic:
        stream = Stream(traffic, Evidence(tmp_path, "watch"), nowhere)
        stream.join(Group("node-1", "node-1", ((Unreachable(), asked),)))
        stream.stop()
    (found,) = stream.broken
    assert (found.check, found.verdict, found.remedy) == ("flow", Verdict.INCONCLUSIVE, "docker ps")
    assert found.reason == f"node-1 was not started: {WHY}"


def test_every_attempt_has_its_row() -> None:
    found = arrived([(1000, 1000), (234, 234)])
    assert (found.verdict, found.figure) == (Verdict.MEASURED, 0.0)
    assert found.reason == "1,234 attempts were made until the end, and each has its row"


def test_rows_that_are_lost_are_counted() -> None:
    found = arrived([(1000, 997), (None, 500)])
    assert found.figure == 3.0
    assert found.reason.endswith("and 3 have no row")
