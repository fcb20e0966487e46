"""The move of each node: what its kube-proxy is today, and what it will be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gauntlet.doctor.cluster_check import modes, versions
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.lookahead.equipment import Equipment
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.fields import merged
from gauntlet.ground.version import Minor, minor_of, numbers
from gauntlet.kube.objects.nodes import NodeInfo
from gauntlet.promises.support import unsupported
from gauntlet.proxy import changes
from gauntlet.proxy.configuration import Configuration, options, section
from gauntlet.proxy.eras import default_mode, offer
from gauntlet.proxy.features import Feature
from gauntlet.subject import Subject

_NOTHING = Equipment()


@dataclass(frozen=True)
class Setup:
    """A kube-proxy in a mode, of a version, with the fields of its configuration that are set.

    `mode` is None if it cannot be told; `said` is the word for the mode in the configuration, empty if none is set.
    """

    mode: ProxyMode | None
    version: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    said: str = ""

    @property
    def minor(self) -> Minor:
        return minor_of(self.version)

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers. Of a minor version alone the patch is not known, and counts as the first."""
        found = numbers(self.version)
        return found if len(found) > 2 else (*found, 0)

    @property
    def gates(self) -> Mapping[str, Json]:
        """The feature gates that are set."""
        return self.section("featureGates")

    def section(self, name: str) -> Mapping[str, Json]:
        """A part of the configuration that has fields of its own; empty if it is not set."""
        return section(self.fields, name)

    def is_on(self, gate: str) -> bool:
        """Whether what this gate guards is in effect."""
        return changes.is_in_effect(gate, self.minor, self.gates)

    def lacks(self, feature: Feature) -> str:
        """Why it does not have a feature; empty if it does, or if its mode is not known or not offered."""
        if self.mode is None or not is_offered(self.mode, self.version):
            return ""
        subject = Subject(str(self.mode), self.mode, self.version, str(self.mode), fields=json.dumps(self.fields))
        return unsupported(feature, self.mode, self.version, (), subject.gates_on) or ""


@dataclass(frozen=True)
class Move:
    """One node's kube-proxy from what it is to what it will be, and what else is known of the node.

    `configured` is what it will be given, before the goal changes anything; None if that cannot be read. `kubelet` is
    a version, empty if it is not known. `in_pod` is whether kube-proxy runs in a pod, with programs of its own. `flags`
    are those of its process, or, if that cannot be seen, of its pod.
    """

    node: str
    was: Setup
    will: Setup
    facts: NodeFacts
    equipment: Equipment = _NOTHING
    kubelet: str = ""
    configured: Configuration | None = None
    in_pod: bool = False
    flags: Mapping[str, str] = field(default_factory=dict)

    @property
    def switches(self) -> bool:
        """Whether the mode will be another one."""
        return None not in (self.was.mode, self.will.mode) and self.was.mode is not self.will.mode


def is_offered(mode: ProxyMode, version: str) -> bool:
    """Whether this version has the mode, behind a gate or not."""
    try:
        offer(mode, version)
    except UsageError:
        return False
    return True


def moves(
    facts: ClusterFacts, nodes: Sequence[NodeFacts], equipment: Mapping[str, Equipment], goal: Goal
) -> tuple[Move, ...]:
    """One for each node. What a kube-proxy will be given is the ConfigMap if there is one: a restart takes that."""
    objects = {each.metadata.name: each.status.node_info for each in facts.nodes}
    return tuple(
        _move(facts, node, equipment.get(node.name, _NOTHING), objects.get(node.name, NodeInfo()), goal)
        for node in nodes
    )


def _move(facts: ClusterFacts, node: NodeFacts, has: Equipment, info: NodeInfo, goal: Goal) -> Move:
    runs = _readable(node.configuration) or _readable(facts.configuration)
    next_one = _readable(facts.configuration) or runs
    version = versions.version(facts, node) or facts.version
    was = Setup(modes.effective(facts, node), version, {} if runs is None else runs.fields, runs.mode if runs else "")
    kernel = has.kernel or info.kernel_version
    return Move(
        node=node.name,
        was=was,
        will=_will(next_one, was, goal),
        facts=node,
        equipment=Equipment(kernel, has.nft),
        kubelet=info.kubelet_version.removeprefix("v"),
        configured=next_one,
        in_pod=any(pod.spec.node_name == node.name for pod in facts.pods),
        flags=_flags(facts, node),
    )


def _flags(facts: ClusterFacts, node: NodeFacts) -> Mapping[str, str]:
    if node.processes:
        return options(node.processes[0].arguments[1:])
    containers = [each for pod in facts.pods if pod.spec.node_name == node.name for each in pod.spec.containers]
    return options([word for each in containers[:1] for word in (*each.command, *each.args)])


def _readable(configuration: Configuration | None) -> Configuration | None:
    return None if configuration is None or configuration.trouble else configuration


def _will(configured: Configuration | None, was: Setup, goal: Goal) -> Setup:
    fields = {} if configured is None else configured.fields
    if goal.subject is not None:
        mode = goal.subject.mode
        return Setup(mode, goal.version, merged(fields, {**goal.subject.configuration, "mode": str(mode)}), str(mode))
    if configured is None:
        # Whether the mode is set cannot be told: it is taken as it is, and the mode's judgement says so.
        return Setup(was.mode, goal.version)
    said = configured.mode
    known = said in list(ProxyMode)
    return Setup(ProxyMode(said) if known else None if said else default_mode(goal.version), goal.version, fields, said)
