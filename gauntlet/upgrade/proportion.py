"""Whether a share of good attempts has become smaller, by an exact test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proportion:
    """`ok` of `total` attempts."""

    ok: int
    total: int

    @property
    def share(self) -> float:
        return self.ok / self.total

    @classmethod
    def of(cls, share: float, resolution: float) -> Proportion:
        """What `availability` counted: its figure is a share, its resolution that of a single attempt."""
        total = round(1 / resolution)
        return cls(round(share * total), total)

    def text(self) -> str:
        return f"{self.ok} of {self.total} ({self.share:.2%})"


def chance_if_equal(before: Proportion, after: Proportion) -> float:
    """The probability that `after` has so few good ones if both have the same chance of each attempt to be good.

    Fisher's exact test, one-sided: given how many were ok in all, this number has a hypergeometric distribution. It
    takes attempts as independent of each other. Those of one outage are not: how long an outage was is judged as a
    duration, not as a share.
    """
    from scipy.stats import hypergeom

    return float(hypergeom.cdf(after.ok, before.total + after.total, before.ok + after.ok, after.total))


def can_tell(before: Proportion, after_total: int, detects: float, significance: float) -> bool:
    """Whether so few attempts could prove anything: that this part of the share is gone would be noticed."""
    fewer = int(before.share * (1 - detects) * after_total)
    return chance_if_equal(before, Proportion(fewer, after_total)) < significance
