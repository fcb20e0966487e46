"""Sample: attempts as the checkers look at them: by flow, good or hurt, described for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, Outcome

# Chance of a false alarm of one statistical test. A gate makes a few hundred of them, so that fewer than
# one gate in 10,000 goes red by chance.
SIGNIFICANCE = 1e-7

OUTSIDE = "outside"
FLOW = tuple(field.name for field in fields(DeclaredFlow))
NANO = 1_000_000_000
SHOWN = 5


def failed() -> pl.Expr:
    """Whether an attempt had any outcome but `ok`."""
    return pl.col("outcome") != Outcome.OK


def hurt(slow_after_ms: float | None) -> pl.Expr:
    """Whether an attempt failed, or was ok only after `slow_after_ms`.

    A SYN that is lost is sent again after 1 s (RFC 6298, section 2.1), and data after 200 ms at least: an
    attempt that began in a short outage may end well, but late. None: slow attempts are good attempts.
    """
    if slow_after_ms is None:
        return failed()
    return failed() | (pl.col("latency_ns").fill_null(0) >= int(slow_after_ms * 1_000_000))


def end_ns() -> pl.Expr:
    """When an attempt had its outcome."""
    return pl.col("at_ns") + pl.col("latency_ns").fill_null(0)


def by_flow(attempts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """The attempts of each flow by begin, with the flow's name. A flow is what one client sends to one address.

    Figures of time are taken flow by flow: a flow that is served must not hide one that is not.
    """
    if attempts.is_empty():
        return []
    parts = attempts.sort("at_ns").partition_by(list(FLOW), maintain_order=True)
    return sorted(((flow_name(part), part) for part in parts), key=lambda named: named[0])


def flow_name(attempts: pl.DataFrame) -> str:
    """Name of the flow that all these attempts belong to, from its first one."""
    return _name(attempts.row(0, named=True))


def declared_of(attempts: pl.DataFrame) -> DeclaredFlow:
    """The flow that all these attempts belong to, from its first one."""
    row = attempts.row(0, named=True)
    return DeclaredFlow(**{name: row[name] for name in FLOW})


def declared_name(flow: DeclaredFlow) -> str:
    """Name of a flow, whether or not it attempted."""
    return _name(asdict(flow))


def _name(row: Mapping[str, str | int | None]) -> str:
    node = row["client_node"] or OUTSIDE
    where = row["client"] if row["client"] in (node, OUTSIDE) else f"{row['client']} ({node})"
    kept = " kept" if row["connection"] == "kept" else ""
    return f"{where} -> {row['service']} {row['frontend']} {row['address']}:{row['port']}/{row['protocol']}{kept}"


def by_client_node(attempts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """The attempts of the clients of each node, sorted by its name; those from outside under `OUTSIDE`."""
    if attempts.is_empty():
        return []
    parts = attempts.with_columns(pl.col("client_node").fill_null(OUTSIDE)).partition_by("client_node")
    return sorted(((str(part["client_node"][0]), part) for part in parts), key=lambda named: named[0])


def describe(attempts: pl.DataFrame, origin_ns: int | None = None) -> tuple[str, ...]:
    """A line for each of the first few attempts, timed from `origin_ns` (default: the first of them)."""
    if attempts.is_empty():
        return ()
    # All columns, so that attempts of the same moment come in the same order whoever wrote first.
    ordered = attempts.sort("at_ns", *(column for column in attempts.columns if column != "at_ns"))
    origin = int(ordered["at_ns"][0]) if origin_ns is None else origin_ns
    lines = [_line(ordered[index], origin) for index in range(min(SHOWN, ordered.height))]
    more = ordered.height - len(lines)
    return (*lines, f"... and {more} more") if more else tuple(lines)


def _line(attempt: pl.DataFrame, origin_ns: int) -> str:
    row = attempt.row(0, named=True)
    backend = f" by {row['backend']}" if row["backend"] else ""
    error = f" ({row['error']})" if row["error"] else ""
    after = (row["latency_ns"] or 0) / 1e6
    when = seconds(row["at_ns"] - origin_ns)
    return f"{when}: {flow_name(attempt)}: {row['outcome']}{backend} after {after:.0f} ms{error}"


def counts(outcomes: pl.Series) -> str:
    """`12 timeout, 3 refused`, most frequent first."""
    table = outcomes.value_counts().sort(["count", outcomes.name], descending=[True, False])
    return ", ".join(f"{count} {outcome}" for outcome, count in table.iter_rows())


def seconds(span_ns: int) -> str:
    """A signed time for people, e.g. `+1.250 s`."""
    return f"{span_ns / NANO:+.3f} s"


def no_data(check: str, what: str = "the history holds no attempts to judge") -> Finding:
    """The finding where nothing can be said."""
    return Finding(check, Verdict.INCONCLUSIVE, what)


def unnamed(check: str, count: int) -> Finding:
    """No verdict on whom clients met: so many good replies do not tell."""
    return no_data(check, f"{count} ok replies do not say which backend gave them")
