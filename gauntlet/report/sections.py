"""One section of the page for each case: its findings by subject, its timelines and its balance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from markupsafe import Markup

from gauntlet.checkers import truth
from gauntlet.checkers.kinds import is_free
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History
from gauntlet.report.balance import balance
from gauntlet.report.binning import SECOND_NS, Axis
from gauntlet.report.comparison import Figure
from gauntlet.report.evidence import Evidence, evidence_of
from gauntlet.report.figures import figure_of, measured, threshold_of
from gauntlet.report.marks import windows
from gauntlet.report.names import anchor, group, title
from gauntlet.report.results import CaseResult, FindingRecord, Results, worst
from gauntlet.report.spread import spread
from gauntlet.report.timeline import span, timeline
from gauntlet.report.upgrade_record import is_phase
from gauntlet.report.verdicts import repeat
from gauntlet.workload.service import STICKY


@dataclass(frozen=True)
class Answer:
    """One finding, ready to show."""

    verdict: Verdict
    figure: str
    threshold: str
    reason: str
    promise: str
    remedy: str


@dataclass(frozen=True)
class CheckRow:
    """One check of a case, with the answers for each subject in the order of the page's subjects."""

    check: str
    answers: tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True)
class Moment:
    """An event, ready to show; `at_s` counts from the zero of the timeline."""

    at_s: str
    kind: str
    subject: str
    node: str
    detail: str


@dataclass(frozen=True)
class Picture:
    """What the evidence of one subject looks like. `missing` says what evidence should be there and is not."""

    subject: str
    verdict: Verdict
    outage: Figure | None
    timeline: Markup
    balance: Markup
    spread: Markup
    moments: tuple[Moment, ...]
    folder: str
    missing: str
    command: str


@dataclass(frozen=True)
class Section:
    """One case for all of its subjects. `experiment` tells a case in which something was broken on purpose."""

    case: str
    title: str
    expected: str
    group: str
    anchor: str
    verdict: Verdict
    verdicts: tuple[Verdict | None, ...]
    experiment: bool
    checks: tuple[CheckRow, ...]
    pictures: tuple[Picture, ...]


def sections(results: Results, run: Path) -> tuple[Section, ...]:
    """The sections of all cases that ran, in the order of the run."""
    # All phases of an upgrade have the same.
    read = lru_cache(maxsize=1)(partial(evidence_of, run))
    return tuple(_section(case, found, results, read) for case, found in results.by_case().items())


def _section(
    case: str, found: Mapping[str, CaseResult], results: Results, read: Callable[[tuple[str, ...]], Evidence]
) -> Section:
    evidence = {
        subject: read(tuple(dict.fromkeys(path for finding in result.findings for path in finding.evidence)))
        for subject, result in found.items()
    }
    shared = _shared_span(evidence)
    pictures = tuple(
        _picture(found[subject], evidence[subject], shared, repeat(results, case, subject))
        for subject in results.names
        if subject in found
    )
    return Section(
        case=case,
        title=title(case),
        expected=next((words for subject in found if (words := results.account(case, subject).expected)), ""),
        group=group(case),
        anchor=anchor(case),
        verdict=worst(result.verdict for result in found.values()),
        verdicts=tuple(found[subject].verdict if subject in found else None for subject in results.names),
        experiment=any(_is_experiment(found[subject], evidence[subject]) for subject in found),
        checks=_checks(found, results.names),
        pictures=pictures,
    )


def _is_experiment(result: CaseResult, evidence: Evidence) -> bool:
    if is_phase(result.case):
        return False
    if measured(result.findings, "outage") or measured(result.findings, "recovery"):
        return True
    if evidence.history is None:
        return False
    faults = evidence.history.events.filter(pl.col("kind").str.starts_with("fault_"))
    return not faults.is_empty()


