"""Health check node ports of several Services that change in rounds: all of a round are waited for together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api
from gauntlet.workload.changes import Endpoints
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.health_ports import HealthPorts, Heard, listen
from gauntlet.workload.service import Service

# Whose port, at which address.
_Place: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Round:
    """What is there of one Service from now on. Without `service` it is deleted."""

    service: Service | None
    endpoints: Endpoints = ()


@dataclass(frozen=True)
class HealthRounds:
    """Takes Services through their rounds, the first of each together, the second of each, …

    kube-proxy writes at most once a second: a Service by itself would wait for that in each of its rounds.
    """

    api: Api
    namespace: str
    nodes: Sequence[Node]
    asker: Host
    disobeyed: Disobeyed

    def heard(self, courses: Mapping[str, Sequence[Round]]) -> Mapping[str, Sequence[Heard]]:
        """What was heard of each in each of its rounds, when every node said what it should or at the deadline."""
        every = [HealthPorts(self.api, self.namespace, self.nodes, self.asker, self.disobeyed) for _ in courses]
        told = [list[Heard]() for _ in courses]
        for turn in range(max(map(len, courses.values()), default=0)):
            expected = {
                number: self._taken(ports, number, course[turn])
                for number, (ports, course) in enumerate(zip(every, courses.values(), strict=True))
                if turn < len(course)
            }
            heard = self._listen(every, expected)
            for number, said in expected.items():
                told[number].append(Heard(said, {address: heard[number, address] for address in said}))
        return dict(zip(courses, told, strict=True))

    def _taken(self, ports: HealthPorts, number: int, to: Round) -> Mapping[str, str]:
        if to.service is None:
            return ports.vanish()
        return ports.become(replace(to.service, name=f"{to.service.name}-{number}"), to.endpoints)

    def _listen(self, every: Sequence[HealthPorts], expected: Mapping[int, Mapping[str, str]]) -> Mapping[_Place, str]:
        wanted = {(number, address): said for number, of in expected.items() for address, said in of.items()}

        def ask() -> Mapping[_Place, str]:
            with ThreadPoolExecutor(max(1, len(wanted))) as pool:
                return dict(zip(wanted, pool.map(lambda place: every[place[0]].ask(place[1]), wanted), strict=True))

        return listen(wanted, ask, self.disobeyed, lambda place: place[1])


class HealthCourses:
    """Courses of several Services, by name: taken as soon as somebody asks what was heard of one."""

    def __init__(self, rounds: HealthRounds, courses: Mapping[str, Sequence[Round]]) -> None:
        self._rounds = rounds
        self._courses = courses
        self._heard: Mapping[str, Sequence[Heard]] = {}
        self._trouble: GauntletError | None = None

    def heard(self, name: str) -> Sequence[Heard]:
        """What was heard of this one in its rounds. Raises what ended the courses, whoever asks."""
        if self._trouble is None and not self._heard:
            try:
                self._heard = self._rounds.heard(self._courses)
            except GauntletError as error:
                self._trouble = error
        if self._trouble is not None:
            raise self._trouble
        return self._heard[name]
