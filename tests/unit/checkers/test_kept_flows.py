"""Checkers of kinds of connections: kept TCP connections, UDP flows of a fixed port, affinity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pytest

from gauntlet.checkers.affinity_broken import affinity_broken
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.occasion import NOTHING
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Event, EventKind, History
from tests.unit.checkers.histories import Row, ns


@dataclass(frozen=True)
class Kept(Row):
    """One attempt of a kept flow."""

    protocol: str = "tcp"
    frontend: str = "cluster_ip"
    connection: str = "kept"

    def row(self) -> dict[str, str | int | None]:
        return super().row() | {"protocol": self.protocol, "frontend": self.frontend}


NEW = Kept(0, connection="new")
REPLACED = Event(EventKind.PROXY_REPLACED, "after", "node-2", at_ns=ns(1.04))
STOPPED = Event(EventKind.PROXY_STOPPED, "before", "node-1", at_ns=ns(0.5))


def seen(rows: Iterable[Row], events: Sequence[Event] = (STOPPED, REPLACED)) -> History:
    return History(history.attempts(row.row() for row in rows), history.events(event.row() for event in events))


def kept(
    end_s: float, *, protocol: str = "tcp", start_s: float = 0.0, every_s: float = 0.1, like: Kept | None = None
) -> list[Kept]:
    """Good attempts, one after the other."""
    model = replace(like or Kept(0.0), protocol=protocol)
    return [replace(model, at_s=start_s + index * every_s) for index in range(round((end_s - start_s) / every_s))]


def udp(end_s: float, *, start_s: float = 0.0, backend: str | None = "backend-1", outcome: str = "ok") -> list[Kept]:
    return kept(end_s, protocol="udp", start_s=start_s, like=Kept(0.0, outcome, backend=backend))


class TestConnectionsCut:
    def test_none_is_cut(self) -> None:
        found = connections_cut(seen(kept(3)))
        assert (found.verdict, found.figure, found.threshold) == (Verdict.PASS, 0.0, 0.0)

    def test_one_cut_is_named_with_client_frontend_and_what_was_done(self) -> None:
        rows = [*kept(1), Kept(1.05, "reset"), *kept(3, start_s=1.1)]
        found = connections_cut(seen(rows))
        assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
        assert "client-1 (node-1) by cluster_ip: 1" in found.reason
        assert found.details == (
            "+1.052 s: client-1 (node-1) -> test/web cluster_ip 10.96.0.10:80/tcp kept: cut (reset),"
            " it led to backend-1, at proxy_replaced after on node-2",
        )

    def test_that_it_does_not_open_again_is_no_second_cut(self) -> None:
        rows = [*kept(1), *kept(2, start_s=1, like=Kept(0, "refused")), *kept(3, start_s=2)]
        assert connections_cut(seen(rows)).figure == 1.0

    def test_every_cut_counts(self) -> None:
        node_port = kept(3, like=Kept(0, client="outside", node=None, frontend="node_port"))
        node_port[5] = replace(node_port[5], outcome="timeout")
        node_port[9] = replace(node_port[9], outcome="reset")
        found = connections_cut(seen([*kept(1), Kept(1.05, "reset"), *kept(3, start_s=1.1), *node_port]))
        assert found.figure == 3.0
        assert "(outside by node_port: 2, client-1 (node-1) by cluster_ip: 1)" in found.reason

    def test_the_end_of_a_backend_that_goes_is_not_a_cut(self) -> None:
        rows = [*kept(1), Kept(1.05, "reset"), *kept(3, start_s=1.1)]
        assert connections_cut(seen(rows), gone={"backend-1": ns(1)}).verdict is Verdict.PASS
        assert connections_cut(seen(rows), gone={"backend-1": ns(2)}).verdict is Verdict.FAIL
        assert connections_cut(seen(rows), gone={"backend-2": ns(0)}).verdict is Verdict.FAIL

    def test_what_was_done_long_before_is_said_to_be_long_before(self) -> None:
        (line,) = connections_cut(seen([*kept(3), Kept(3, "reset")])).details
        assert line.endswith("1.862 s after proxy_replaced after on node-2")
        (line,) = connections_cut(seen([*kept(3), Kept(3, "reset")], ())).details
        assert line.endswith(NOTHING)

    def test_as_many_as_promised_pass_and_without_a_promise_it_is_measured(self) -> None:
        rows = [*kept(1), Kept(1.05, "reset"), *kept(3, start_s=1.1)]
        assert connections_cut(seen(rows), at_most=1).verdict is Verdict.PASS
        assert connections_cut(seen(rows), at_most=None).verdict is Verdict.MEASURED

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            udp(3),
            kept(3, like=Kept(0, "refused")),
            [*kept(3), *kept(3, start_s=0.001)],
        ],
    )
    def test_nothing_to_tell_is_inconclusive(self, rows: list[Row]) -> None:
        assert connections_cut(seen(rows)).verdict is Verdict.INCONCLUSIVE


class TestUdpFlowsLost:
    def test_none_is_lost(self) -> None:
        assert udp_flows_lost(seen(udp(5))).verdict is Verdict.PASS

    def test_a_lost_datagram_is_not_a_lost_flow(self) -> None:
        rows = [*udp(1), *udp(1.3, start_s=1, outcome="timeout"), *udp(5, start_s=1.3)]
        assert udp_flows_lost(seen(rows)).verdict is Verdict.PASS

    def test_a_flow_without_an_answer_to_the_end_is_lost(self) -> None:
        found = udp_flows_lost(seen([*udp(1), *udp(5, start_s=1, outcome="timeout")]))
        assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
        assert "no answer for so far 3.902 s, it led to backend-1" in found.details[0]

    def test_a_flow_that_comes_back_late_was_lost(self) -> None:
        rows = [*udp(1), *udp(3.1, start_s=1, outcome="timeout"), *udp(5, start_s=3.1)]
        found = udp_flows_lost(seen(rows))
        assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
        assert udp_flows_lost(seen(rows), lost_after_s=2.5).verdict is Verdict.PASS

    def test_that_its_backend_went_excuses_nothing(self) -> None:
        found = udp_flows_lost(seen([*udp(1), *udp(5, start_s=1, outcome="timeout")]), gone={"backend-1": ns(0.9)})
        assert found.verdict is Verdict.FAIL
        assert "which had begun to go" in found.details[0]

    @pytest.mark.parametrize("rows", [[], kept(3), udp(3, outcome="timeout")])
    def test_a_flow_that_was_never_answered_is_inconclusive(self, rows: list[Row]) -> None:
        assert udp_flows_lost(seen(rows)).verdict is Verdict.INCONCLUSIVE


class TestUdpFlowsMoved:
    OTHERS = tuple(kept(5, like=Kept(0, client="client-2", connection="new")))

    def test_none_moves(self) -> None:
        assert udp_flows_moved(seen([*udp(5), *self.OTHERS])).verdict is Verdict.PASS

    def test_a_flow_that_leaves_a_backend_that_serves_has_moved(self) -> None:
        found = udp_flows_moved(seen([*udp(1), *udp(5, start_s=1, backend="backend-2"), *self.OTHERS]))
        assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
        assert "moved from backend-1 to backend-2" in found.details[0]
        assert "0.402 s after proxy_stopped before on node-1" in found.details[0]

    def test_a_flow_may_leave_a_backend_that_goes(self) -> None:
        rows = [*udp(1), *udp(5, start_s=1, backend="backend-2"), *self.OTHERS]
        assert udp_flows_moved(seen(rows), gone={"backend-1": ns(0.9)}).verdict is Verdict.PASS

    def test_a_flow_that_was_idle_chooses_anew(self) -> None:
        later = udp(36, start_s=35, backend="backend-2")
        others = kept(40, every_s=1, like=Kept(0, client="client-2", connection="new"))
        assert udp_flows_moved(seen([*udp(1), *later, *others])).verdict is Verdict.PASS
        assert udp_flows_moved(seen([*udp(1), *later, *others]), idle_s=60).verdict is Verdict.FAIL

    def test_without_proof_that_the_old_one_served_nothing_is_known(self) -> None:
        found = udp_flows_moved(seen([*udp(1), *udp(5, start_s=1, backend="backend-2")]))
        assert found.verdict is Verdict.INCONCLUSIVE

    def test_failures_between_the_two_do_not_hide_it(self) -> None:
        rows = [*udp(1), *udp(1.5, start_s=1, outcome="timeout"), *udp(5, start_s=1.5, backend="backend-2")]
        assert udp_flows_moved(seen([*rows, *self.OTHERS])).figure == 1.0

    @pytest.mark.parametrize(("was", "now"), [(None, "backend-1"), ("backend-1", None)])
    def test_a_reply_of_who_knows_whom_tells_nothing_of_a_move(self, was: str | None, now: str | None) -> None:
        rows = [*udp(1, backend=was), *udp(5, start_s=1, backend=now), *self.OTHERS]
        assert udp_flows_moved(seen(rows)).verdict is Verdict.INCONCLUSIVE


class TestAffinityBroken:
    def test_a_client_that_stays_passes(self) -> None:
        rows = kept(3, like=Kept(0, connection="new"))
        assert affinity_broken(seen(rows), timeout_s=10).verdict is Verdict.PASS

    def test_another_backend_within_the_timeout_fails(self) -> None:
        rows = [*kept(1, like=NEW), *kept(3, start_s=1, like=replace(NEW, backend="backend-2"))]
        found = affinity_broken(seen(rows), timeout_s=10)
        assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
        assert "(client-1 (node-1) by cluster_ip: 1)" in found.reason
        assert "backend-1, then backend-2, 0.402 s after proxy_stopped before on node-1" in found.details[0]

    def test_after_the_timeout_any_backend_will_do(self) -> None:
        rows = [*kept(1, like=NEW), *kept(15, start_s=14, like=replace(NEW, backend="backend-2"))]
        assert affinity_broken(seen(rows), timeout_s=10).verdict is Verdict.PASS
        assert affinity_broken(seen(rows), timeout_s=14).verdict is Verdict.FAIL

    def test_a_backend_that_goes_may_be_left(self) -> None:
        rows = [*kept(1, like=NEW), *kept(3, start_s=1, like=replace(NEW, backend="backend-2"))]
        assert affinity_broken(seen(rows), timeout_s=10, gone={"backend-1": ns(0.95)}).verdict is Verdict.PASS

    def test_each_address_is_remembered_by_itself(self) -> None:
        other = replace(NEW, backend="backend-2", address="10.77.0.12")
        assert affinity_broken(seen([*kept(1, like=NEW), *kept(1, like=other)]), timeout_s=10).verdict is Verdict.PASS

    @pytest.mark.parametrize("rows", [[], kept(3, like=Kept(0, "timeout")), [Kept(0)], [Kept(0, backend=None)]])
    def test_nothing_to_keep_is_inconclusive(self, rows: list[Row]) -> None:
        assert affinity_broken(seen(rows), timeout_s=10).verdict is Verdict.INCONCLUSIVE
