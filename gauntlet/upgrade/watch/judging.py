"""From what was seen of a watch to its answer: the promises of an upgrade, held against somebody else's change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gauntlet.checkers.sample import NANO, no_data
from gauntlet.checkers.silence import while_present
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History
from gauntlet.upgrade.observing import as_control, until_over
from gauntlet.upgrade.phases import Leg, Phase, PhaseHistory, by_phase
from gauntlet.upgrade.roll_cost import Setting, held
from gauntlet.upgrade.terms import Terms
from gauntlet.upgrade.verdict import Judgement, Observation, concern_of, judge
from gauntlet.upgrade.watch.course import LEGS, Passed
from gauntlet.upgrade.watch.sightings import AWAY
from gauntlet.upgrade.watch.stream import Parting

# A machine that is switched off in order ends its pods first; that it is away is seen up to some minutes later.
_AWAY_WITHIN_S = 300.0


@dataclass(frozen=True)
class Judged:
    """The answer to a watch, with all that it rests on. `parts` are the histories of its phases, by name."""

    judgement: Judgement
    observations: tuple[Observation, ...]
    parts: dict[str, PhaseHistory]


def judged(history: History, setting: Setting, passed: Passed, terms: Terms, subject: str, today: date) -> Judged:
    """Judge a watch. Nothing that was not seen passes: a phase that did not end, a client that left its node alone."""
    parts = by_phase(until_over(history), LEGS)
    found = [
        Observation(phase.name, concern_of(phase, finding.check), finding, subject=subject)
        for phase in LEGS
        if phase.name in parts
        for finding in _findings(phase, parts[phase.name], setting, passed, terms)
    ]
    missing = [phase for phase in LEGS if phase.name not in parts]
    answer = judge(found, missing=missing, acceptances=terms.acceptances, subject=subject, today=today)
    return Judged(answer, tuple(found), parts)


def _findings(phase: Phase, part: PhaseHistory, setting: Setting, passed: Passed, terms: Terms) -> list[Finding]:
    here = [flow for flow in setting.flows if while_present(flow, part.stretch, setting.present)]
    found = held(part, replace(setting, flows=here), terms.promised)
    found += passed.findings[phase.name]
    if phase.leg is Leg.START:
        return [as_control(each) for each in found]
    if passed.partings:
        found.append(blind_spots(passed.partings, part.whole.events))
    return found


def blind_spots(partings: Sequence[Parting], events: pl.DataFrame) -> Finding:
    """Every client that left by itself did so because its node was about to go. The figure counts the others.

    What a node's clients lose while there is none of ours nobody knows.
    """
    check = "clients"
    alone = [each for each in partings if not _went(each, events)]
    if not alone:
        return Finding(check, Verdict.PASS, "each client that left did so with its node", 0.0, "clients", 0.0)
    first = alone[0]
    names = "; ".join(f"{each.key} ({each.node})" for each in alone)
    reason = (
        f"{len(alone)} clients ended while their nodes stayed, and what was lost there meanwhile is not known: {names}"
    )
    remedy = f"who deleted or restarted the pods of the watch on {first.node}? kubectl drain needs --ignore-daemonsets"
    return replace(no_data(check, reason), figure=float(len(alone)), unit="clients", remedy=remedy)


def _went(parting: Parting, events: pl.DataFrame) -> bool:
    kinds = [str(kind) for kind in AWAY]
    mine = events.filter((pl.col("node") == parting.node) & pl.col("kind").is_in(kinds))
    return any(abs(at_ns - parting.at_ns) <= _AWAY_WITHIN_S * NANO for at_ns in mine["at_ns"])
