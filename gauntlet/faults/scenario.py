"""The word Scenario: what happens in an experiment, from before a fault until after it. It stands beside the fault.

The files of experiments/ are rendered from scenarios (gauntlet/faults/chaos/rendering.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

HOLD_S = "${hold_s}"
WITHIN_S = "${within_s}"
# An experiment may act on this Service of somebody's; by default it does on one of its own.
SERVICE_VARIABLE = "GAUNTLET_SERVICE"


class StepKind(StrEnum):
    """What a step is to Chaos Toolkit: an action changes something, a probe looks."""

    ACTION = "action"
    PROBE = "probe"


@dataclass(frozen=True)
class Step:
    """One step of an experiment: a function of gauntlet.faults.chaos, called with these arguments.

    `pause_s` is how long the experiment waits after it, `comment` says why its arguments are as they are, and `undo` is
    the step that takes back what it made, after everything else.
    """

    name: str
    function: str
    kind: StepKind = StepKind.ACTION
    arguments: Mapping[str, str | int | Mapping[str, str]] = field(default_factory=dict)
    pause_s: str = ""
    comment: str = ""
    undo: Step | None = None


@dataclass(frozen=True)
class Heal:
    """The experiment undoes the fault itself, `hold_s` seconds after it landed."""

    held: str
    heal: str
    hold_s: float


@dataclass(frozen=True)
class Restart:
    """Only a restart of kube-proxy ends the fault: the experiment does that `hold_s` seconds after the fault landed."""

    held: str
    hold_s: float


@dataclass(frozen=True)
class Supervisor:
    """Whoever supervises the node's processes ends the fault at once. What follows is watched for `hold_s` seconds."""

    held: str
    heal: str
    hold_s: float


@dataclass(frozen=True)
class ByItself:
    """Kube-proxy ends the fault without help, within `within_s` seconds."""

    over: str
    within_s: float


Remedy: TypeAlias = Heal | Restart | Supervisor | ByItself


@dataclass(frozen=True)
class Scenario:
    """One experiment with one fault. All words are names of its steps, as they read in Chaos Toolkit's output.

    `name` is that of the files in experiments/ and slos/experiments/. `injected`, `landed` and `healed` say what is
    done and seen; `remedy` how the fault ends, and `rolled_back` and `left` what is done and seen if it did not end so.
    `parameters` are those of the fault that a user can set, each with its environment variable. `beforehand` come
    before the injection, `provoking` between that and the look whether it landed, if a fault shows by nothing else;
    `meanwhile` while the fault is in effect, `afterwards` once it is healed.
    """

    name: str
    title: str
    description: str
    tags: tuple[str, ...]
    injected: str
    landed: str
    remedy: Remedy
    healed: str
    rolled_back: str
    left: str = "nothing of the fault is left"
    parameters: Mapping[str, str] = field(default_factory=dict)
    beforehand: tuple[Step, ...] = ()
    provoking: tuple[Step, ...] = ()
    meanwhile: tuple[Step, ...] = ()
    afterwards: tuple[Step, ...] = ()

    @property
    def changes_its_service(self) -> bool:
        """Whether it does something to the Service that it watches, so that it makes one of its own by default."""
        return PREPARE in self.beforehand

    def method(self, fault: str) -> tuple[Step, ...]:
        """The steps with this fault, in their order."""
        return (*self.beforehand, *self._hurt(fault), *self.afterwards)

    def rollbacks(self, fault: str) -> tuple[Step, ...]:
        """What Chaos Toolkit does at the end, however the method ended. There may be nothing left to do."""
        made = reversed((*self.beforehand, *self.provoking, *self.meanwhile))
        return (
            _on(fault, self.rolled_back, "heal"),
            _on(fault, self.left, "healed", StepKind.PROBE),
            *(step.undo for step in made if step.undo is not None),
        )

    def _hurt(self, fault: str) -> tuple[Step, ...]:
        """From the injection to the look at what is left. The fault's end follows on the look that it still holds."""
        given = {name: f"${{{name}}}" for name in self.parameters}
        inject = (_on(fault, self.injected, "inject", parameters=given), *self.provoking)
        landed = _on(fault, self.landed, "landed", StepKind.PROBE)
        healed = _on(fault, self.healed, "healed", StepKind.PROBE)
        match self.remedy:
            case Heal(held, heal):
                return (*inject, *self._hold(fault, landed, held), _on(fault, heal, "heal"), healed)
            case Restart(held):
                cured = _on(fault, "the restart was the cure", "heal")
                return (*inject, *self._hold(fault, landed, held), RESTART_PROXY, cured, healed)
            case Supervisor(held, heal):
                still = _on(fault, held, "held", StepKind.PROBE)
                watched = replace(healed, pause_s=HOLD_S)
                return (*inject, landed, *self.meanwhile, still, _on(fault, heal, "heal"), watched)
            case ByItself(over):
                waited = Step(over, "over_by_itself", StepKind.PROBE, {"fault": fault, "within_s": WITHIN_S})
                nothing = _on(fault, "nothing is left to undo", "heal")
                return (AT_REST, *inject, landed, *self.meanwhile, waited, nothing, healed)

    def _hold(self, fault: str, landed: Step, held: str) -> tuple[Step, ...]:
        """The fault in effect: the pause is after all that happens meanwhile, right before the look at its end."""
        *earlier, last = (landed, *self.meanwhile)
        return (*earlier, replace(last, pause_s=HOLD_S), _on(fault, held, "held", StepKind.PROBE))


def _on(
    fault: str,
    name: str,
    function: str,
    kind: StepKind = StepKind.ACTION,
    parameters: Mapping[str, str] | None = None,
) -> Step:
    """A step that does something with the fault."""
    return Step(name, function, kind, {"fault": fault, "parameters": parameters} if parameters else {"fault": fault})


AT_REST = Step(
    "kube-proxy is at rest, so that it writes nothing for another reason",
    "proxy_at_rest",
    StepKind.PROBE,
    {"within_s": 100},
    comment="in three sync periods two whole syncs end",
)
RESTART_PROXY = Step("kube-proxy is restarted", "restart_proxy")
PREPARE = Step("there is a Service to watch", "prepare", undo=Step("the experiment's own Service is removed", "remove"))
REPLACE_ENDPOINT = Step("an endpoint is replaced", "replace_endpoint")


def expose(name: str) -> Step:
    """The Service that is watched gets the NodePort of the parameter `port`."""
    undo = Step("the Service with that NodePort is removed", "unexpose")
    return Step(name, "expose", arguments={"port": "${port}"}, undo=undo)


def follow_endpoints(within_s: int) -> Step:
    """The hurt node forwards to the endpoints as they are by now."""
    return Step("the node follows the endpoints", "rules_follow_endpoints", StepKind.PROBE, {"within_s": within_s})
