"""Figures of the two kube-proxies beside each other: latency of attempts, time of syncs, processor time and memory.

What a figure differs by from one hold to the next with the same kube-proxy is its error, which only a second hold of
today's tells: without that it is measured and not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from gauntlet.checkers.sample import failed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, History, Protocol
from gauntlet.promises.upgrade import UpgradeTerms
from gauntlet.proxy.consumption import Consumption
from gauntlet.upgrade.api_watch import away_in, in_doubt
from gauntlet.upgrade.passage import Passage
from gauntlet.upgrade.phases import Phase, PhaseHistory, Side, Task, by_phase
from gauntlet.upgrade.verdict import Concern, Observation

_MS = 1000.0


@dataclass(frozen=True)
class Kind:
    """A figure: its check, its unit, and the field of the promise that says how many times as much is let pass."""

    check: str
    unit: str
    field: str


LATENCY = Kind("latency", "ms", "latency")
SYNC = Kind("sync-time", "ms", "sync")
CPU = Kind("cpu", "% of a processor", "cpu")
MEMORY = Kind("memory", "MiB", "memory")
KINDS = (LATENCY, SYNC, CPU, MEMORY)
# Of one phase: a value of each node, or one of all traffic.
Values = Mapping[Kind, Sequence[float]]


def values(history: PhaseHistory, consumed: Mapping[str, Consumption]) -> Values:
    """The figures of one phase. A kind that nothing is known of has no values."""
    good = history.attempts.filter(
        ~failed(), pl.col("protocol") == str(Protocol.TCP), pl.col("connection") == str(Connection.NEW)
    )["latency_ns"].median()
    each = list(consumed.values())
    return {
        LATENCY: [good / 1e6] if isinstance(good, float) else [],
        SYNC: [one.sync_s * _MS for one in each if one.sync_s is not None],
        CPU: [one.cpu * 100 for one in each],
        MEMORY: [one.memory_mib for one in each],
    }


def figures(
    planned: Sequence[Phase], found: Mapping[str, Values], terms: UpgradeTerms, names: Mapping[Side, str]
) -> Iterator[Observation]:
    """The figures of each hold in which all nodes had the same kube-proxy, and, of the next one's, the comparison."""
    holds = [phase for phase in planned if phase.task is Task.HOLD and phase.side and phase.name in found]
    for kind in KINDS:
        today = [list(found[phase.name][kind]) for phase in holds if phase.side is Side.FROM]
        for phase in holds:
            mine = found[phase.name][kind]
            if mine and phase.side is not None:
                seen = compared(kind, today, mine, terms) if phase.side is Side.TO else _measured(kind, mine)
                yield Observation(phase.name, Concern.WORSE, seen, subject=names[phase.side])


def compared(kind: Kind, today: Sequence[Sequence[float]], following: Sequence[float], terms: UpgradeTerms) -> Finding:
    """How many times as much the next kube-proxy has of this as today's. The figure is the next one's own.

    `today` has the values of each hold. The ratio is that of the medians; it is at least that of the next one's least
    and today's most, and at most that of its most and today's least. That even the least is more than promised fails;
    if only the ratio itself is, it cannot be told.
    """
    before = [value for hold in today for value in hold]
    if not before or min(before) <= 0:
        return _measured(kind, following)
    ratio, least, most = (
        median(following) / median(before),
        min(following) / max(before),
        max(following) / min(before),
    )
    times: float | None = getattr(terms.slo.worse, kind.field)
    beside = f"{_text(kind, following)}, today's {_text(kind, before)}"
    text = f"{beside}: {ratio:.2f} times as much ({least:.2f} to {most:.2f})"
    if times is None:
        return _measured(kind, following, text)
    if sum(bool(hold) for hold in today) < 2:
        why = f"{text}; not judged: how much it differs from hold to hold with the same kube-proxy is not known"
        return _measured(kind, following, why)
    verdict = Verdict.FAIL if least > times else Verdict.INCONCLUSIVE if ratio > times else Verdict.PASS
    allowed = median(before) * times
    return Finding(
        kind.check,
        verdict,
        text,
        median(following),
        kind.unit,
        allowed,
        promise=terms.field(f"worse.{kind.field}"),
    )


def _measured(kind: Kind, mine: Sequence[float], text: str = "") -> Finding:
    return Finding(kind.check, Verdict.MEASURED, text or _text(kind, mine), median(mine), kind.unit)


def _text(kind: Kind, mine: Sequence[float]) -> str:
    spread = f" ({min(mine):.3g} to {max(mine):.3g})" if len(mine) > 1 else ""
    return f"{median(mine):.3g} {kind.unit}{spread}"


def figures_of(
    history: History, passage: Passage, planned: Sequence[Phase], terms: UpgradeTerms, names: Mapping[Side, str]
) -> list[Observation]:
    """The figures of the holds that ended. What is worse while the API server is away may be so for want of it."""
    parts = by_phase(history, planned)
    found = {name: values(part, passage.consumed.get(name, {})) for name, part in parts.items()}
    away = away_in(history.events)
    return [
        replace(each, finding=in_doubt(each.finding, away.get(each.phase, "")))
        for each in figures(planned, found, terms, names)
    ]
