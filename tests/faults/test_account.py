"""What a process knows of the faults that it injected, and how long an experiment of somebody's own keeps them."""

from __future__ import annotations

from typing import cast

from gauntlet.faults import Fault
from gauntlet.faults.chaos import faults
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


def test_an_experiment_that_follows_accounts_for_its_own_faults_alone() -> None:
    """Also after one whose healing failed, and that the journal healed since."""
    mine, others = ("a", "flush-nat", "node-1"), ("b", "flush-nat", "node-1")
    for key in (mine, others):
        faults._injected[key] = cast("Fault", None)
        faults._struck.add(key)
    try:
        faults.forget("a")
        assert not faults.was_injected("a")
        assert mine not in faults._injected
        assert faults.was_injected("b")
    finally:
        faults.forget("a")
        faults.forget("b")
