"""The page that answers: may this cluster take its next kube-proxy? Plain text of at most 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gauntlet.checkers.sample import NANO
from gauntlet.ground.history import EventKind, History
from gauntlet.report.names import without_namespaces
from gauntlet.report.phase_table import COLUMNS, figure_of_check
from gauntlet.report.upgrade_record import MOST_REASONS, chosen, titled, with_reach
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.limits import limits, reach
from gauntlet.upgrade.page_cases import of_cases
from gauntlet.upgrade.page_figures import of_figures
from gauntlet.upgrade.page_names import of_names
from gauntlet.upgrade.phases import Phase, phase_times
from gauntlet.upgrade.reasons import merged
from gauntlet.upgrade.verdict import Judgement, Observation, notes

WIDTH = 80
_NAME, _TOOK = 17, 6


@dataclass(frozen=True)
class Heading:
    """What the page is about: names and descriptions of both subjects, and how the nodes were replaced.

    `aftermath` says what became of a roll that stopped.
    """

    today: str
    next: str
    today_is: str
    next_is: str
    strategy: str
    nodes: int
    aftermath: str = ""


def page(
    heading: Heading,
    found: Judgement,
    observations: Sequence[Observation],
    history: History,
    plan: Plan,
) -> Iterator[str]:
    """The lines of the page. The answer is not about what the plan leaves out."""
    answer = with_reach(found.words.upper(), reach(found, plan))
    yield from wrapped(f"{heading.today} -> {heading.next}: {answer}", "")
    yield from wrapped(f"{heading.today}: {heading.today_is}", "  ")
    yield from wrapped(f"{heading.next}: {heading.next_is}", "  ")
    yield f"  {heading.nodes} nodes, {heading.strategy}"
    for name in found.known_defects:
        yield from wrapped(f"known defect of {heading.next}: {name}", "  ", "    ")
    yield ""
    if heading.aftermath:
        yield from wrapped(heading.aftermath, "")
        yield ""
    yield from reason_lines(found)
    yield from phase_lines(observations, history, plan.run)
    beside = (*of_names(observations), *of_cases(observations, found, plan.run), *of_figures(observations))
    for paragraph in (*beside, *limits(observations, plan)):
        yield ""
        yield from wrapped(paragraph, "")


def reason_lines(found: Judgement) -> Iterator[str]:
    """What stands against the answer, worst first, and what is to be said of acceptances."""
    every = merged(found.reasons)
    for number, reason in enumerate(chosen(every), 1):
        finding = reason.worst.finding
        title = titled(without_namespaces(reason.worst.name), finding.verdict, reason.also_in)
        yield from wrapped(f"{number}. {title}", "", "   ")
        yield from wrapped(without_namespaces(finding.reason), "   ")
        if finding.promise:
            yield from wrapped(finding.promise, "   ")
        if finding.remedy:
            yield from wrapped(f"remedy: {finding.remedy}", "   ")
    more = len(every) - MOST_REASONS
    if more > 0:
        yield f"... and {more} more"
    for each in found.accepted:
        name = without_namespaces(each.observation.name)
        yield from wrapped(f"accepted until {each.by.until} ({each.by.reason}): {name}", "")
    yield from (line for each in notes(found) for line in wrapped(each, ""))
    if found.reasons or found.accepted or found.idle:
        yield ""


def phase_lines(observations: Sequence[Observation], history: History, planned: Sequence[Phase]) -> Iterator[str]:
    """A row for each phase: how long it took, the longest outage by kind of connection, and what was counted."""
    yield "Longest outages in seconds, then counts:"
    yield _row("", "", [column.above for column in COLUMNS])
    yield _row("phase", "took", [column.beneath for column in COLUMNS])
    begun, ended = (
        dict(phase_times(history.events, kind)) for kind in (EventKind.PHASE_STARTED, EventKind.PHASE_ENDED)
    )
    for phase in planned:
        if phase.name not in ended:
            yield f"{phase.name:<{_NAME}}  did not take place, or did not end"
            continue
        mine = [each.finding for each in observations if each.phase == phase.name]
        cells = [column.shown(figure_of_check(mine, column.check)) for column in COLUMNS]
        yield _row(phase.name, f"{(ended[phase.name] - begun[phase.name]) / NANO:.0f} s", cells)


def _row(name: str, took: str, cells: Sequence[str]) -> str:
    widths = [max(5, len(column.above), len(column.beneath)) + 1 for column in COLUMNS]
    text = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{name:<{_NAME}}{took:>{_TOOK}}{text}"


def wrapped(text: str, indent: str, hanging: str | None = None) -> list[str]:
    """A paragraph in lines of the page's width."""
    following = indent if hanging is None else hanging
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False
    )
