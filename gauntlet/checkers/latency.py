"""Latency: how long good attempts take."""

from __future__ import annotations

from gauntlet.checkers.sample import by_client_node, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

# With fewer, the 99th percentile is little more than the slowest attempt.
MIN_ATTEMPTS = 100


def latency(attempts: pl.DataFrame, p50_ms: float, p99_ms: float, *, min_attempts: int = MIN_ATTEMPTS) -> Finding:
    """Median and 99th percentile of ok attempts of the clients of each node. The figure is the worst p99, in ms.

    Fewer than `min_attempts` ok attempts from any node, or none from a node that attempted: inconclusive.
    """
    check = "latency"
    if attempts.is_empty():
        return no_data(check)
    lines: list[str] = []
    figures: list[tuple[float, float]] = []
    few: list[str] = []
    for node, part in by_client_node(attempts):
        good = part.filter(~failed() & pl.col("latency_ns").is_not_null())["latency_ns"]
        if good.len() < min_attempts:
            few.append(f"{node}: {good.len()}")
            continue
        p50, p99 = (float(good.quantile(share, "higher") or 0) / 1e6 for share in (0.5, 0.99))
        figures.append((p50, p99))
        lines.append(f"{node}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {good.len()} attempts")
    promise = f"promised: p50 {p50_ms:g} ms, p99 {p99_ms:g} ms"
    late = any(p50 > p50_ms or p99 > p99_ms for p50, p99 in figures)
    if few and not late:
        return no_data(check, f"too few ok attempts ({', '.join(few)}; at least {min_attempts} needed); {promise}")
    reason = f"{'; '.join(lines)}; {promise}"
    worst = max(p99 for _, p99 in figures)
    return Finding(check, Verdict.FAIL if late else Verdict.PASS, reason, worst, "ms", p99_ms, details=tuple(lines))
