"""What the cases of one phase of an upgrade came to beside those of another: worse, better, or different by design.

A case that fails with both kube-proxies is no reason against the next one. One that only the next one has what it takes
for counts by what it comes to there (docs/decisions/0064).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gauntlet.ground.finding import Verdict
from gauntlet.promises.upgrade import WorsePromise
from gauntlet.report.names import command
from gauntlet.report.results import CaseResult
from gauntlet.subject import Subject
from gauntlet.upgrade.api_watch import is_in_doubt
from gauntlet.upgrade.case_run import CaseRun
from gauntlet.upgrade.compare import Change, Course, Side, after_skip, compare
from gauntlet.upgrade.phases import Leg, Phase
from gauntlet.upgrade.phases import Side as SideName
from gauntlet.upgrade.verdict import Concern, Observation, finding_of

_AGAINST = (Course.WORSE, Course.UNCLEAR)


@dataclass(frozen=True)
class CaseChanges:
    """What stands against the upgrade, and what differs from today's kube-proxy to the next without doing so."""

    observations: tuple[Observation, ...]
    notes: tuple[Change, ...]


def case_changes(
    runs: Mapping[str, CaseRun],
    planned: Sequence[Phase],
    subjects: Mapping[SideName, Subject],
    promise: WorsePromise,
    away: Mapping[str, str],
) -> CaseChanges:
    """Hold the cases of each phase against those of the same task before anything was replaced.

    A phase that did not run is said of elsewhere. `away` says in words for how long the API server was, by the name of
    the phase: nobody knows of what failed there whether it would have.
    """
    observations: list[Observation] = []
    notes: list[Change] = []
    sides = {name: side_of(run, away.get(name, "")) for name, run in runs.items()}
    for phase in planned:
        first = next((each for each in planned if (each.task, each.leg) == (phase.task, Leg.START)), None)
        if phase.name not in runs or first is None or first is phase or first.name not in runs:
            continue
        before, now = sides[first.name], sides[phase.name]
        if phase.side is None:
            alone = [each for each in planned if (each.task, each.leg) == (phase.task, phase.leg) and each.side]
            after = [sides[each.name] for each in alone if each.name in runs]
            found = tuple(_of_mixed([before, *after], now))
        else:
            why = away.get(phase.name) or away.get(first.name, "")
            found = tuple(_in_doubt(each, why) for each in compare(before, now, promise))
        subject = subjects[phase.side or SideName.TO]
        observations += (_observation(phase, change, subject) for change in found if change.course in _AGAINST)
        if phase.leg is Leg.THERE and phase.side is not None:
            notes += (change for change in found if change.course not in _AGAINST)
    return CaseChanges(tuple(observations), tuple(notes))


def known_defects(runs: Mapping[str, CaseRun], planned: Sequence[Phase]) -> tuple[str, ...]:
    """The names of the known defects that cases saw of the next kube-proxy, on all nodes."""
    of_next = (runs[phase.name].results for phase in planned if phase.side is SideName.TO and phase.name in runs)
    return tuple(dict.fromkeys(name for each in of_next if each is not None for name in each.known_defects()))


def side_of(run: CaseRun, away: str = "") -> Side:
    """The cases of a phase, whose run is of one subject. None at all if it left no results.

    What failed while the API server was `away`, as these words say, is inconclusive.
    """
    if run.results is None:
        return Side({}, {})
    side = Side.of(run.results, run.results.names[0])
    return Side({name: _case_in_doubt(case, away) for name, case in side.cases.items()}, side.skipped)


def _case_in_doubt(case: CaseResult, why: str) -> CaseResult:
    if not why:
        return case
    findings = (
        each.model_copy(update={"verdict": Verdict.INCONCLUSIVE, "reason": f"{why}: {each.reason}"})
        if is_in_doubt(each.check, each.verdict)
        else each
        for each in case.findings
    )
    return replace(case, findings=tuple(findings))


def _in_doubt(change: Change, why: str) -> Change:
    """A figure that got worse while the API server was away is unclear. A whole case has its verdict (`side_of`)."""
    if not why or not change.check or change.course is not Course.WORSE:
        return change
    return replace(change, course=Course.UNCLEAR, text=f"{why}: {change.text}")


def _of_mixed(alone: Sequence[Side], now: Side) -> Iterator[Change]:
    """What both kube-proxies together do that neither of them does `alone`, as far as that is known.

    A case that does not pass with one of them, or is not for it, says nothing of both together.
    """
    for case, result in sorted(now.cases.items()):
        if (trouble := after_skip(case, now)) is not None:
            yield trouble
            continue
        if not result.verdict.blocks or not all(_passed(side.cases.get(case)) for side in alone):
            continue
        course = Course.WORSE if result.verdict is Verdict.FAIL else Course.UNCLEAR
        blocking = next(each for each in result.findings if each.verdict is result.verdict)
        text = "it passes if all nodes have the same kube-proxy, and not if some have the next one"
        yield Change(course, case, "", f"{text}: {blocking.check}: {blocking.reason}")


def _passed(result: CaseResult | None) -> bool:
    return result is not None and result.verdict is Verdict.PASS


def _observation(phase: Phase, change: Change, subject: Subject) -> Observation:
    on_the_way = Concern.WORSE if phase.side else Concern.ROLL
    concern = Concern.WAY_BACK if phase.leg is Leg.BACK else on_the_way
    # Of nodes with different kube-proxies there is no such command.
    again = command(change.case, subject.name, subject.written, (), {}) if phase.side else ""
    remedy = f"look at the case alone: {again}" if again else ""
    finding = replace(finding_of(change), remedy=remedy)
    return Observation(phase.name, concern, finding, change.case, subject.name)
