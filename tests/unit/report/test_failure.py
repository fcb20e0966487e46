"""Which node's rules a failing case shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.failure import deciding, telling
from tests.unit.checkers.histories import Row, frame, steady

NODES = {
    f"node-{number}": SimpleNamespace(name=f"node-{number}", addresses=(f"10.77.0.1{number}", f"fd10:77::1{number}"))
    for number in (1, 2, 3)
}
CLUSTER = cast(Cluster, SimpleNamespace(nodes=tuple(NODES.values()), node=NODES.__getitem__))


@pytest.mark.parametrize(
    ("client_node", "address", "decides"),
    [
        ("node-3", "10.96.4.5", "node-3"),
        ("node-3", "10.77.0.11", "node-1"),
        ("node-3", "10.77.0.13", "node-3"),
        ("node-3", "fd10:77::11", "node-1"),
        ("node-3", "127.0.0.1", "node-3"),
        (None, "10.77.0.12", "node-2"),
        (None, "10.88.0.1", "node-1"),
    ],
)
def test_the_node_that_a_packet_reaches_first_decides(client_node: str | None, address: str, decides: str) -> None:
    assert deciding(CLUSTER, client_node, address).name == decides


UNEVEN = Finding("balance", Verdict.FAIL, "uneven", node="node-2")


def test_what_failed_most_tells_most() -> None:
    rows = [*steady(0, 1), *steady(0, 1, node="node-2"), Row(2, "timeout", node="node-3", address="10.96.0.11")]
    assert telling(frame(rows), [UNEVEN]) == ("node-3", "10.96.0.11", 80)


def test_if_nothing_failed_the_node_that_a_finding_is_about_tells_most() -> None:
    rows = [*steady(0, 2), *steady(0, 1, node="node-2")]
    assert telling(frame(rows), [UNEVEN]) == ("node-2", "10.96.0.10", 80)
    assert telling(frame(rows), [])[0] == "node-1"
