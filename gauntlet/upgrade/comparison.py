"""The comparison of two runs for people: its answer, and a line for each thing that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.accepted import Acceptance
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


def lines(before: str, after: str, found: Judgement) -> Iterator[str]:
    """A headline, and a line for each reason, acceptance, gain and difference by design."""
    count = len(found.accepted)
    yield f"{before} -> {after}: {_WORDS[found.answer]}{f' ({count} accepted)' if count else ''}"
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
