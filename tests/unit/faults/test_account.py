"""What a process knows of the faults that it injected, and how long an experiment of somebody's own keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from gauntlet.faults import Fault
from gauntlet.faults.chaos.account import Account, Key, Stage
from gauntlet.faults.chaos.timing import hurt_for_s

CONFIGURATION: dict[str, str | int | float | None] = {"kubeconfig": "/nowhere", "fault": "flush-nat", "hold_s": 7.0}


def test_steps_of_other_kinds_do_not_hide_how_long_a_node_is_hurt() -> None:
    """An error here would leave the experiment without its clean-up: Chaos Toolkit drops those of controls."""
    method = [
        {"ref": "a probe of the steady state"},
        {"type": "probe", "provider": {"type": "http", "url": "http://localhost"}},
        {"type": "action", "provider": {"type": "python", "module": "somebody.else", "func": "inject"}},
        {"provider": {"func": "inject", "arguments": {"fault": "${fault}"}}, "pauses": {"after": "${hold_s}"}},
        {"type": "action", "provider": {"type": "process", "path": "true"}, "pauses": {"before": 3}},
        {"provider": {"func": "heal", "arguments": {"fault": "${fault}"}}},
    ]
    assert hurt_for_s({"method": method}, CONFIGURATION) == 10.0


MINE, OTHERS = Key("a", "flush-nat", "node-1"), Key("b", "flush-nat", "node-1")


@dataclass(frozen=True)
class Named:
    """As much of a fault as an account knows."""

    id: str


def account(*keys: Key) -> Account:
    made = Account()
    for key in keys:
        made.open(key, cast("Fault", Named(f"{key.fault}-{key.cluster}")))
        made.mark(key, Stage.STRUCK)
    return made


def test_an_experiment_that_follows_accounts_for_its_own_faults_alone() -> None:
    """Also after one whose healing failed, and that the journal healed since."""
    kept = account(MINE, OTHERS)
    kept.forget("a")
    assert not kept.has_struck("a")
    assert kept.fault(MINE) is None
    assert kept.is_settled("a")
    assert kept.has_struck("b")
    assert kept.unhealed("b") == (OTHERS,)


def test_a_fault_is_settled_once_it_has_landed_and_is_healed() -> None:
    kept = account(MINE, OTHERS)
    for stage in (Stage.HEALED, Stage.LANDED):
        assert not kept.is_settled("a"), f"before it is {stage}"
        kept.mark(MINE, stage)
    assert kept.is_settled("a")
    assert kept.unhealed("a") == ()
    assert not kept.is_settled("b")


def test_a_fault_that_is_injected_again_has_still_to_strike_land_and_heal() -> None:
    kept = account(MINE)
    kept.mark(MINE, Stage.LANDED)
    kept.mark(MINE, Stage.HEALED)
    kept.open(MINE, cast("Fault", Named("flush-nat-again")))
    assert kept.unhealed("a") == (MINE,)
    assert not kept.is_settled("a")
    assert not kept.has_struck("a")
    known = kept.fault(MINE)
    assert known is not None
    assert known.id == "flush-nat-again"


def test_faults_are_healed_in_the_order_of_their_injection_or_backwards() -> None:
    second = MINE._replace(fault="stop-proxy")
    assert account(MINE, OTHERS, second).unhealed("a") == (MINE, second)
