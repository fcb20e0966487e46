"""Whether kube-proxies still run at the end of a phase."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.proxy.process import ProxyProcess
from gauntlet.upgrade.standing import Standing, lasting, remembered

THIS, OTHER = Standing(ProxyProcess(17, "100")), Standing(ProxyProcess(17, "200"))
BEFORE = {"node-1": THIS, "node-2": OTHER}


def now(**changed: Standing) -> Mapping[str, Standing]:
    return {**BEFORE, **{name.replace("_", "-"): each for name, each in changed.items()}}


def test_the_same_kube_proxies_in_health_pass() -> None:
    found = lasting(BEFORE, now())
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(), "has ended"),
        (Standing(ProxyProcess(17, "101")), "was restarted"),
        (Standing(ProxyProcess(18, "100")), "was restarted"),
        (Standing(ProxyProcess(17, "100"), "kube-proxy /healthz says 503"), "says 503"),
    ],
)
def test_one_that_ended_or_was_restarted_or_is_not_healthy_fails(standing: Standing, words: str) -> None:
    found = lasting(BEFORE, now(node_1=standing))
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "node-1: " in found.reason
    assert words in found.reason
    assert "node-2" not in found.reason


def test_one_that_was_gone_when_it_was_looked_at_first_fails_too() -> None:
    assert lasting({**BEFORE, "node-1": Standing()}, now()).verdict is Verdict.FAIL


def test_a_node_that_says_nothing_is_inconclusive_and_does_not_hide_another() -> None:
    assert lasting(BEFORE, now(node_1=Standing(unseen="no answer"))).verdict is Verdict.INCONCLUSIVE
    assert lasting({**BEFORE, "node-1": Standing(unseen="no answer")}, now()).verdict is Verdict.INCONCLUSIVE
    assert lasting(BEFORE, now(node_1=Standing(unseen="no answer"), node_2=Standing())).verdict is Verdict.FAIL
    assert lasting(BEFORE, {}).verdict is Verdict.INCONCLUSIVE


def test_a_restart_is_reported_in_its_phase_alone_and_one_that_is_gone_in_each() -> None:
    restarted, gone = now(node_1=OTHER), now(node_1=Standing())
    assert lasting(remembered(BEFORE, restarted), restarted).verdict is Verdict.PASS
    assert lasting(remembered(BEFORE, gone), gone).verdict is Verdict.FAIL
    unseen = now(node_1=Standing(unseen="no answer"))
    assert remembered(BEFORE, unseen) == BEFORE
