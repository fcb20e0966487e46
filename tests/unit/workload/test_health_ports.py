"""Health check node ports are listened to until every node says what it should, wherever that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gauntlet.ground.errors import GauntletError
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.health_ports import Heard, hear, listen
from gauntlet.workload.health_rounds import HealthCourses, Round

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


class Going:
    """Stands for the rounds: what was heard of each course, or what ended them all."""

    def __init__(self, trouble: GauntletError | None = None) -> None:
        self.trouble = trouble
        self.times = 0

    def heard(self, courses: Mapping[str, Sequence[Round]]) -> Mapping[str, Sequence[Heard]]:
        self.times += 1
        if self.trouble is not None:
            raise self.trouble
        return {name: [Heard({HERE: name}, {})] for name in courses}


def courses(going: Going) -> HealthCourses:
    return HealthCourses(going, {"policy": (), "type": ()})  # type: ignore[arg-type]


def test_all_courses_are_taken_for_the_first_who_asks() -> None:
    going = Going()
    made = courses(going)
    assert going.times == 0
    assert [made.heard(name)[0].expected for name in ("type", "policy")] == [{HERE: "type"}, {HERE: "policy"}]
    assert going.times == 1


def test_what_ended_the_courses_is_told_whoever_asks() -> None:
    going = Going(GauntletError("the API server is away"))
    made = courses(going)
    for name in ("type", "policy"):
        with pytest.raises(GauntletError, match="is away"):
            made.heard(name)
    assert going.times == 1