def _shared_span(evidence: Mapping[str, Evidence]) -> tuple[float, float]:
    spans = [span(found.history) for found in evidence.values() if found.history is not None]
    known = [found for found in spans if found is not None]
    return (
        min((found.start_s for found in known), default=0.0),
        max((found.end_s for found in known), default=0.0),
    )


def _checks(found: Mapping[str, CaseResult], subjects: tuple[str, ...]) -> tuple[CheckRow, ...]:
    names = dict.fromkeys(finding.check for result in found.values() for finding in result.findings)
    return tuple(
        CheckRow(
            name,
            tuple(
                tuple(_answer(finding) for finding in found[subject].findings if finding.check == name)
                if subject in found
                else ()
                for subject in subjects
            ),
        )
        for name in names
    )


def _answer(finding: FindingRecord) -> Answer:
    return Answer(
        finding.verdict,
        figure_of(finding),
        threshold_of(finding),
        finding.reason,
        finding.promise,
        finding.remedy if finding.verdict.blocks or finding.known_defect else "",
    )


def _picture(result: CaseResult, evidence: Evidence, shared: tuple[float, float], command: str) -> Picture:
    history = evidence.history
    own = span(history) if history is not None else None
    name = f"{title(result.case)} with {result.subject}"
    drawn, even = "", ""
    moments: tuple[Moment, ...] = ()
    if history is not None and own is not None:
        # Those of an upgrade's phases are one, which stands above all of them.
        if not history.events.is_empty() and not is_phase(result.case):
            drawn = "" if _is_of_tables(result) else timeline(history, name, Axis(own.zero_ns, *shared, own.zero))
            moments = _moments(history.events, own)
        if any("balance" in finding.check for finding in result.findings):
            even = balance(_balanced(history, own), name)
    return Picture(
        subject=result.subject,
        verdict=result.verdict,
        outage=_outage(measured(result.findings, "outage")),
        timeline=Markup(drawn),  # noqa: S704  # drawn by gauntlet.report.svg, which escapes what it writes
        balance=Markup(even),  # noqa: S704
        spread=Markup(_spread(result, name)),  # noqa: S704
        moments=moments,
        folder=evidence.folder or "",
        missing=evidence.missing,
        command=command,
    )


def _is_of_tables(result: CaseResult) -> bool:
    """Whether it was asked in tables: then when an attempt was made says nothing, and hundreds of drawings cost."""
    return any(finding.check == truth.CHECK for finding in result.findings)


def _spread(result: CaseResult, name: str) -> str:
    """Of the one finding that has one."""
    mine = next((finding for finding in result.findings if finding.spreads), None)
    return "" if mine is None else spread(mine.spreads, mine.unit or "s", f"{mine.check} of {name}")


def _balanced(history: History, axis: Axis) -> pl.DataFrame:
    """The attempts whose balance was judged: all, or those of the window after the fault if there is one.

    Clients of an experiment who have something to keep do not choose their backends by chance.
    """
    for window in windows(history.events, axis):
        if window.name == "after":
            start_ns, end_ns = (axis.zero_ns + round(at_s * SECOND_NS) for at_s in (window.start_s, window.end_s))
            seen = history.between(start_ns, end_ns).attempts
            sticky = {name for name in seen["service"].unique() if name.rpartition("/")[2] == STICKY.name}
            return seen.filter(is_free(sticky))
    return history.attempts


def _outage(outage: FindingRecord | None) -> Figure | None:
    if outage is None:
        return None
    return Figure(outage.verdict, f"outage {figure_of(outage)}" if outage.figure else "no outage")


def _moments(events: pl.DataFrame, axis: Axis) -> tuple[Moment, ...]:
    shown = events.filter(~pl.col("kind").is_in([str(EventKind.WINDOW_STARTED), str(EventKind.WINDOW_ENDED)]))
    return tuple(
        Moment(f"{axis.seconds(at_ns):+.3f}", kind.replace("_", " "), subject or "", node or "", detail or "")
        for at_ns, kind, subject, node, detail in shown.select("at_ns", "kind", "subject", "node", "detail").iter_rows()
    )
