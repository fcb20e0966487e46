"""Balance: new connections spread evenly over the backends.

The statistic is Pearson's chi-square against equal shares. It is computed with scipy.special, whose `chdtrc` is what
`scipy.stats.chisquare` uses for its p-value: importing scipy.stats would cost another second and 50 MB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gauntlet.checkers.reaches_all import chance_of_a_miss
from gauntlet.checkers.sample import OUTSIDE, SIGNIFICANCE, by_client_node, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection

MIN_EXPECTED = 5
POWER = 0.99
EVERYBODY = "all clients"


@dataclass(frozen=True)
class Spread:
    """How the connections of one group of clients were spread. `counts` are in the order of the backends' names."""

    group: str
    backends: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def expected(self) -> float:
        return self.total / len(self.backends)

    @property
    def skew(self) -> float:
        """The largest deviation of a backend from its fair share, as a part of that share."""
        return max(abs(count - self.expected) for count in self.counts) / self.expected

    @property
    def p_value(self) -> float:
        """Probability that fair chance spreads at least so unevenly."""
        from scipy.special import chdtrc

        statistic = sum((count - self.expected) ** 2 for count in self.counts) / self.expected
        return float(chdtrc(len(self.counts) - 1, statistic))

    @property
    def missed(self) -> tuple[str, ...]:
        return tuple(backend for backend, count in zip(self.backends, self.counts, strict=True) if count == 0)

    def visible_skew(self, significance: float) -> float:
        """The smallest skew of one backend (the others sharing the rest evenly) that is found with a `POWER` of 99 %.

        With k backends and n connections such a skew s gives a non-central chi-square with lambda = n s^2 / (k - 1).
        """
        from scipy.special import chdtri, chndtrinc

        freedom = len(self.counts) - 1
        critical = float(chdtri(freedom, significance))
        return math.sqrt(float(chndtrinc(critical, freedom, 1 - POWER)) * freedom / self.total)

    def line(self) -> str:
        seen = ", ".join(f"{name} {count}" for name, count in zip(self.backends, self.counts, strict=True))
        return (
            f"{self.group}: expected {self.expected:.0f} each, seen {seen} (skew {self.skew:.2f}, p {self.p_value:.2g})"
        )


def balance(
    attempts: pl.DataFrame,
    backends: frozenset[str],
    *,
    significance: float = SIGNIFICANCE,
    max_skew: float = 0.1,
    detects_skew: float = 1.0,
    each_node: bool = True,
) -> Finding:
    """Every backend gets its fair share of the new ok connections: over all and, with `each_node`, from each's clients.

    Fails where a spread is both improbable (p < `significance`) and uneven (a backend deviates by more than `max_skew`
    of its fair share: at a million connections the tiniest deviation is improbable), and where a backend was never
    reached though chance would have. The figure is the largest skew, its resolution the smallest skew that would have
    been found with a probability of 99 %.

    False alarms: `significance` for each group; at 1e-7 and a few hundred groups a gate, below 1e-4 a gate.
    Power at 1e-7: one of three backends at twice its share (70/20/10 is more than that) is found with 99 % from 126
    connections on, with 2 backends from 59, with 10 from 714. With fewer than `detects_skew` (1.0 = twice the share)
    needs, or fewer than 5 expected for each backend, the finding is inconclusive: chi-square is not exact there either.
    """
    check = "balance"
    if len(backends) < 2:
        return no_data(check, f"{len(backends)} backends: there is nothing to balance")
    new = attempts.filter(~failed() & (pl.col("connection") == Connection.NEW))
    if new.is_empty():
        return no_data(check, f"the history holds no new ok connection ({attempts.height} attempts)")
    unknown = sorted(set(new["backend"].fill_null("an unnamed backend").unique().to_list()) - backends)
    if unknown:
        return no_data(check, f"replies of {', '.join(unknown)}, among which no share is expected")
    spreads = [_spread(EVERYBODY, new, backends)]
    of_nodes = [_spread(node, part, backends) for node, part in by_client_node(new)]
    silent = {node for node, _ in by_client_node(attempts)} - {spread.group for spread in of_nodes}
    if each_node:
        spreads += of_nodes
    return _finding(check, spreads, silent, significance, max_skew, detects_skew)


def _spread(group: str, attempts: pl.DataFrame, backends: frozenset[str]) -> Spread:
    names = tuple(sorted(backends))
    seen = dict(attempts["backend"].value_counts().iter_rows())
    return Spread(group, names, tuple(int(seen.get(name, 0)) for name in names))


def _finding(
    check: str, spreads: list[Spread], silent: set[str], significance: float, max_skew: float, detects_skew: float
) -> Finding:
    judged = [(spread, _fault(spread, significance, max_skew, detects_skew)) for spread in spreads]
    blind = [spread for spread in spreads if _blind(spread, significance, detects_skew)]
    uneven = [(spread, fault) for spread, fault in judged if fault]
    worst = max(spreads, key=lambda spread: spread.skew)
    if uneven:
        worst, fault = max(uneven, key=lambda entry: (bool(entry[0].missed), entry[0].skew))
        verdict, reason = Verdict.FAIL, f"{fault}; {worst.line()}"
    elif blind:
        worst = min(blind, key=lambda spread: spread.total)
        verdict = Verdict.INCONCLUSIVE
        reason = f"too few new connections to see a skew of {detects_skew:g}; {worst.line()}"
    elif silent:
        verdict, reason = Verdict.INCONCLUSIVE, f"no new ok connection from {', '.join(sorted(silent))}"
    else:
        where = "over all and from each node, the most uneven" if len(spreads) > 1 else "over all"
        verdict = Verdict.PASS
        reason = f"even {where}: {worst.line()}{_allowance(worst, significance, max_skew)}"
    return Finding(
        check,
        verdict,
        reason,
        worst.skew,
        "of the fair share",
        max_skew,
        worst.visible_skew(significance),
        tuple(spread.line() for spread in spreads),
        node="" if worst.group in (EVERYBODY, OUTSIDE) else worst.group,
    )


def _allowance(spread: Spread, significance: float, max_skew: float) -> str:
    """Why a spread passes although it is less even than the promise; empty if it is not."""
    if spread.skew <= max_skew:
        return ""
    return (
        f"; {spread.skew:.0%} is more than the promised {max_skew:.0%}, but within the statistical error of"
        f" {spread.total} connections: chance alone spreads them so with a probability of {spread.p_value:.2g}"
        f" (below {significance:g} counts as proof of a fault), and a sample this small can"
        f" miss a skew of up to {spread.visible_skew(significance):.0%}"
    )


def _blind(spread: Spread, significance: float, detects_skew: float) -> bool:
    return spread.expected < MIN_EXPECTED or spread.visible_skew(significance) > detects_skew


def _fault(spread: Spread, significance: float, max_skew: float, detects_skew: float) -> str:
    if spread.missed and chance_of_a_miss(spread.total, len(spread.backends)) < significance:
        return f"never reached: {', '.join(spread.missed)}"
    uneven = spread.p_value < significance and spread.skew > max_skew
    if uneven and not _blind(spread, significance, detects_skew):
        return f"uneven: a backend deviates by {spread.skew:.0%} from its fair share"
    return ""
