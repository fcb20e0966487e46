"""Looking ahead as a whole: gather, then judge each node's move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gauntlet.doctor.cluster_check import access, cni, versions
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.gathering import Gathered, at_once, gather
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level
from gauntlet.doctor.lookahead import (
    equipment,
    modes_ahead,
    nodes_ahead,
    services_ahead,
    settings_ahead,
    skew_ahead,
    trial,
)
from gauntlet.doctor.lookahead.equipment import Equipment
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.moves import Move, moves
from gauntlet.doctor.lookahead.outlook import Outlook
from gauntlet.ground.cluster import Node
from gauntlet.ground.version import places
from gauntlet.kube.api import Api


def look_ahead(api: Api, nodes: Sequence[Node], goal: Goal | None, *, no_way_in: str = "") -> Outlook:
    """What the goal will do to this cluster; None is its next version. `nodes` are those that commands can reach,
    `no_way_in` says why others cannot be.

    Nothing is changed. Raises ApiUnreachable, and ApiRefused for other reasons than a missing right.
    """
    return looked_ahead(gather(api, nodes, no_way_in=no_way_in), nodes, goal)


def looked_ahead(gathered: Gathered, nodes: Sequence[Node], goal: Goal | None) -> Outlook:
    """The same of a cluster that was just looked at: nodes are asked only for what the check of a cluster does not."""
    seen = {node.name for node in gathered.nodes}
    asked = [node for node in nodes if node.name in seen]
    equipped = zip((node.name for node in asked), at_once(equipment.gather, asked), strict=True)
    return judged(gathered.facts, gathered.nodes, dict(equipped), goal, trial.program)


def judged(
    facts: ClusterFacts,
    nodes: Sequence[NodeFacts],
    equipped: Mapping[str, Equipment],
    goal: Goal | None,
    program: trial.Finder = trial.no_program,
) -> Outlook:
    """The outlook on what was gathered. `program` finds the kube-proxy of a goal, if it is here to be asked."""
    known = versions.by_node(facts, nodes)
    goal = goal or Goal.next_of(facts.version, known)
    replaced = cni.replacement(facts)
    steps = moves(facts, nodes, equipped, goal)
    if replaced:
        what = f"kube-proxy is replaced by {replaced}: no version of kube-proxy does anything to Services here"
        found: tuple[Diagnosis, ...] = (Diagnosis("cni", Level.OK, CLUSTER, what),)
    else:
        found = tuple(_diagnoses(facts, steps, goal, program(goal)))
    return Outlook(facts.version, _today(known, steps), goal.name, goal.assumed, found)


def _today(known: Mapping[str, str], steps: Sequence[Move]) -> str:
    """`1.36.3 on node-1, node-2 (iptables)`."""
    modes = sorted({str(move.was.mode) for move in steps if move.was.mode is not None})
    return f"{places(known) or 'of an unknown version'} ({', '.join(modes) or 'mode unknown'})"


def _diagnoses(facts: ClusterFacts, steps: Sequence[Move], goal: Goal, kube_proxy: Path | None) -> Iterator[Diagnosis]:
    yield from access.judge_cluster(facts)
    if not steps:
        yield Diagnosis(
            access.CHECK, Level.UNKNOWN, CLUSTER, "no Linux node is known: nothing can be told", "see the above"
        )
    for move in steps:
        yield from access.judge_node(
            move.facts, "its addresses, metrics, flags and nft are not known until commands can run there"
        )
        yield from skew_ahead.judge(facts.version, goal, move)
        yield from modes_ahead.judge(move)
        yield from modes_ahead.judge_horizon(move)
        yield from settings_ahead.judge(move)
        yield from nodes_ahead.judge(facts, move)
        yield from services_ahead.judge(facts, move)
    if kube_proxy is not None:
        yield from trial.judge(kube_proxy, steps)
    else:
        what = (
            f"no kube-proxy {goal.version} is here to read this cluster's configuration: what is known of it is judged"
        )
        remedy = f"gauntlet binaries --version {goal.version} gets it, if toolchain/ pins it"
        yield Diagnosis(trial.CHECK, Level.WARNING, CLUSTER, what, remedy)
