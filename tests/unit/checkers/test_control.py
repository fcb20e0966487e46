"""Control: what was seen before the fault must be good, soon and enough."""

import pytest

from gauntlet.checkers.control import control
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.promises.slo import load
from tests.unit.checkers.histories import EMPTY, Row, frame, steady

SLO = load(project_root() / "slos").slo("kill-proxy", ProxyMode.IPTABLES, "1.37.2")


def test_it_passes_when_all_is_well() -> None:
    assert control(frame(steady(0, 1)), SLO).verdict is Verdict.PASS


def test_a_bad_control_is_inconclusive_never_a_failure() -> None:
    found = control(frame([*steady(0, 1), Row(0.5, "timeout")]), SLO)
    assert (found.check, found.verdict) == ("control", Verdict.INCONCLUSIVE)
    assert "failed before the fault" in found.reason


def test_a_short_or_empty_control_is_inconclusive() -> None:
    assert control(frame(steady(0, 0.4)), SLO).verdict is Verdict.INCONCLUSIVE
    assert control(EMPTY, SLO).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("slow_ms", "how_many", "says"),
    [(SLO.slow_after_ms, 1, "count as an outage"), (SLO.latency.p99_ms + 1, 10, "slow before the fault")],
)
def test_a_machine_that_is_already_slow_can_judge_nothing(slow_ms: float, how_many: int, says: str) -> None:
    slow = [Row(0.1 + number / 100, latency_ms=slow_ms) for number in range(how_many)]
    found = control(frame([*steady(0, 2), *slow]), SLO)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert says in found.reason


def test_one_attempt_slower_than_the_promised_percentile_is_no_harm() -> None:
    rows = [*steady(0, 2), Row(0.5, latency_ms=SLO.latency.p99_ms + 1)]
    assert control(frame(rows), SLO).verdict is Verdict.PASS
