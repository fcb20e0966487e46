"""What declared cases need if they ask SCTP: servers that speak it, in the pods that they lead to."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import Protocol
from gauntlet.traffic.sctp_servers import SctpServers
from gauntlet.workload.catalogue.course import Course
from gauntlet.workload.catalogue.step import Step


def await_servers(servers: SctpServers, courses: Sequence[Course], number: int) -> None:
    """Have the servers there if a case asks SCTP in the step with this number. Without them such a case ends."""
    asking = [course for course in courses if _asks(course.step(number))]
    if not asking:
        return
    try:
        servers.ensure()
    except Inconclusive as error:
        for course in asking:
            course.trouble = error


def _asks(step: Step | None) -> bool:
    return step is not None and any(port.protocol is Protocol.SCTP for each in step.services for port in each.ports)
