"""What follows a roll that stopped, and what is said of it."""

from __future__ import annotations

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.phases import Extent, Leg, Phase, Selection, Side, phases
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.undoing import BROKEN_OFF, HOLD_UNDONE, UNDO, aftermath, failed_nodes, stopped, undoing
from gauntlet.upgrade.verdict import Concern, Observation

NODES = ("node-1", "node-2", "node-3")
NAMES = {Side.FROM: "iptables", Side.TO: "next"}
FAILED = Finding("replacement", Verdict.FAIL, "it does not serve", node="node-2")


def roll(name: str = "roll-forward", strategy: str = "node-by-node") -> Phase:
    every = phases(Strategy.parse(strategy).roll(NODES))
    return next(phase for phase in every if phase.name == name)


def halted(*given: str, name: str = "roll-forward", strategy: str = "node-by-node") -> Phase:
    return stopped(roll(name, strategy), {node: Side.TO if node in given else Side.FROM for node in NODES})


def test_all_that_were_given_the_next_one_get_todays_again_the_ill_one_first() -> None:
    back, hold = undoing(halted("node-1", "node-2"), ["node-2"])
    assert (back.name, back.leg, back.towards) == (UNDO, Leg.BACK, Side.FROM)
    assert back.batches == (("node-2",), ("node-1",))
    assert hold.name == HOLD_UNDONE
    assert hold.after == dict.fromkeys(NODES, Side.FROM)


def test_nodes_that_were_rolled_at_the_same_time_go_back_at_the_same_time() -> None:
    back, _ = undoing(halted(*NODES, strategy="all-at-once"), ["node-2"])
    assert back.batches == (NODES,)


def test_a_way_back_that_stops_is_not_undone() -> None:
    assert undoing(halted("node-3", name="roll-back"), ["node-2"]) == ()


def test_only_a_kube_proxy_that_does_not_serve_is_one_that_failed() -> None:
    unclear = Finding("replacement", Verdict.INCONCLUSIVE, "no API", node="node-1")
    assert failed_nodes([FAILED, unclear]) == {"node-2"}


def test_the_plan_has_what_undid_the_roll_behind_the_phase_that_stopped() -> None:
    plan = Plan.of(NODES, Strategy.parse("node-by-node"), Extent.QUICK, Selection.NONE)
    hold, _, *rest = plan.run
    failed = halted("node-1", "node-2")
    came = plan.after((hold, failed, *undoing(failed, ["node-2"])))
    assert [phase.name for phase in came.run] == [
        *("hold-from", "roll-forward", UNDO, HOLD_UNDONE),
        *(phase.name for phase in rest),
    ]
    assert came.run[1].after == {"node-1": Side.TO, "node-2": Side.TO, "node-3": Side.FROM}


def observation(phase: str, check: str, verdict: Verdict, reason: str = "why") -> Observation:
    return Observation(phase, Concern.WAY_BACK, Finding(check, verdict, reason))


FAILURE = Observation("roll-forward", Concern.ROLL, FAILED)
FINE = observation(HOLD_UNDONE, "endpoint-change", Verdict.PASS)


@pytest.mark.parametrize(
    ("back", "words"),
    [
        ([FINE], "the way back worked: every node has iptables again"),
        (
            [FINE, observation(UNDO, "outage: new TCP", Verdict.FAIL)],
            "the way back worked, but not for nothing: outage: new TCP: every node",
        ),
        (
            [observation(UNDO, "replacement", Verdict.FAIL, "it does not start")],
            "the way back did not work: it does not start",
        ),
        (
            [observation(HOLD_UNDONE, "endpoint-change", Verdict.FAIL, "no node followed")],
            "the way back did not work: no node followed",
        ),
        ([observation(UNDO, "outage: new TCP", Verdict.PASS)], "the way back did not work: hold-undone was not over"),
    ],
)
def test_whether_the_way_back_worked_is_said(back: list[Observation], words: str) -> None:
    failed = halted("node-1", "node-2")
    said = aftermath((failed, *undoing(failed, ["node-2"])), [FAILURE, *back], NAMES)
    assert said.startswith("The roll stopped in roll-forward. It was rolled back, and ")
    assert words in said


def test_what_each_node_is_left_with_is_said() -> None:
    said = aftermath((halted("node-1", "node-2"),), [FAILURE], NAMES)
    assert said == (
        "The roll stopped in roll-forward, and all is left as it was then: node-1 has been given next, "
        "node-2 has been given next, node-3 has been given iptables."
    )


@pytest.mark.parametrize("phase", [UNDO, HOLD_UNDONE])
def test_of_a_way_back_that_was_broken_off_it_is_only_said_what_nodes_have(phase: str) -> None:
    failed = halted("node-1", "node-2")
    back, hold = undoing(failed, ["node-2"])
    given = {"node-1": Side.TO, "node-2": Side.FROM, "node-3": Side.FROM}
    taken = {UNDO: (failed, stopped(back, given)), HOLD_UNDONE: (failed, back, stopped(hold, given))}[phase]
    interrupted = Observation(phase, Concern.ROLL, Finding(BROKEN_OFF, Verdict.INCONCLUSIVE, "the run was interrupted"))
    assert aftermath(taken, [FAILURE, interrupted], NAMES) == (
        f"The roll stopped in roll-forward, and {phase} was not over when the upgrade was broken off (the run was "
        "interrupted): node-1 has been given next, node-2 has been given iptables, node-3 has been given iptables."
    )


def test_nothing_is_said_of_an_upgrade_that_did_not_stop() -> None:
    assert aftermath((roll(),), [observation("roll-forward", "outage: new TCP", Verdict.FAIL)], NAMES) == ""
