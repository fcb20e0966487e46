"""Verdict and Finding: what a checker says about a history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding says of a promise.

    `INCONCLUSIVE` fails a run just as `FAIL` does, but says that nothing was learnt. `MEASURED` is a figure that
    nothing was promised about: it neither passes nor fails, and cannot carry a case alone. `KNOWN_DEFECT` is a failure
    that the register of known defects explains: it is shown and counted, and lets the case pass.
    """

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    MEASURED = "measured"
    KNOWN_DEFECT = "known defect"

    @property
    def blocks(self) -> bool:
        """Whether one finding with this verdict keeps its case from passing."""
        return self in (Verdict.FAIL, Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class Spread:
    """How figures of one kind are spread, in the unit of their finding: those `of` one node, for example.

    `figures` are all of them, the least first; p50 and p99 are the least of them that so many per cent do not exceed.
    Each can be off by `resolution`.
    """

    of: str
    figures: tuple[float, ...]
    p50: float
    p99: float
    longest: float
    resolution: float = 0.0

    @classmethod
    def of_figures(cls, of: str, figures: Sequence[float], resolution: float = 0.0) -> Spread:
        """Of at least one figure."""
        ordered = tuple(sorted(figures))
        p50, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.99))
        return cls(of, ordered, p50, p99, ordered[-1], resolution)


@dataclass(frozen=True)
class Finding:
    """The answer of one checker to one question.

    `figure` and `threshold` are in `unit` (None if there is no figure). `resolution` is the
    uncertainty of the figure in the same unit. `reason` is one sentence that says what the history
    shows and, if the verdict is not `pass`, why. `details` are lines for the failure message:
    the attempts, nodes and rules that explain it. `promise` is the field of the SLO that the figure is held against,
    with its file and line; empty if no SLO says it. `remedy` is what to do next if the verdict blocks. `node` is the
    node whose clients the figure is of, if it is of one node's alone. `parts` are the parts of the case that failed (of
    a declared one its steps), `nodes` those that decided there; both are empty if the check does not tell them apart.
    `known_defect` is the name of the known defect that explains it; empty if none does.
    `spreads` are what the figure was taken from.
    """

    check: str
    verdict: Verdict
    reason: str
    figure: float | None = None
    unit: str = ""
    threshold: float | None = None
    resolution: float | None = None
    details: tuple[str, ...] = field(default=())
    promise: str = ""
    remedy: str = ""
    node: str = ""
    parts: tuple[str, ...] = field(default=())
    nodes: tuple[str, ...] = field(default=())
    known_defect: str = ""
    spreads: tuple[Spread, ...] = ()


def split_check(check: str) -> tuple[str, str]:
    """What a check asks, and of what: `outage: new TCP` is `outage` of `new TCP`; of nothing in particular is empty."""
    asked, _, about = check.partition(": ")
    return asked, about


def undecided(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The finding to add to those of a case if they decide nothing: there are none, or all are measured."""
    if not findings:
        return (_undecided("the case ended without recording a finding"),)
    if any(finding.verdict is not Verdict.MEASURED for finding in findings):
        return ()
    reason = f"nothing was promised about what the case measured ({', '.join(finding.check for finding in findings)})"
    return (_undecided(reason),)


def interrupted() -> Finding:
    """The finding of a case that was under way when its run ended, as by Ctrl-C: it came to no other."""
    reason = "the case was interrupted before it had found anything: it decides nothing, and the run cannot pass"
    remedy = "run the case again, and let it come to its end; after a run that was killed, `gauntlet heal` first"
    return Finding("interrupted", Verdict.INCONCLUSIVE, reason, remedy=remedy)


def _undecided(reason: str) -> Finding:
    remedy = "give the fixture `judge` a finding that holds the history against a promise"
    return Finding("findings", Verdict.INCONCLUSIVE, reason, remedy=remedy)
