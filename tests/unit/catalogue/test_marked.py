"""Which attempts of a flow count for a step."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gauntlet.ground import history
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.workload.catalogue.started import Started
from gauntlet.workload.catalogue.step import Flow


def started(protocol: Protocol, *at_ns: int) -> Started:
    """A flow that attempted something at these times, and was judged last at 10 ns."""
    frame = history.attempts([]).select("at_ns").vstack(pl.DataFrame({"at_ns": at_ns}, schema={"at_ns": pl.Int64()}))
    running = SimpleNamespace(so_far=lambda: frame)
    return Started(Flow("web", protocol=protocol), None, None, None, None, running, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_what_was_begun_before_the_step_was_in_effect_is_none_of_its_attempts(protocol: Protocol) -> None:
    flow = started(protocol, 5, 15, 20, 25)
    assert flow.attempts_of_the_step() == 4
    flow.mark(20)
    assert flow.attempts_of_the_step() == 2


def test_of_a_connection_all_is_judged_since_it_was_judged_last() -> None:
    tcp, udp = (started(each, 5, 15, 20, 25) for each in (Protocol.TCP, Protocol.UDP))
    for flow in (tcp, udp):
        flow.mark(20)
    assert (tcp.since_ns, udp.since_ns) == (10, 20)
