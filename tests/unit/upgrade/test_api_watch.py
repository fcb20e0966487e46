"""What an upgrade makes of an API server that does not answer for a while."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind
from gauntlet.upgrade.api_watch import absences, excused
from tests.unit.checkers.histories import ns

PHASE = Stretch(ns(100), ns(200))
FAILED = Finding("replacement", Verdict.FAIL, "it does not serve", node="node-1")


def events(*moments: tuple[EventKind, float]) -> pl.DataFrame:
    return history.events(Event(kind, "any", at_ns=ns(at_s)).row() for kind, at_s in moments)


def spans(found: Sequence[Stretch]) -> list[tuple[float, float]]:
    return [((each.start_ns - ns(0)) / 1e9, (each.end_ns - ns(0)) / 1e9) for each in found]


def test_an_absence_lasts_until_the_api_server_is_back_or_to_the_end() -> None:
    away, back = EventKind.API_AWAY, EventKind.API_BACK
    assert absences(events((EventKind.PHASE_STARTED, 1))) == []
    assert spans(absences(events((away, 10), (back, 12), (away, 20), (EventKind.PHASE_ENDED, 25)))) == [
        (10.0, 12.0),
        (20.0, pytest.approx(25.0)),
    ]


@pytest.mark.parametrize(
    ("start_s", "end_s", "verdict"),
    [
        (110, 170, Verdict.INCONCLUSIVE),
        # Before it, but a kube-proxy may wait for half a minute before it asks again.
        (60, 80, Verdict.INCONCLUSIVE),
        (60, 69, Verdict.FAIL),
        (201, 210, Verdict.FAIL),
    ],
)
def test_what_fails_while_it_is_away_says_nothing_of_a_kube_proxy(
    start_s: float, end_s: float, verdict: Verdict
) -> None:
    found = excused([FAILED], [Stretch(ns(start_s), ns(end_s))], PHASE)
    assert found[0].verdict is verdict
    assert (len(found) == 2) == (verdict is Verdict.INCONCLUSIVE)


def test_how_long_it_was_away_is_said_with_what_failed() -> None:
    failed, absence = excused([FAILED], [Stretch(ns(110), ns(170))], PHASE)
    assert "did not answer for 60.0 s from +10.000 s on: it does not serve" in failed.reason
    assert (absence.check, absence.verdict, absence.figure) == ("api-server", Verdict.MEASURED, 60.0)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.MEASURED, Verdict.INCONCLUSIVE])
def test_nothing_but_a_failure_is_changed(verdict: Verdict) -> None:
    finding = Finding("outage", verdict, "as it was")
    assert excused([finding], [Stretch(ns(110), ns(170))], PHASE)[0] == finding


@pytest.mark.parametrize("check", ["correctness", "correctness: DNS"])
def test_a_wrong_backend_is_wrong_without_an_api_server_too(check: str) -> None:
    wrong = Finding(check, Verdict.FAIL, "a reply of a wrong backend")
    assert excused([wrong], [Stretch(ns(110), ns(170))], PHASE)[0] == wrong
