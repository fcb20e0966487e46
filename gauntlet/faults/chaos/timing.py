"""How long an experiment keeps a node hurt, and whether the node would undo it by itself before that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaoslib import substitute

from gauntlet.faults.chaos.target import Configuration, target_of
from gauntlet.faults.node_fault import NodeFault
from gauntlet.faults.registry import FAULTS
from gauntlet.ground.errors import UsageError

# For the commands between injection and end: a replaced endpoint has to be obeyed, a kube-proxy restarted.
_MARGIN_S = 30.0


def refuse_early_timer(experiment: Mapping[str, Any], configuration: Configuration) -> None:
    """Raise UsageError, before anything was injected, if the dead-man timer could fire while the fault is watched.

    What the timer undoes would look as if kube-proxy had recovered without help, or as if a remedy had worked.
    """
    timer_s = target_of(configuration).dead_man_s
    hurt_s = hurt_for_s(experiment, configuration)
    if hurt_s is None or timer_s > hurt_s + _MARGIN_S:
        return
    raise UsageError(
        f"the experiment keeps its node hurt for up to {hurt_s:g} s, and {_MARGIN_S:g} s may go by between its steps, "
        f"but the dead-man timer of the node undoes the fault after {timer_s:g} s",
        f"set GAUNTLET_DEAD_MAN_S above {hurt_s + _MARGIN_S:g}, or GAUNTLET_HOLD_S and GAUNTLET_WITHIN_S lower",
    )


def hurt_for_s(experiment: Mapping[str, Any], configuration: Configuration) -> float | None:
    """Seconds of pauses and waits between the injection and its end; None if the fault has no timer."""
    hurt_s = None
    for step in experiment["method"]:
        provider = step.get("provider", {})  # a step may refer to another one, or be a process or a request
        function, arguments = provider.get("func"), substitute(provider.get("arguments") or {}, configuration, {})
        if function == "inject" and issubclass(FAULTS.get(arguments.get("fault", ""), object), NodeFault):
            hurt_s = 0.0
        if hurt_s is not None and function in ("heal", "restart_proxy"):
            return hurt_s + sum(_given_s({"before": step.get("pauses", {}).get("before", 0)}, configuration))
        if hurt_s is not None:
            waits = {"within_s": arguments.get("within_s", 0), **step.get("pauses", {})}
            hurt_s += sum(_given_s(waits, configuration))
    return hurt_s


def _given_s(times: Mapping[str, Any], configuration: Configuration) -> Iterator[float]:
    """The times with their variables filled in, as Chaos Toolkit does it."""
    for value in substitute(times, configuration, {}).values():
        yield float(value)
