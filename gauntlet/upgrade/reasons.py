"""The reasons of a judgement as a page shows them: each fact once."""

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

    @property
    def concern(self) -> str:
        return self.worst.concern


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


def _base(each: Observation) -> str:
    return split_check(each.finding.check)[0]


def _place(each: Observation) -> tuple[str, str, str, str]:
    """Which connections, where, and what came of them."""
    return split_check(each.finding.check)[1], each.phase, each.case, each.finding.verdict
