"""Availability: the share of attempts that ended well."""

from __future__ import annotations

from gauntlet.checkers.sample import SIGNIFICANCE, by_flow, counts, describe, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def availability(
    attempts: pl.DataFrame,
    at_least: float = 1.0,
    *,
    min_attempts: int = 1,
    significance: float = SIGNIFICANCE,
    check: str = "availability",
) -> Finding:
    """The share of ok attempts of the worst flow; at least `at_least`.

    1.0 is meant to the letter: one failed attempt fails. A share below 1 is a promise about chance (which backend an
    attempt meets), so that a flow breaks it only where so few ok attempts have a probability under `significance`
    (exact binomial test); a flow so short that not even total failure would prove anything is inconclusive.
    0.0 promises nothing: the share is measured. `check` names the finding.
    """
    if attempts.is_empty():
        return no_data(check)
    shares = [_Share(name, flow) for name, flow in by_flow(attempts)]
    worst = min(shares, key=lambda share: (share.figure, share.flow))
    broken = [share for share in shares if share.breaks(at_least, significance)]
    blind = [share for share in shares if share.proves_nothing(at_least, significance, min_attempts)]
    if broken:
        worst = min(broken, key=lambda share: (share.figure, share.flow))
    elif blind:
        worst = min(blind, key=lambda share: (share.total, share.flow))
    promised = at_least > 0.0
    reason = f"{worst.text()}; {f'promised: {at_least:.2%}' if promised else 'nothing is promised'}"
    if blind and not broken:
        reason += "; too few attempts to tell"
    elif not broken and worst.figure < at_least:
        reason += (
            f"; that is less, but within the statistical error of {worst.total} attempts: if the promise holds, so few"
            f" are ok with a probability of {worst.chance(at_least):.2g} (below {significance:g} counts as proof of a"
            " fault)"
        )
    verdict = Verdict.FAIL if broken else Verdict.INCONCLUSIVE if blind else Verdict.PASS
    if verdict is Verdict.PASS and not promised:
        verdict = Verdict.MEASURED
    details = (*(share.text() for share in shares), *describe(attempts.filter(failed())))
    threshold = at_least if promised else None
    return Finding(check, verdict, reason, worst.figure, "share", threshold, 1 / worst.total, details)


class _Share:
    """Attempts of one flow, counted."""

    def __init__(self, flow: str, attempts: pl.DataFrame) -> None:
        self.flow = flow
        self.total = attempts.height
        self.errors = attempts.filter(failed())["outcome"]
        self.ok = self.total - self.errors.len()
        self.figure = self.ok / self.total

    def breaks(self, at_least: float, significance: float) -> bool:
        if self.figure >= at_least:
            return False
        return at_least >= 1.0 or self.chance(at_least) < significance

    def chance(self, share: float) -> float:
        """The probability that, of attempts of which this share is ok, no more are than were seen."""
        return _binomial(self.ok, self.total, share)

    def proves_nothing(self, at_least: float, significance: float, min_attempts: int) -> bool:
        if self.total < min_attempts:
            return True
        return 0.0 < at_least < 1.0 and _binomial(0, self.total, at_least) >= significance

    def text(self) -> str:
        errors = f" ({counts(self.errors)})" if self.errors.len() else ""
        return f"{self.flow}: {self.ok} of {self.total} attempts ok, {self.figure:.2%}{errors}"


def _binomial(most: int, trials: int, chance: float) -> float:
    """The probability of at most so many hits in so many trials."""
    from scipy.special import bdtr

    return float(bdtr(most, trials, chance))
