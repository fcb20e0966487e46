"""Joined: findings of one check about several groups of flows, as one finding."""

from __future__ import annotations

import dataclasses

from gauntlet.ground.finding import Finding, Verdict

_RANK = {Verdict.FAIL: 2, Verdict.INCONCLUSIVE: 1}


def worst(first: Finding, *others: Finding) -> Finding:
    """The worst of these findings, with the details of all. If none is worse than the first, it is the first."""
    found = (first, *others)
    decides = max(found, key=lambda each: _RANK.get(each.verdict, 0))
    return dataclasses.replace(decides, details=tuple(line for each in found for line in each.details))
