"""Who lost what, at which node, beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from gauntlet.ground import history
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.upgrade.watch.losses import gone_with_nodes, losses, lost_by_client
from tests.unit.checkers.histories import Row, frame, ns, steady

ADDRESSES = {"10.0.0.2": "node-2"}
STOPPED = Event(EventKind.PROXY_STOPPED, "kube-proxy", "node-2", at_ns=ns(4.8))
STARTED = Event(EventKind.COMMAND_STARTED, "kubectl", at_ns=ns(1))


@dataclass(frozen=True)
class FromOutside(Row):
    """An attempt at a NodePort of node-2."""

    client: str = "outside"
    node: str | None = None
    address: str = "10.0.0.2"

    def row(self) -> dict[str, str | int | None]:
        return super().row() | {"frontend": "node_port"}


def seen(rows: Sequence[Row], *events: Event) -> History:
    return History(frame(rows), history.events(event.row() for event in events))


def two_nodes(bad: Sequence[tuple[float, float]]) -> list[Row]:
    return [
        *steady(0, 10, 0.05),
        *steady(0, 10, 0.05, client="client-2", node="node-2", bad=bad),
    ]


def test_nobody_lost_anything() -> None:
    assert losses(seen(two_nodes([]), STOPPED), 2, ADDRESSES) == ()


def test_an_outage_is_of_the_client_and_the_node_that_had_it() -> None:
    (found,) = losses(seen(two_nodes([(5, 6.5)]), STARTED, STOPPED), 2, ADDRESSES)
    assert (found.node, found.client, found.what) == ("node-2", "client-2", "new TCP by cluster ip")
    assert found.spell.length_s == pytest.approx(1.5, abs=0.06)
    assert found.beside == "proxy stopped 0.2 s before"
    assert "node-2: client-2, new TCP by cluster ip: 1.50 s" in found.line(ns(0))


def test_what_happened_at_another_node_is_not_beside_it() -> None:
    elsewhere = Event(EventKind.PROXY_STOPPED, "kube-proxy", "node-1", at_ns=ns(4.9))
    (found,) = losses(seen(two_nodes([(5, 6)]), STARTED, elsewhere), 2, ADDRESSES)
    assert found.beside == "command started 4.0 s before"
    (alone,) = losses(seen(two_nodes([(5, 6)]), elsewhere), 2, ADDRESSES)
    assert alone.beside == ""
    assert "nothing was seen to happen there" in alone.line(ns(0))


def test_a_node_port_that_is_asked_from_outside_is_of_its_node() -> None:
    rows = [FromOutside(at / 20, "timeout" if 100 <= at < 110 else "ok") for at in range(200)]
    (found,) = losses(seen(rows, STOPPED), 2, ADDRESSES)
    assert (found.node, found.client, found.what) == ("node-2", "outside", "new TCP by node port")


def test_the_worst_client_comes_first() -> None:
    part = seen(two_nodes([(5, 6)]))
    rows = lost_by_client(part, losses(part, 2, ADDRESSES))
    assert [row[:4] for row in rows] == [("client-2", "node-2", 200, 20), ("client-1", "node-1", 200, 0)]
    assert rows[0][4] == pytest.approx(1.0, abs=0.06)


def test_a_backend_of_a_node_that_went_is_gone_since_its_last_answer() -> None:
    rows = [Row(number / 10, backend="backend-2") for number in range(50)]
    away = Event(EventKind.NODE_NOT_READY, "node-2", "node-2", at_ns=ns(44))
    nodes = {"backend-1": "node-1", "backend-2": "node-2"}
    found = gone_with_nodes(seen(rows, away), nodes, {"backend-1": ns(7)})
    assert found["backend-1"] == ns(7)
    assert ns(4.9) < found["backend-2"] < ns(5)
    assert gone_with_nodes(seen(rows), nodes, {}) == {}
