"""What follows a roll that stopped because a node's next kube-proxy does not serve."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.upgrade.phases import Leg, Phase, Side, Task
from gauntlet.upgrade.verdict import Observation

UNDO, HOLD_UNDONE = "undo-roll", "hold-undone"
BROKEN_OFF = "broken-off"
# The way back was gone, if these hold, whatever it cost.
_WORKS = frozenset({"replacement", "ready", "kube-proxy", "endpoint-change"})


class OnFailure(StrEnum):
    """What is done with the nodes that have been given the next kube-proxy when the roll stops."""

    ROLL_BACK = "roll-back"
    LEAVE = "leave"


def stopped(phase: Phase, given: Mapping[str, Side]) -> Phase:
    """A phase as it was when its roll stopped: which kube-proxy each node was given last."""
    return replace(phase, after=dict(given))


def undoing(phase: Phase, failed: Collection[str]) -> tuple[Phase, ...]:
    """The phases that give each node today's kube-proxy again, after this one `stopped`; none if none needs it.

    The nodes that do not serve come first, as a DaemonSet updates unavailable pods first; the others follow as they
    were rolled: at the same time, or one by one.
    """
    touched = [node for node, side in phase.after.items() if side is Side.TO]
    if phase.towards is not Side.TO or not touched:
        return ()
    together = any(len(batch) > 1 for batch in phase.batches)
    ill = tuple(node for node in touched if node in failed)
    sound = [(node,) for node in touched if node not in failed]
    batches = (tuple(touched),) if together else (ill, *sound) if ill else tuple(sound)
    before = dict.fromkeys(phase.after, Side.FROM)
    return (
        Phase(UNDO, Task.ROLL, Leg.BACK, before, Side.FROM, batches),
        Phase(HOLD_UNDONE, Task.HOLD, Leg.BACK, before),
    )


def aftermath(taken: Sequence[Phase], observations: Sequence[Observation], names: Mapping[Side, str]) -> str:
    """What became of a roll that stopped, in words; empty if none did.

    `taken` are the phases that were gone through; the roll stopped in the one with a `replacement` that does not pass.
    Of a way back that was broken off nothing is said but what each node has been given last.
    """
    troubled = {each.phase for each in observations if _is_trouble(each)}
    halted = next((phase for phase in taken if phase.name in troubled), None)
    if halted is None:
        return ""
    stop = f"The roll stopped in {halted.name}"
    broken_off = next((each for each in observations if each.finding.check == BROKEN_OFF), None)
    if broken_off is not None and broken_off.phase in (UNDO, HOLD_UNDONE):
        why, given = broken_off.finding.reason, _given(taken[-1], names)
        return f"{stop}, and {broken_off.phase} was not over when the upgrade was broken off ({why}): {given}."
    if UNDO not in {phase.name for phase in taken}:
        return f"{stop}, and all is left as it was then: {_given(halted, names)}."
    back = [each for each in observations if each.phase in (UNDO, HOLD_UNDONE)]
    blocking = [each.finding for each in back if each.finding.verdict.blocks]
    held = any(each.phase == HOLD_UNDONE for each in back)
    if not held or any(each.check in _WORKS for each in blocking):
        why = next((each.reason for each in blocking if each.check in _WORKS), f"{HOLD_UNDONE} was not over")
        return f"{stop}. It was rolled back, and the way back did not work: {why}"
    cost = f", but not for nothing: {', '.join(dict.fromkeys(each.check for each in blocking))}" if blocking else ""
    return f"{stop}. It was rolled back, and the way back worked{cost}: every node has {names[Side.FROM]} again."


def _given(phase: Phase, names: Mapping[Side, str]) -> str:
    return ", ".join(f"{node} has been given {names[side]}" for node, side in phase.after.items())


def _is_trouble(each: Observation) -> bool:
    return each.finding.check == "replacement" and each.finding.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)


def failed_nodes(findings: Sequence[Finding]) -> frozenset[str]:
    """The nodes whose kube-proxies were started and do not serve; empty if that is not known of any."""
    return frozenset(each.node for each in findings if each.node and each.verdict is Verdict.FAIL)
