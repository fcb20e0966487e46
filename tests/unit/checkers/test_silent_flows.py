"""A declared flow that falls silent is named, and nothing that rests on it passes."""

from __future__ import annotations

import pytest

from gauntlet.checkers.experiment import CHECKS
from gauntlet.checkers.losses import LOSSES
from gauntlet.checkers.windows import AFTER, CONTROL, HURT, WINDOWS
from gauntlet.ground.finding import Verdict
from tests.unit.checkers.experiments import DECLARED, judged, traffic, wrong
from tests.unit.checkers.histories import Row, declared, steady

WINDOW_ENDS_S = {CONTROL: 4.9, HURT: 11.9, AFTER: 25}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("silent", ["client-node-1", "client-node-2"])
def test_a_declared_flow_that_falls_silent_in_a_window_is_named_and_nothing_that_rests_on_it_passes(
    silent: str, window: str
) -> None:
    start_s = {CONTROL: 0, HURT: 5.02, AFTER: 15}[window]
    rows = [row for row in traffic() if row.client != silent or not start_s <= row.at_s < WINDOW_ENDS_S[window]]
    found = judged("kill-proxy", rows)
    assert found["flows"].verdict is Verdict.INCONCLUSIVE
    assert f"{silent} " in found["flows"].reason
    assert f"in the window '{window}'" in found["flows"].reason
    rest = {
        CONTROL: set(CHECKS) - {"landed", "held", "healed"},
        HURT: {"flows", "correctness", "availability", "error-kinds", "blast-radius", "outage", "recovery", *LOSSES},
        AFTER: {
            *("flows", "correctness", "error-kinds", "blast-radius", "outage", "recovery"),
            *("after", "latency", "balance", *LOSSES),
        },
    }
    assert wrong(found) == dict.fromkeys(rest[window], Verdict.INCONCLUSIVE)
    if window != CONTROL:
        assert f"silent in the window {window!r} (seen: " in found["outage"].reason
        assert found["outage"].remedy == "first follow the advice of the finding `flows`"


def test_a_flow_that_falls_silent_in_the_middle_of_a_window_is_named() -> None:
    found = judged("kill-proxy", [row for row in traffic() if row.client != "client-node-2" or row.at_s < 20])
    assert found["flows"].details == (
        "client-node-2 (node-2) -> test/web cluster_ip 10.96.0.10:80/tcp in the window 'after'",
    )


def test_a_declared_flow_that_never_attempted_is_named() -> None:
    never = declared(Row(0, client="outside", node=None, address="10.77.0.11"))
    found = judged("kill-proxy", traffic(), flows={**DECLARED, never: (HURT, AFTER)})
    assert "outside -> test/web cluster_ip 10.77.0.11:80/tcp in the window 'hurt'" in found["flows"].reason
    assert found["control"].verdict is Verdict.PASS
    assert found["blast-radius"].verdict is Verdict.INCONCLUSIVE


def test_a_flow_that_joins_in_the_hurt_window_is_silent_only_after_it_joined() -> None:
    late = steady(9, 26, 0.02, client="late", node="node-2")
    flows = {**DECLARED, declared(late[0]): (HURT, AFTER)}
    assert judged("kill-proxy", [*traffic(), *late], flows=flows)["flows"].verdict is Verdict.PASS
    cut = [row for row in late if not 9.5 < row.at_s < 12]
    assert "late" in judged("kill-proxy", [*traffic(), *cut], flows=flows)["flows"].reason


def test_a_silent_flow_excuses_nobody() -> None:
    rows = [row for row in traffic([(6, 6.5)]) if row.client != "client-node-2" or row.at_s < 5]
    found = judged("kill-proxy", rows)
    assert found["availability"].verdict is Verdict.FAIL
    assert found["flows"].verdict is Verdict.INCONCLUSIVE


def test_an_experiment_without_declared_flows_is_inconclusive() -> None:
    assert judged("kill-proxy", traffic(), flows={})["flows"].verdict is Verdict.INCONCLUSIVE
