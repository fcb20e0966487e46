"""From what was recorded of an upgrade to what can be said of each of its phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gauntlet.ground.finding import Finding, Verdict, split_check
from gauntlet.ground.history import EventKind, History
from gauntlet.promises.upgrade import UpgradeTerms
from gauntlet.subject import Subject
from gauntlet.upgrade.api_watch import absences, excused
from gauntlet.upgrade.leftovers import all_left, residue
from gauntlet.upgrade.passage import Passage
from gauntlet.upgrade.phases import Leg, Phase, PhaseHistory, Side, Task, by_phase
from gauntlet.upgrade.programming import Programming, compared, measured
from gauntlet.upgrade.roll_cost import Setting, cost, held
from gauntlet.upgrade.verdict import Observation, concern_of


def observed(
    history: History,
    passage: Passage,
    planned: Sequence[Phase],
    setting: Setting,
    terms: UpgradeTerms,
    subjects: Mapping[Side, Subject],
) -> list[Observation]:
    """The findings of all phases that ended, in order."""
    parts = by_phase(until_over(history), planned)
    away = absences(history.events)
    reported = _reported_before(passage, planned)
    return [
        Observation(
            phase.name,
            concern_of(phase, finding.check),
            finding,
            subject=subjects[phase.about].name,
        )
        for phase in planned
        if phase.name in parts
        for finding in excused(
            _findings(phase, parts[phase.name], passage, setting, terms, reported[phase.name]),
            away,
            parts[phase.name].stretch,
        )
    ]


def until_over(history: History) -> History:
    """Without what came after the last phase, when flows stop one after the other: the first would seem silent."""
    ended = history.events.filter(history.events["kind"] == str(EventKind.PHASE_ENDED))["at_ns"].max()
    return history.between(0, ended + 1) if isinstance(ended, int) else history


def _findings(
    phase: Phase,
    part: PhaseHistory,
    passage: Passage,
    setting: Setting,
    terms: UpgradeTerms,
    reported: frozenset[tuple[str, str]],
) -> list[Finding]:
    judge = cost if phase.task is Task.ROLL else held
    beside = passage.findings.get(phase.name, ())
    of_traffic = [
        _BESIDE_CASES.get(phase.task, _as_it_is)(_if_tried(each, beside)) for each in judge(part, setting, terms)
    ]
    found = [*of_traffic, *beside]
    if phase.name in passage.programming:
        found.append(_programming(phase, passage.programming, terms))
    if phase.name in passage.remains:
        left = residue(passage.remains[phase.name], terms.slo.left_behind, reported)
        found.append(replace(left, promise=terms.field("left_behind")))
    return [as_control(each) for each in found] if phase.leg is Leg.START else found


def _programming(phase: Phase, seen: Mapping[str, Programming], terms: UpgradeTerms) -> Finding:
    """How soon changes were in effect: with the next kube-proxy on all nodes, held against today's."""
    mine = seen[phase.name]
    if phase.side is not Side.TO:
        return measured(mine)
    today = seen.get("hold-from", Programming())
    found = compared(today, mine, terms.slo.worse.programming_s)
    return replace(found, promise=terms.field("worse.programming_s"))


def _if_tried(finding: Finding, beside: Sequence[Finding]) -> Finding:
    """That a node was not ready in the end is no failure if something else was in the way of its replacement."""
    obstacles = [each for each in beside if (each.check, each.verdict) == ("replacement", Verdict.INCONCLUSIVE)]
    if finding.check != "ready" or finding.verdict is not Verdict.FAIL or not obstacles:
        return finding
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=f"{finding.reason}: {obstacles[0].reason}")


def _reported_before(passage: Passage, planned: Sequence[Phase]) -> dict[str, frozenset[tuple[str, str]]]:
    """By phase, what was left behind in the phases before it: one thing is one reason, not one a phase."""
    found: frozenset[tuple[str, str]] = frozenset()
    before: dict[str, frozenset[tuple[str, str]]] = {}
    for phase in planned:
        before[phase.name] = found
        found |= all_left(passage.remains.get(phase.name, {}))
    return before


def as_hurt(finding: Finding) -> Finding:
    """A finding about traffic while faults hurt the cluster: what that costs is for the experiments to judge.

    A wrong backend is never to answer, whatever is hurt.
    """
    if split_check(finding.check)[0] == "correctness" or not finding.verdict.blocks:
        return finding
    reason = f"the faults hurt this traffic too, and their experiments judge what that costs: {finding.reason}"
    return replace(finding, verdict=Verdict.MEASURED, reason=reason)


def as_crowded(finding: Finding) -> Finding:
    """A finding about traffic beside cases that hurt nothing: their clients share the machine with it.

    Attempts are then further apart than in a roll, whose outages are what that is promised for; none may fail.
    """
    if finding.check != "resolution" or finding.verdict is not Verdict.INCONCLUSIVE:
        return finding
    return replace(finding, verdict=Verdict.MEASURED, reason=f"beside the clients of the cases, {finding.reason}")


def _as_it_is(finding: Finding) -> Finding:
    return finding


_BESIDE_CASES: Mapping[Task, Callable[[Finding], Finding]] = {Task.CONFORMANCE: as_crowded, Task.FAULTS: as_hurt}


def as_control(finding: Finding) -> Finding:
    """A finding of the time before anything was replaced. What failed then says nothing of an upgrade."""
    if finding.verdict is not Verdict.FAIL:
        return finding
    reason = f"before anything was replaced: {finding.reason}"
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)
