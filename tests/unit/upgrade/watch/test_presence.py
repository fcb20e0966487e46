"""Clients that come and go: what of their attempts counts."""

from __future__ import annotations

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.upgrade.watch.presence import Presence, before_leaving, before_loss
from tests.unit.checkers.histories import EMPTY, Row, declared, frame, ns, steady

FLOW = declared(Row(0))


def test_of_a_client_that_left_in_order_what_was_over_by_then_counts() -> None:
    rows = [*steady(0, 5, 0.1), Row(5, "timeout", 1000)]
    parting = before_leaving(frame(rows), ns(5.5))
    assert (parting.attempts.height, parting.dropped, parting.until_ns) == (50, 1, ns(5.5))


def test_an_outage_before_it_left_counts() -> None:
    parting = before_leaving(frame(steady(0, 5, 0.1, bad=[(3, 4)])), ns(6))
    assert parting.attempts.filter(parting.attempts["outcome"] != "ok").height == 10


def test_of_a_client_whose_node_went_the_failures_after_its_last_answer_do_not_count() -> None:
    rows = steady(0, 50, 0.1, bad=[(3, 4), (10, 50)])
    parting = before_loss(frame(rows), ns(50))
    assert parting.dropped == 400
    assert parting.attempts.filter(parting.attempts["outcome"] != "ok").height == 10
    assert ns(9.9) < parting.until_ns < ns(10)


def test_one_that_was_never_answered_was_there_for_no_time() -> None:
    rows = frame(steady(2, 5, 0.1, bad=[(0, 5)]))
    parting = before_loss(rows, ns(5))
    assert (parting.attempts.height, parting.until_ns) == (0, ns(2))
    assert before_loss(EMPTY, ns(5)).until_ns == ns(5)


class TestPresence:
    def test_a_flow_that_is_still_there_lasts_until_the_end(self) -> None:
        presence = Presence()
        presence.begin(FLOW, ns(1))
        presence.begin(FLOW, ns(2))
        assert presence.until(ns(9)) == {FLOW: (Stretch(ns(1), ns(9)),)}
        assert presence.flows == (FLOW,)

    def test_one_that_came_back_was_there_twice(self) -> None:
        presence = Presence()
        presence.begin(FLOW, ns(1))
        presence.end(FLOW, ns(3))
        presence.end(FLOW, ns(4))
        presence.begin(FLOW, ns(5))
        assert presence.until(ns(9)) == {FLOW: (Stretch(ns(1), ns(3)), Stretch(ns(5), ns(9)))}
