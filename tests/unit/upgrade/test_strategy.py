"""The order in which nodes are given their next kube-proxy."""

from __future__ import annotations

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.upgrade.strategy import Roll, Strategy, Way

NODES = ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("node-by-node", Strategy(Way.NODE_BY_NODE)),
        ("all-at-once", Strategy(Way.ALL_AT_ONCE)),
        ("canary=1", Strategy(Way.CANARY, 1)),
        ("canary=12", Strategy(Way.CANARY, 12)),
    ],
)
def test_how_it_is_written(text: str, strategy: Strategy) -> None:
    assert Strategy.parse(text) == strategy


@pytest.mark.parametrize(
    "text", ["", "canary", "canary=", "canary=0", "canary=-1", "canary=1.5", "all", "node-by-node "]
)
def test_what_is_not_a_strategy_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Strategy.parse(text)
    assert "canary=N" in caught.value.remedy


def test_node_by_node_is_held_when_half_of_them_are_done() -> None:
    roll = Strategy.parse("node-by-node").roll(NODES)
    assert roll == Roll((("a",), ("b",), ("c",)), (("d",), ("e",)))


@pytest.mark.parametrize("count", range(1, 9))
def test_half_of_them_makes_most_pairs_of_an_old_and_a_new_node(count: int) -> None:
    nodes = tuple(map(str, range(count)))
    roll = Strategy.parse("node-by-node").roll(nodes)
    held = len(roll.first) * len(roll.rest)
    assert held == max(done * (count - done) for done in range(1, count + 1))


@pytest.mark.parametrize("text", ["node-by-node", "all-at-once", "canary=2"])
def test_every_node_gets_its_turn_once(text: str) -> None:
    batches = Strategy.parse(text).roll(NODES).batches
    assert tuple(node for batch in batches for node in batch) == NODES


def test_all_at_once_has_no_mixed_state() -> None:
    roll = Strategy.parse("all-at-once").roll(NODES)
    assert (roll.first, roll.rest) == ((NODES,), ())


def test_a_single_node_has_no_mixed_state() -> None:
    assert Strategy.parse("node-by-node").roll(("a",)) == Roll((("a",),), ())


def test_canaries_go_first_one_by_one() -> None:
    roll = Strategy.parse("canary=2").roll(NODES)
    assert roll == Roll((("a",), ("b",)), (("c",), ("d",), ("e",)))


@pytest.mark.parametrize(("text", "nodes"), [("canary=5", NODES), ("canary=9", NODES), ("canary=1", ("a",))])
def test_canaries_that_leave_nobody_are_refused(text: str, nodes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="leaves none"):
        Strategy.parse(text).roll(nodes)


def test_no_node_is_refused() -> None:
    with pytest.raises(UsageError):
        Strategy.parse("node-by-node").roll(())
