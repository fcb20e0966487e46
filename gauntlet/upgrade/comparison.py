"""The comparison of two runs for people: its answer, and a line for each thing that differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.accepted import Acceptance
from gauntlet.report.results import Results
from gauntlet.upgrade.compare import Change, Side
from gauntlet.upgrade.verdict import Answer, Concern, Judgement, Observation, judge, notes

_WORDS = {
    Answer.MAY: "nothing got worse",
    Answer.MAY_NOT: "something got worse",
    Answer.CANNOT_TELL: "cannot tell whether something got worse",
}


def judged(
    before: Side,
    after: Side,
    changes: Sequence[Change],
    subject: str,
    acceptances: Sequence[Acceptance],
    today: date,
) -> Judgement:
    """What the changes come to. Without a single case that ran both times nothing is known."""
    both = before.cases.keys() & after.cases.keys()
    verdict = Verdict.PASS if both else Verdict.INCONCLUSIVE
    ran = Finding("compared", verdict, f"{len(both)} cases ran both times")
    observation = Observation("comparison", Concern.WORSE, ran, subject=subject)
    known = tuple(dict.fromkeys(name for case in after.cases.values() for name in case.known_defects))
    return judge([observation], changes, acceptances=acceptances, known_defects=known, subject=subject, today=today)


def beside(before: Results, after: Results, was: str, now: str) -> Iterator[str]:
    """What a reader has to know of the two runs: that one is not whole, and in what else than the subject they differ.

    `was` and `now` are the names of the subjects; what is said of versions is what these do not say.
    """
    for which, run in (("first", before), ("second", after)):
        if run.incomplete:
            yield f"the {which} run is not whole: {run.incomplete}"
        if PROXY_PATH in run.environment:
            programs = run.environment[PROXY_PATH]
            yield f"in the {which} run programs of {programs} stood before those that kube-proxy calls"
    first, second = before.subject(was), after.subject(now)
    assert first is not None
    assert second is not None
    told = [
        ("provider", before.provider, after.provider),
        ("kernel of the nodes", first.kernel, second.kernel),
        ("IP families", first.families, second.families),
    ]
    if was == now:
        told += [
            ("kube-proxy", first.version, second.version),
            ("control plane", first.control_plane, second.control_plane),
        ]
    for what, one, other in told:
        if one and other and one != other:
            yield f"{what}: {one}, then {other}"


def lines(before: str, after: str, found: Judgement, beside: Iterable[str] = ()) -> Iterator[str]:
    """A headline, and a line for each reason, acceptance, gain and difference by design.

    Above them stands what is to be known of the runs themselves (`beside`).
    """
    count = len(found.accepted)
    yield f"{before} -> {after}: {_WORDS[found.answer]}{f' ({count} accepted)' if count else ''}"
    yield from (f"  note: {each}" for each in beside)
    yield from (f"  known defect of {after}: {name}" for name in found.known_defects)
    for reason in found.reasons:
        word = "worse" if reason.finding.verdict is Verdict.FAIL else "unclear"
        yield f"  {word}: {_of(reason)}{reason.finding.reason}"
    for each in found.accepted:
        what = f"{_of(each.observation)}{each.observation.finding.reason}"
        yield f"  accepted until {each.by.until} ({each.by.reason}): {what}"
    yield from (f"  {note}" for note in notes(found))
    for word, changes in (("better", found.gains), ("by design", found.by_design)):
        for change in changes:
            yield f"  {word}: {change.case}: {change.text}"


def _of(observation: Observation) -> str:
    check = "" if observation.finding.check == "case" else f"{observation.finding.check}: "
    return f"{observation.case}: {check}" if observation.case else check
