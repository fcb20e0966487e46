"""What was waited for in vain once is waited for shortly afterwards, and only that."""

from __future__ import annotations

from gauntlet.ground.history import Frontend
from gauntlet.traffic import Target
from gauntlet.workload.disobeyed import Disobeyed, kind

TCP, UDP = "cluster ip, tcp", "node port, udp"


def test_a_first_wait_goes_on_to_its_deadline() -> None:
    assert not Disobeyed(4.0).is_enough([UDP], 14.9)


def test_what_a_deadline_was_not_enough_for_ends_the_next_wait_early() -> None:
    known = Disobeyed(4.0)
    known.note([UDP], [TCP], 15.0)
    assert not known.is_enough([UDP], 3.9)
    assert known.is_enough([UDP], 4.0)


def test_whatever_else_is_pending_is_waited_for() -> None:
    known = Disobeyed(4.0)
    known.note([UDP], [], 15.0)
    assert not known.is_enough([UDP, TCP], 14.9)


def test_a_wait_that_was_short_tells_nothing() -> None:
    known = Disobeyed(4.0)
    known.note([UDP], [], 0.0)
    assert not known.is_enough([UDP], 14.9)


def test_what_is_obeyed_again_is_waited_for_again() -> None:
    known = Disobeyed(4.0)
    known.note([UDP], [], 15.0)
    known.note([], [UDP], 1.0)
    assert not known.is_enough([UDP], 14.9)


def test_a_wait_is_over_when_nothing_is_left() -> None:
    answers = [[UDP, TCP], [TCP], []]
    Disobeyed(4.0).wait(lambda: answers.pop(0), [UDP, TCP], what="all obey", deadline_s=60.0, every_s=0.0)
    assert not answers


def test_a_wait_for_what_was_waited_for_in_vain_is_short() -> None:
    known = Disobeyed(0.0)
    known.wait(lambda: [UDP], [UDP, TCP], what="all obey", deadline_s=0.0)
    answers = [[UDP, TCP], [UDP]]
    known.wait(lambda: answers.pop(0), [UDP, TCP], what="all obey", deadline_s=60.0, every_s=0.0)
    assert not answers


def test_whoever_asks_a_node_port_asks_its_node_and_all_else_is_served_by_their_own() -> None:
    first, second = (Target("shop/web", Frontend.NODE_PORT, f"10.77.0.{number}", 30_080) for number in (11, 12))
    assert kind("client", first, "answered") != kind("client", second, "answered")
    one, other = (Target("shop/web", Frontend.CLUSTER_IP, address, 80) for address in ("10.96.0.1", "10.96.0.2"))
    assert kind("client", one, "answered") == kind("client", other, "answered")
    assert len({kind("client", one, "answered"), kind("client", one, "refused"), kind("node", one, "refused")}) == 3
    ipv6 = Target("shop/web", Frontend.CLUSTER_IP, "fd00:96::1", 80)
    assert kind("client", one, "answered") != kind("client", ipv6, "answered")
