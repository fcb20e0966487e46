"""What became worse from one set of findings to another: cases by verdict, shares and durations by figures.

Two runs are compared (`gauntlet compare`), or two subjects within one. A statistical test knows its error, a duration
its resolution: what lies within is not called worse, and what may lie on either side is unclear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.finding import Verdict, split_check
from gauntlet.promises.known_defects import issue_of
from gauntlet.promises.support import is_of_the_place
from gauntlet.promises.upgrade import WorsePromise
from gauntlet.report.names import is_of_further_cluster
from gauntlet.report.results import CaseResult, FindingRecord, Results
from gauntlet.upgrade.proportion import Proportion, can_tell, chance_if_equal

# Which checks measure what, by the name before a colon (`outage: new TCP`). Figures of others are counts and yes or no:
# their verdicts are compared.
SHARES = ("availability",)
DURATIONS = ("outage", "recovery")
# What a change of known defects is called, as if a check had found it.
DEFECT = "known-defect"
# Between these, the names of the known defects say what changed.
_DECIDED = {Verdict.PASS, Verdict.KNOWN_DEFECT}


class Course(StrEnum):
    WORSE = "worse"
    UNCLEAR = "unclear"
    BETTER = "better"
    BY_DESIGN = "by design"


@dataclass(frozen=True)
class Change:
    """How a case, or the figure of one of its checks, differs afterwards. `check` is empty if it is the case itself."""

    course: Course
    case: str
    check: str
    text: str


@dataclass(frozen=True)
class Side:
    """What one subject did in one run: its cases by name, and why others were skipped."""

    cases: Mapping[str, CaseResult]
    skipped: Mapping[str, str]

    @classmethod
    def of(cls, results: Results, subject: str) -> Side:
        """How many clusters shared the cases says nothing of the kube-proxy, if what runs on each of them passes."""
        ran = [each for each in results.cases() if each.subject == subject]
        told = [each for each in ran if each.verdict is not Verdict.PASS or not is_of_further_cluster(each.case)]
        return cls(
            {each.case: each for each in told},
            {each.case: each.reason for each in results.skipped if each.subject == subject},
        )


def compare(before: Side, after: Side, promise: WorsePromise) -> tuple[Change, ...]:
    """Everything that differs, what is worse first, then by case."""
    pairs = [(before.cases[case], after.cases[case]) for case in before.cases if case in after.cases]
    figures = [*_shares(pairs, promise), *_durations(pairs, promise), *_of_one_run(pairs, promise)]
    found = [*_cases(before, after), *figures]
    order = list(Course)
    return tuple(sorted(found, key=lambda change: (order.index(change.course), change.case, change.check)))


def _cases(before: Side, after: Side) -> Iterator[Change]:
    for case in sorted({*before.cases, *after.cases}):
        change = _case(case, before, after)
        if change is not None:
            yield change


def _case(case: str, before: Side, after: Side) -> Change | None:
    was, now = before.cases.get(case), after.cases.get(case)
    if (trouble := after_skip(case, after)) is not None:
        return trouble
    if was is None:
        return _of_one_side(case, "before", before, now)
    if now is None:
        return _of_one_side(case, "afterwards", after, None)
    if Verdict.KNOWN_DEFECT in (was.verdict, now.verdict) and {was.verdict, now.verdict} <= _DECIDED:
        return _of_defects(was, now)
    course = _course(was.verdict, now.verdict)
    return None if course is None else Change(course, case, "", f"{was.verdict}, then {now.verdict}{_why(now)}")


def _of_one_side(case: str, when: str, missing: Side, now: CaseResult | None) -> Change:
    """A case that one side has no verdict of, and what it comes to `now`, if it runs now.

    Who had not what the case asks for has lost nothing by a next one that has it, unless that does it wrong: that is
    the next one's own failure, which no run of before excuses.
    """
    reason = missing.skipped.get(case)
    if reason is None:
        return Change(Course.UNCLEAR, case, "", f"it did not run {when}")
    text = f"skipped {when}: {reason}{_now(now)}"
    # A place that allows less says nothing of the kube-proxy: nobody knows what the case would have come to.
    if is_of_the_place(reason):
        return Change(Course.UNCLEAR, case, "", text)
    verdict = Verdict.PASS if now is None else now.verdict
    course = {Verdict.FAIL: Course.WORSE, Verdict.INCONCLUSIVE: Course.UNCLEAR}.get(verdict, Course.BY_DESIGN)
    return Change(course, case, "", text)


def _now(now: CaseResult | None) -> str:
    if now is None or now.verdict is Verdict.PASS:
        return ""
    why = _why(now) if now.verdict.blocks else f" {'; '.join(now.known_defects)}"
    return f"; now {now.verdict}{why}"


def after_skip(case: str, side: Side) -> Change | None:
    """That something failed after a case that was skipped: it is of what cases share, and nobody knows what it hurt."""
    result = side.cases.get(case)
    if result is None or case not in side.skipped:
        return None
    return Change(Course.UNCLEAR, case, "", f"skipped, then {result.verdict}{_why(result)}")


def _of_defects(was: CaseResult, now: CaseResult) -> Change | None:
    """What a case that a known defect explains, before or afterwards, says: what came is worse, what went is better.

    An issue that both have is neither, also if the register has an entry of its own for the versions of each.
    """
    had, has = ({issue_of(name) for name in each.known_defects} for each in (was, now))
    came = [name for name in now.known_defects if issue_of(name) not in had]
    went = [name for name in was.known_defects if issue_of(name) not in has]
    if came:
        return Change(Course.WORSE, now.case, DEFECT, f"{was.verdict}, then known defect {'; '.join(came)}")
    if went:
        return Change(Course.BETTER, now.case, DEFECT, f"known defect {'; '.join(went)}, then {now.verdict}")
    return None


def _course(was: Verdict, now: Verdict) -> Course | None:
    """What a change of a case's verdict means. That it fails now says nothing if it is not known whether it did before.

    One that is inconclusive now is unclear, whatever it was: nobody knows whether it would have failed.
    """
    if now is Verdict.PASS:
        return Course.BETTER if was is Verdict.FAIL else None
    if now is Verdict.FAIL:
        worse = {Verdict.PASS: Course.WORSE, Verdict.KNOWN_DEFECT: Course.WORSE, Verdict.FAIL: None}
        return worse.get(was, Course.UNCLEAR)
    if now is Verdict.KNOWN_DEFECT:
        return None if was is Verdict.FAIL else Course.UNCLEAR
    return Course.UNCLEAR


def _why(now: CaseResult) -> str:
    blocking = next((finding for finding in now.findings if finding.verdict is now.verdict), None)
    return f": {blocking.check}: {blocking.reason}" if blocking and blocking.verdict.blocks else ""


def _shares(pairs: Sequence[tuple[CaseResult, CaseResult]], promise: WorsePromise) -> Iterator[Change]:
    found = [(was, now) for was, now in _figures(pairs, SHARES) if _is_of_chance(was) and _is_of_chance(now)]
    for was, now in found:
        # So that all tests together raise a false alarm as rarely as is promised (Bonferroni).
        yield from _share(was, now, promise, promise.false_alarm / len(found))


def _is_of_chance(record: FindingRecord) -> bool:
    """Whether a share is one of independent attempts, as a promise below 1 takes it.

    Where nothing is promised, as long as a fault lasts, it is the length of an outage in other words; where everything
    is, the verdict says whether it is.
    """
    counted = record.resolution is not None and 0 < record.resolution <= 1
    return counted and record.threshold is not None and 0 < record.threshold < 1


def _share(was: FindingRecord, now: FindingRecord, promise: WorsePromise, significance: float) -> Iterator[Change]:
    allowed = promise.share
    before, after = _proportion(was), _proportion(now)
    chance, drop = chance_if_equal(before, after), before.share - after.share
    text = f"{before.text()} were ok, then {after.text()}; so few of equal ones have a probability of {chance:.2g}"
    if drop > allowed and chance < significance:
        yield Change(Course.WORSE, now.case, now.check, text)
    elif not can_tell(before, after.total, promise.detects_share, significance):
        yield Change(Course.UNCLEAR, now.case, now.check, f"{text}: too few attempts to tell")
    elif -drop > allowed and chance_if_equal(after, before) < significance:
        yield Change(Course.BETTER, now.case, now.check, f"{before.text()} were ok, then {after.text()}")


def _durations(pairs: Sequence[tuple[CaseResult, CaseResult]], promise: WorsePromise) -> Iterator[Change]:
    if promise.duration is None:
        return
    for was, now in _figures(pairs, DURATIONS):
        text = f"{_span(was)}, then {_span(now)}"
        if was.resolution is None or now.resolution is None:
            yield Change(Course.UNCLEAR, now.case, now.check, f"{text}: it is not known how exact that is")
            continue
        (low, high), (least, most) = _interval(was), _interval(now)
        if least > _bound(high, promise.duration, promise.seconds):
            yield Change(Course.WORSE, now.case, now.check, text)
        elif most > _bound(low, promise.duration, promise.seconds):
            yield Change(Course.UNCLEAR, now.case, now.check, f"{text}: within what the measurement can be off by")
        elif low > _bound(most, promise.duration, promise.seconds):
            yield Change(Course.BETTER, now.case, now.check, text)


def _bound(figure: float, times: float, seconds: float) -> float:
    """What is let pass against this figure: a multiple of it, and a few moments in any case."""
    return max(figure * times, figure + seconds)


def _interval(record: FindingRecord) -> tuple[float, float]:
    """Between what and what the true duration lies."""
    figure, resolution = record.figure or 0.0, record.resolution or 0.0
    return max(0.0, figure - resolution), figure + resolution


def _span(record: FindingRecord) -> str:
    exactness = "" if record.resolution is None else f" (+/- {record.resolution:.3f} s)"
    return f"{record.figure:.3f} s{exactness}"


def _of_one_run(pairs: Sequence[tuple[CaseResult, CaseResult]], promise: WorsePromise) -> Iterator[Change]:
    """A figure that would be compared and that one of two passing cases lacks: nobody knows whether it got worse."""
    checks = SHARES if promise.duration is None else (*SHARES, *DURATIONS)
    for was, now in _findings(pairs, checks):
        there = was or now
        if there is None or (was and now) or (_is_share(there) and not _is_of_chance(there)):
            continue
        text = f"{_told(was)}, then {_told(now)}: there is nothing to compare it with"
        yield Change(Course.UNCLEAR, there.case, there.check, text)


def _told(record: FindingRecord | None) -> str:
    if record is None:
        return "no figure"
    return f"{_proportion(record).text()} were ok" if _is_share(record) else _span(record)


def _is_share(record: FindingRecord) -> bool:
    return split_check(record.check)[0] in SHARES


def _proportion(record: FindingRecord) -> Proportion:
    """Of a share: its resolution is that of one attempt of all."""
    return Proportion.of(record.figure or 0.0, record.resolution or 1.0)


def _figures(
    pairs: Sequence[tuple[CaseResult, CaseResult]], checks: Sequence[str]
) -> Iterator[tuple[FindingRecord, FindingRecord]]:
    """The findings of these checks that have a figure both times, of cases that passed both times."""
    return ((was, now) for was, now in _findings(pairs, checks) if was is not None and now is not None)


def _findings(
    pairs: Sequence[tuple[CaseResult, CaseResult]], checks: Sequence[str]
) -> Iterator[tuple[FindingRecord | None, FindingRecord | None]]:
    """The findings of these checks, None for one that has no figure, of cases that passed both times.

    Of one that did not, its verdict says all: figures of a case that broke off are of something else.
    """
    for was, now in pairs:
        if {was.verdict, now.verdict} != {Verdict.PASS}:
            continue
        names = (each.check for each in (*was.findings, *now.findings))
        for check in dict.fromkeys(name for name in names if split_check(name)[0] in checks):
            yield _one(was, check), _one(now, check)


def _one(result: CaseResult, check: str) -> FindingRecord | None:
    found = (each for each in result.findings if each.check == check and each.figure is not None)
    return next((each for each in found if each.verdict is not Verdict.INCONCLUSIVE), None)
