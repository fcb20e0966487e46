"""How soon changes of a Service's only endpoint are in effect on each node, held against a promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gauntlet.checkers.programming import programming
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.following import swapped, swaps
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.promises.promise import Programming
from tests.unit.checkers.histories import Row, frame, ns

SERVICE = "case/changing"
PAIR = ("first", "second")
# From one change to the next, and from one attempt of a client to its next.
APART_S, EVERY_S = 20.0, 0.5
PROMISED = Programming(p50_s=1.0, p99_s=3.0)
NODES = ("node-1", "node-2")


def changed(number: int) -> Event:
    return swapped(SERVICE, PAIR[(number + 1) % 2], ns(number * APART_S))


def asked(node: str, latencies_s: Sequence[float]) -> list[Row]:
    """What a client saw whose node obeyed each change after so many seconds."""
    rows = []
    for number, latency_s in enumerate(latencies_s):
        new, old = PAIR[(number + 1) % 2], PAIR[number % 2]
        for step in range(int(APART_S / EVERY_S)):
            after_s = step * EVERY_S
            backend = new if after_s >= latency_s else old
            rows.append(Row(number * APART_S + after_s, backend=backend, node=node, client=node, service=SERVICE))
    return rows


def judged(nodes: Mapping[str, Sequence[float]], promised: Programming = PROMISED) -> Finding:
    changes = max(len(each) for each in nodes.values())
    events = history.events(changed(number).row() for number in range(changes))
    attempts = frame([row for node, latencies_s in nodes.items() for row in asked(node, latencies_s)])
    return programming(History(attempts, events), SERVICE, NODES, promised)


SOON = (0.25,) * 20


def test_changes_that_every_node_obeys_soon_pass_with_the_distribution_of_each() -> None:
    found = judged({"node-1": SOON, "node-2": (*SOON[:-1], 2.25)})
    assert (found.check, found.verdict, found.unit, found.threshold) == ("programming", Verdict.PASS, "s", 3.0)
    assert found.figure == pytest.approx(2.25)
    assert found.resolution == pytest.approx(0.25)
    first, second = found.spreads
    assert (first.of, first.p50, first.p99, first.longest) == ("node-1", 0.25, 0.25, 0.25)
    assert (second.of, second.p50, second.p99, second.longest) == ("node-2", 0.25, 2.25, 2.25)
    assert len(second.figures) == 20
    assert "20 changes of a Service's endpoint: node-1: p50 0.250 s" in found.reason


@pytest.mark.parametrize(
    "late",
    [
        pytest.param((12.25,) * 20, id="every change comes 12 s late"),
        pytest.param((1.75,) * 20, id="half of them above the median that is promised"),
        pytest.param((*SOON[:-1], 4.25), id="one in twenty above the 99th percentile"),
    ],
)
def test_one_node_that_is_late_fails(late: Sequence[float]) -> None:
    found = judged({"node-1": SOON, "node-2": late})
    assert found.verdict is Verdict.FAIL
    assert "promised: p50 1 s, p99 3 s" in found.reason


def test_few_changes_are_enough_to_fail_but_not_to_pass() -> None:
    assert judged({"node-1": (12.25,) * 4, "node-2": (12.25,) * 4}).verdict is Verdict.FAIL
    few = judged({"node-1": SOON[:4], "node-2": SOON[:4]})
    assert few.verdict is Verdict.INCONCLUSIVE
    assert "at least 10 are needed" in few.reason


def test_what_may_be_late_or_not_is_inconclusive() -> None:
    """It obeyed after the attempt at 0.5 s and by that at 1.0 s; 0.75 s are promised."""
    found = judged({"node-1": SOON, "node-2": (0.75,) * 20}, Programming(p50_s=0.75, p99_s=3.0))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_node_that_never_obeys_a_change_fails_whatever_is_promised() -> None:
    found = judged({"node-1": SOON, "node-2": (*SOON[:-1], APART_S)}, Programming(p50_s=None, p99_s=None))
    assert found.verdict is Verdict.FAIL
    assert "1 times a node did not obey" in found.reason
    assert "node-2: first: not in effect" in found.details[-1]


def test_without_a_promise_it_is_measured() -> None:
    found = judged({"node-1": SOON, "node-2": SOON}, Programming(p50_s=None, p99_s=None))
    assert (found.verdict, found.threshold) == (Verdict.MEASURED, None)


def test_a_node_whose_client_was_silent_is_named() -> None:
    found = judged({"node-1": SOON})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "node-2" in found.reason


def test_no_change_is_no_data() -> None:
    empty = History(frame(asked("node-1", SOON)), history.events([]))
    assert programming(empty, SERVICE, NODES, PROMISED).verdict is Verdict.INCONCLUSIVE


def test_changes_of_other_services_and_other_changes_do_not_count() -> None:
    events = history.events(
        each.row()
        for each in (
            changed(0),
            swapped("case/other", "first", ns(1)),
            Event(EventKind.ENDPOINT_CHANGED, SERVICE, detail="only first left", at_ns=ns(2)),
        )
    )
    (only,) = swaps(events, SERVICE)
    assert (only.to, only.at_ns) == ("second", ns(0))
