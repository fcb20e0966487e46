"""Health check node ports are listened to until every node says what it should, wherever that is asked."""

from __future__ import annotations

from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.health_ports import hear, listen

HERE, THERE = "10.77.0.11", "10.77.0.12"


def test_what_is_heard_in_the_end_counts() -> None:
    said = iter([{HERE: "200"}, {HERE: "503"}])
    heard = hear({HERE: "503"}, lambda: next(said), Disobeyed(0.0))
    assert heard.heard == heard.expected


def test_ports_of_several_services_are_waited_for_together() -> None:
    expected = {(0, HERE): "200", (1, HERE): "503", (1, THERE): "200"}
    said = iter([expected | {(0, HERE): "503"}, expected | {(1, THERE): "503"}, expected])
    assert listen(expected, lambda: next(said), Disobeyed(0.0), lambda place: place[1]) == expected


def test_a_node_that_was_waited_for_in_vain_is_so_whatever_service_is_asked() -> None:
    known = Disobeyed(0.0)
    known.note([THERE], (), 15.0)
    wrong = {(0, HERE): "200", (1, THERE): "503"}
    assert listen({**wrong, (1, THERE): "200"}, lambda: wrong, known, lambda place: place[1]) == wrong
