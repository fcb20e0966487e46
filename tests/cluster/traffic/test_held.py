"""Connections that are held, through a real virtual address."""

from __future__ import annotations

import pytest

from gauntlet.ground.history import Connection, Frontend
from gauntlet.ground.waiting import until
from gauntlet.traffic import Held, Target
from gauntlet.traffic.held import held_by_and_by
from tests.cluster.traffic.world import World

SERVICE = Target("ns/web", Frontend.CLUSTER_IP, "127.9.9.9", 80)
BY_IPV6 = Target("ns/web", Frontend.NODE_PORT, "::1", 8080)
NOWHERE = Target("ns/web", Frontend.CLUSTER_IP, "127.0.0.1", 81)
FIRST_PORT = 41000


def established(world: World) -> int:
    return world.run(["ss", "-Htn", "state", "established", "dport", "=", ":80"]).stdout.count("\n")


def test_connections_stay_open_until_they_are_closed(world: World) -> None:
    with Held(world, SERVICE, 6, first_port=FIRST_PORT) as held:
        assert held.attempts["outcome"].to_list() == ["ok"] * 6
        assert held.attempts["connection"].to_list() == [Connection.KEPT] * 6
        assert sorted(held.attempts["backend"].to_list()) == ["b1"] * 3 + ["b2"] * 3
        assert established(world) == 6
        assert f":{FIRST_PORT + 5} " in world.run(["ss", "-Htn", "state", "established"]).stdout
    until(lambda: established(world) == 0, what="the connections are closed", deadline_s=5)


def test_the_same_ports_can_be_used_again_at_once(world: World) -> None:
    for _ in range(2):
        with Held(world, SERVICE, 4, first_port=FIRST_PORT) as held:
            assert held.attempts["outcome"].to_list() == ["ok"] * 4


def test_connections_of_ipv6_are_held_as_well(world: World) -> None:
    with Held(world, BY_IPV6, 2, first_port=FIRST_PORT) as held:
        assert held.attempts["outcome"].to_list() == ["ok"] * 2
        assert held.attempts["backend"].to_list() == ["b1"] * 2


@pytest.mark.parametrize("count", [1, 3])
def test_what_does_not_open_is_a_row_with_its_error(world: World, count: int) -> None:
    with Held(world, NOWHERE, count) as held:
        assert held.attempts["outcome"].to_list() == ["refused"] * count
        assert held.attempts["backend"].null_count() == count


@pytest.mark.parametrize(("target", "opened"), [(SERVICE, {"ok": 50}), (NOWHERE, {"refused": 25})])
def test_of_many_no_more_are_opened_once_some_could_not_be(
    world: World, target: Target, opened: dict[str, int]
) -> None:
    with held_by_and_by(world, target, 50) as seen:
        assert dict(seen["outcome"].value_counts().iter_rows()) == opened
        assert established(world) == opened.get("ok", 0)
