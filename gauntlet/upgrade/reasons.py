"""The reasons of a judgement as a page shows them: each fact once, and of each concern at least the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.ground.finding import split_check
from gauntlet.upgrade.verdict import Observation

_SHARE, _SPELL = "availability", "outage"


@dataclass(frozen=True)
class Reason:
    """The worst observation of one check, and the other phases in which it was observed as well."""

    worst: Observation
    also_in: tuple[str, ...]


def merged(observations: Sequence[Observation]) -> tuple[Reason, ...]:
    """One reason for each check of a concern, in the order of its worst observation, which comes first.

    The share of good attempts says nothing more if the outage of the same connections in the same phase is a reason.
    """
    outages = {_place(each) for each in observations if _base(each) == _SPELL}
    groups: dict[tuple[str, ...], list[Observation]] = {}
    for each in observations:
        if _base(each) == _SHARE and _place(each) in outages:
            continue
        key = (each.finding.verdict, each.concern, each.case, each.finding.check)
        groups.setdefault(key, []).append(each)
    return tuple(
        Reason(first, tuple(dict.fromkeys(each.phase for each in others if each.phase != first.phase)))
        for first, *others in groups.values()
    )


def chosen(reasons: Sequence[Reason], most: int) -> tuple[Reason, ...]:
    """So many of them, in their order: the first of each concern, then the first of the others."""
    firsts = {each.worst.concern: number for number, each in reversed(list(enumerate(reasons)))}
    by_worth = sorted(range(len(reasons)), key=lambda number: (number not in firsts.values(), number))
    return tuple(reasons[number] for number in sorted(by_worth[:most]))


def _base(each: Observation) -> str:
    return split_check(each.finding.check)[0]


def _place(each: Observation) -> tuple[str, str, str, str]:
    """Which connections, where, and what came of them."""
    return split_check(each.finding.check)[1], each.phase, each.case, each.finding.verdict
