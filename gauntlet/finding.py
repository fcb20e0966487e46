"""Verdict and Finding: what a checker says about a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """Three values; `INCONCLUSIVE` fails a run just as `FAIL` does, but says that nothing was learnt."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Finding:
    """The answer of one checker to one question.

    `figure` and `threshold` are in `unit` (None where there is no figure). `resolution` is the
    uncertainty of the figure in the same unit. `reason` is one sentence that says what the history
    shows and, where the verdict is not `pass`, why. `details` are lines for the failure message:
    the attempts, nodes and rules that explain it.
    """

    check: str
    verdict: Verdict
    reason: str
    figure: float | None = None
    unit: str = ""
    threshold: float | None = None
    resolution: float | None = None
    details: tuple[str, ...] = field(default=())
