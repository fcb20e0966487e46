"""Figures of the next kube-proxy beside today's: what is judged, and what is only measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.proxy.consumption import Consumption
from gauntlet.upgrade.figures import CPU, KINDS, LATENCY, MEMORY, SYNC, compared, figures, figures_of, values
from gauntlet.upgrade.phases import by_phase
from tests.unit.checkers.histories import ns
from tests.unit.upgrade.upgrades import PLANNED, SUBJECTS, TERMS, passage, seen, start_s

JUDGING = replace(
    TERMS,
    slo=TERMS.slo.model_copy(
        update={"worse": TERMS.slo.worse.model_copy(update={kind.field: 3.0 for kind in KINDS})},
    ),
)
NAMES = {side: each.name for side, each in SUBJECTS.items()}
ONE, AGAIN = [40.0, 42.0, 44.0], [41.0, 43.0, 47.0]


@pytest.mark.parametrize(
    ("following", "verdict"),
    [
        ([40.0, 44.0, 46.0], Verdict.PASS),
        ([90.0, 120.0, 128.0], Verdict.PASS),
        ([120.0, 131.0, 150.0], Verdict.INCONCLUSIVE),
        ([142.0, 150.0, 151.0], Verdict.FAIL),
    ],
)
def test_only_if_each_is_more_than_promised_beside_each_of_todays_it_is_worse(
    following: list[float], verdict: Verdict
) -> None:
    found = compared(MEMORY, [ONE, AGAIN], following, TERMS)
    assert found.verdict is verdict
    assert "times as much" in found.reason
    assert found.promise.startswith("worse.memory: 3")


def test_without_a_second_hold_of_todays_it_is_measured() -> None:
    found = compared(MEMORY, [ONE, []], [500.0, 501.0, 502.0], TERMS)
    assert found.verdict is Verdict.MEASURED
    assert "not judged" in found.reason


def test_without_a_promise_or_without_todays_it_is_measured() -> None:
    nothing = replace(
        TERMS, slo=TERMS.slo.model_copy(update={"worse": TERMS.slo.worse.model_copy(update={"memory": None})})
    )
    assert compared(MEMORY, [ONE, AGAIN], [500.0], nothing).verdict is Verdict.MEASURED
    assert compared(MEMORY, [[], []], [500.0], TERMS).verdict is Verdict.MEASURED
    assert compared(CPU, [[0.0], [0.0]], [1.0], JUDGING).verdict is Verdict.MEASURED


def test_the_figures_of_a_phase_are_those_of_its_attempts_and_its_nodes() -> None:
    part = by_phase(seen(), PLANNED)["hold-from"]
    found = values(part, {"node-1": Consumption(0.02, 40.0, 0.03), "node-2": Consumption(0.04, 50.0, None)})
    assert found[LATENCY] == [2.0]
    assert found[SYNC] == [30.0]
    assert found[CPU] == [2.0, 4.0]
    assert found[MEMORY] == [40.0, 50.0]


def test_each_hold_has_its_figures_and_those_of_the_next_one_are_compared() -> None:
    today, following = {kind: [1.0, 2.0] for kind in KINDS}, {kind: [9.0] for kind in KINDS}
    by_hold = {"hold-from": today, "hold-to": following, "hold-back": today, "mixed": today, "roll-back": today}
    found = list(figures(PLANNED, by_hold, JUDGING, NAMES))
    assert {(each.phase, each.subject) for each in found} == {
        *(("hold-from", "iptables"), ("hold-to", "nftables"), ("hold-back", "iptables")),
    }
    assert {each.finding.check for each in found if each.finding.verdict is Verdict.FAIL} == {
        kind.check for kind in KINDS
    }
    assert {each.phase for each in found if each.finding.verdict is Verdict.FAIL} == {"hold-to"}


@pytest.mark.parametrize(("phase", "verdict"), [("hold-to", Verdict.INCONCLUSIVE), ("hold-from", Verdict.FAIL)])
def test_what_is_worse_while_the_api_server_is_away_is_not_known(phase: str, verdict: Verdict) -> None:
    whole, since_s = seen(), start_s(phase)
    away = [
        Event(EventKind.API_AWAY, "api-server", at_ns=ns(since_s + 1)),
        Event(EventKind.API_BACK, "api-server", at_ns=ns(since_s + 3)),
    ]
    events = pl.concat([whole.events, history.events(each.row() for each in away)])
    memory_mib = {"hold-from": 40.0, "hold-back": 41.0, "hold-to": 400.0}
    consumed = {name: {"node-1": Consumption(0.02, mib, None)} for name, mib in memory_mib.items()}
    found = figures_of(History(whole.attempts, events), replace(passage(), consumed=consumed), PLANNED, TERMS, NAMES)
    (memory,) = (each.finding for each in found if (each.phase, each.finding.check) == ("hold-to", "memory"))
    assert memory.verdict is verdict
