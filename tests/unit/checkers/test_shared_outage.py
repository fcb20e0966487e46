"""How well the length of an outage is known by several flows that saw it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gauntlet.checkers.outage import outages
from gauntlet.checkers.shared_outage import Shared, shared
from tests.unit.checkers.histories import Row, frame

# Twenty attempts a second.
EVERY_S = 0.05


def flow(
    client: str, phase_s: float, began_s: float, ended_s: float, takes_ms: float = 1.0, late_ms: float = 0.0
) -> Sequence[Row]:
    """A flow that fails between these moments; its first attempt is at `phase_s`."""
    moments = [phase_s + number * EVERY_S for number in range(120)]
    return [
        Row(
            at_s,
            client=client,
            outcome="timeout" if began_s <= at_s < ended_s else "ok",
            latency_ms=takes_ms,
            late_ms=late_ms if began_s <= at_s < began_s + EVERY_S else 0.0,
        )
        for at_s in moments
    ]


def together(*flows: Sequence[Row]) -> Shared | None:
    seen = frame([row for each in flows for row in each])
    return shared(outages(seen, hold_s=1.0), seen)


def phases(count: int) -> list[float]:
    """Begins of flows that were started one after the other, as they happen to fall."""
    return [(number * 0.0137) % EVERY_S for number in range(count)]


def test_flows_that_attempt_at_different_moments_know_its_length_better() -> None:
    alone = outages(frame(flow("a", 0.003, 1.0, 2.5)), hold_s=1.0)[0].spell
    assert alone.resolution_s == pytest.approx(EVERY_S)
    known = together(*(flow(f"client-{number}", at_s, 1.0, 2.5) for number, at_s in enumerate(phases(12))))
    assert known is not None
    assert known.flows == 12
    assert known.resolution_s < 0.01
    assert abs(known.length_s - 1.5) <= known.resolution_s + 1e-9


@pytest.mark.parametrize("takes_ms", [1.0, 30.0, 80.0])
def test_attempts_that_were_under_way_when_it_began_do_not_spoil_it(takes_ms: float) -> None:
    """A rule that goes cuts what is open through it: an attempt of a busy machine had begun long before."""
    flows = (
        flow(f"client-{number}", at_s, 1.0 - takes_ms / 1000, 2.5, takes_ms) for number, at_s in enumerate(phases(12))
    )
    known = together(*flows)
    assert known is not None
    assert abs(known.length_s - 1.5) <= known.resolution_s + 1e-9


@pytest.mark.parametrize("behind_ms", [5.0, 30.0, 45.0])
def test_attempts_of_clients_that_are_behind_when_it_begins_do_not_spoil_it(behind_ms: float) -> None:
    """Attempts took a millisecond before; what replaces a kube-proxy keeps the processors busy as it begins."""
    flows = (
        flow(f"client-{number}", at_s, 1.0 - behind_ms / 1000, 2.5, late_ms=behind_ms)
        for number, at_s in enumerate(phases(12))
    )
    known = together(*flows)
    assert known is not None
    assert abs(known.length_s - 1.5) <= known.resolution_s + 1e-9


@pytest.mark.parametrize("late", [0.0, 0.02, 0.2])
def test_one_that_saw_it_otherwise_does_not_spoil_it(late: float) -> None:
    """Its attempt began before the outage, and was held up on its own host until then."""
    most = [flow(f"client-{number}", at_s, 1.0, 2.5) for number, at_s in enumerate(phases(9))]
    known = together(*most, flow("odd", 0.011, 1.0 - late, 2.5))
    if known is not None:
        assert abs(known.length_s - 1.5) <= known.resolution_s + 1e-9 + late
    else:
        # It is the longest, and no other one agrees with it.
        assert late == 0.2


def test_flows_of_another_length_are_another_outage() -> None:
    short = [flow(f"short-{number}", at_s, 1.0, 1.6) for number, at_s in enumerate(phases(8))]
    assert together(flow("long", 0.01, 1.0, 3.0), *short) is None


def test_those_that_were_hurt_at_another_time_have_no_say() -> None:
    mine = [flow(f"mine-{number}", at_s, 1.0, 2.5) for number, at_s in enumerate(phases(5))]
    later = [flow(f"later-{number}", at_s, 4.0, 4.3) for number, at_s in enumerate(phases(9))]
    known = together(*mine, *later)
    assert known is not None
    assert known.flows == 5
    assert abs(known.length_s - 1.5) <= known.resolution_s + 1e-9


def test_one_flow_agrees_with_nobody() -> None:
    assert together(flow("a", 0.0, 1.0, 2.5)) is None


def test_an_outage_that_was_not_over_has_no_length() -> None:
    assert together(*(flow(f"client-{number}", at_s, 1.0, 99.0) for number, at_s in enumerate(phases(5)))) is None


@pytest.mark.parametrize("takes_ms", [20.0, 200.0, 800.0])
def test_one_that_was_shorter_than_an_attempt_takes_has_no_negative_length(takes_ms: float) -> None:
    """Each flow lost two attempts, on a machine that was so busy that each took long."""
    known = together(*(flow(f"client-{number}", at_s, 1.0, 1.1, takes_ms) for number, at_s in enumerate(phases(4))))
    assert known is not None
    assert 0.0 <= known.length_s - known.resolution_s <= 0.1 <= known.length_s + known.resolution_s
