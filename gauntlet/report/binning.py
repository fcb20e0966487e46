"""Bins: a history of any length, reduced to what a chart of a few hundred points can show."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome

OUTSIDE = "outside"
SUCCESS_BINS = 160
LATENCY_BINS = 60
ROWS = 10
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Axis:
    """A stretch of time in seconds, `start_s` to `end_s`, as seen from `zero_ns`; `zero` says what happened then."""

    zero_ns: int
    start_s: float
    end_s: float
    zero: str = "the start"

    def bin_s(self, bins: int) -> float:
        """A round bin width (1, 2 or 5 times a power of ten seconds, at least 10 ms) giving at most `bins` bins."""
        wanted = max((self.end_s - self.start_s) / bins, 0.01)
        power = 10.0 ** math.floor(math.log10(wanted))
        return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * 0.999)

    def seconds(self, at_ns: int) -> float:
        return (at_ns - self.zero_ns) / SECOND_NS


def by_client(attempts: pl.DataFrame) -> pl.DataFrame:
    """Name the nodes that get a row of their own; the healthiest of a large cluster share one.

    An outside host, which is on no node, is named so.
    """
    attempts = attempts.with_columns(pl.col("client_node").fill_null(OUTSIDE))
    counts = attempts.group_by("client_node").agg((pl.col("outcome") != str(Outcome.OK)).sum().alias("failed"))
    if len(counts) <= ROWS:
        return attempts.with_columns(pl.col("client_node").alias("client_row"))
    own = counts.sort(["failed", "client_node"], descending=[True, False])["client_node"][: ROWS - 1].to_list()
    rest = f"{len(counts) - len(own)} others"
    row = pl.when(pl.col("client_node").is_in(own)).then(pl.col("client_node")).otherwise(pl.lit(rest))
    return attempts.with_columns(row.alias("client_row"))


def client_rows(attempts: pl.DataFrame) -> list[str]:
    """The names of the rows, nodes first, the outside host last."""
    names: list[str] = attempts["client_row"].unique().to_list()
    return sorted(names, key=lambda name: (name == OUTSIDE, name.endswith(" others"), name))


@dataclass(frozen=True)
class Step:
    """A stretch of equal success rate (0 to 1). Stretches of one `segment` touch each other."""

    start_s: float
    end_s: float
    rate: float
    segment: int


def success_steps(attempts: pl.DataFrame, axis: Axis, bins: int = SUCCESS_BINS) -> list[Step]:
    """The success rate over time of one client's attempts.

    A bin in which none began is a gap, unless an attempt of the bin before was still waiting in it.
    """
    width_s = axis.bin_s(bins)
    rates = (
        _binned(attempts, axis, width_s)
        .group_by("bin")
        .agg(
            (pl.col("outcome") == str(Outcome.OK)).mean().alias("rate"),
            ((pl.col("at_ns") + pl.col("latency_ns") - axis.zero_ns) / SECOND_NS).max().alias("waited_s"),
        )
        .sort("bin")
    )
    steps: list[Step] = []
    waited_s = -math.inf
    for index, rate, until_s in rates.iter_rows():
        start_s, end_s = index * width_s, (index + 1) * width_s
        last = steps[-1] if steps else None
        if last is not None and waited_s > last.end_s:
            reach_s = start_s if waited_s > start_s - width_s else waited_s
            last = steps[-1] = Step(last.start_s, reach_s, last.rate, last.segment)
        waited_s = until_s
        touches = last is not None and start_s - last.end_s < width_s / 2
        if last is not None and touches and last.rate == rate:
            steps[-1] = Step(last.start_s, end_s, rate, last.segment)
        else:
            segment = 0 if last is None else last.segment + (0 if touches else 1)
            steps.append(Step(start_s, end_s, rate, segment))
    return steps


@dataclass(frozen=True)
class LatencyBin:
    """Latencies of the attempts that succeeded in one bin, at its middle."""

    at_s: float
    p50_ms: float
    p99_ms: float
    segment: int


def latency_bins(attempts: pl.DataFrame, axis: Axis) -> list[LatencyBin]:
    """p50 and p99 over time of one client's successful attempts. A failed attempt has no latency."""
    width_s = axis.bin_s(LATENCY_BINS)
    latency_ms = pl.col("latency_ns") / 1e6
    rows = (
        _binned(attempts.filter(pl.col("outcome") == str(Outcome.OK)), axis, width_s)
        .group_by("bin")
        .agg(latency_ms.quantile(0.5).alias("p50"), latency_ms.quantile(0.99).alias("p99"))
        .sort("bin")
    )
    bins: list[LatencyBin] = []
    previous: int | None = None
    for index, p50_ms, p99_ms in rows.iter_rows():
        segment = bins[-1].segment + (index != previous + 1) if bins and previous is not None else 0
        bins.append(LatencyBin((index + 0.5) * width_s, p50_ms, p99_ms, segment))
        previous = index
    return bins


def _binned(attempts: pl.DataFrame, axis: Axis, width_s: float) -> pl.DataFrame:
    seconds = (pl.col("at_ns") - axis.zero_ns) / SECOND_NS
    return attempts.with_columns((seconds / width_s).floor().cast(pl.Int64).alias("bin"))
