"""Kept flows: rows of one connection or one fixed port, in order. What the checkers of kept flows have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from gauntlet.checkers.occasion import occasion
from gauntlet.checkers.sample import OUTSIDE, by_flow, flow_name, no_data, seconds
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, History, Outcome, Protocol


@dataclass(frozen=True)
class Stretch:
    """The time of which something is said: from `start_ns`, before `end_ns`."""

    start_ns: int
    end_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.start_ns <= at_ns < self.end_ns


# A history is judged whole, unless only a part of it is asked about: what befalls a flow between two attempts is seen
# only if both are there.
ALWAYS = Stretch(0, 2**63)
NOTHING_GONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Step:
    """One attempt of a flow."""

    at_ns: int
    end_ns: int
    outcome: str
    backend: str

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.OK


@dataclass(frozen=True)
class KeptFlow:
    """One kept flow and its attempts in order."""

    name: str
    client: str
    frontend: str
    steps: tuple[Step, ...]

    def answered_in(self, stretch: Stretch) -> bool:
        return any(step.ok and stretch.holds(step.at_ns) for step in self.steps)

    @property
    def interleaved(self) -> bool:
        """Whether an attempt began before the one before it was over: then several connections share these rows."""
        return any(after.at_ns < before.end_ns for before, after in pairwise(self.steps))


@dataclass(frozen=True)
class Mishap:
    """What befell one flow: between the two moments, and what had been done to the cluster by then."""

    flow: KeptFlow
    since_ns: int
    until_ns: int
    what: str
    occasion: str

    def line(self, origin_ns: int) -> str:
        return f"{seconds(self.until_ns - origin_ns)}: {self.flow.name}: {self.what}, {self.occasion}"


@dataclass(frozen=True)
class Kind:
    """What the kept flows of one protocol are called. `unit` is one of them, in the plural and in a word."""

    protocol: Protocol
    name: str
    unit: str


CONNECTIONS = Kind(Protocol.TCP, "kept TCP connections", "connections")
UDP_FLOWS = Kind(Protocol.UDP, "UDP flows of a fixed port", "flows")


def answered(check: str, attempts: pl.DataFrame, kind: Kind) -> tuple[list[KeptFlow], Finding | None]:
    """The flows that were answered at all, and the finding instead if nothing can be said of them."""
    flows = kept_flows(attempts, kind.protocol)
    known = [flow for flow in flows if any(step.ok for step in flow.steps)]
    if not known:
        return [], no_data(check, f"none of {len(flows)} {kind.name} was ever answered")
    mixed = [flow.name for flow in known if flow.interleaved]
    if mixed:
        return [], no_data(check, f"{kind.unit} that share rows cannot be told apart: {'; '.join(mixed)}")
    return known, None


def unanswered(check: str, flows: Sequence[KeptFlow], kind: Kind, within: Stretch) -> Finding | None:
    """The finding if none of these flows was answered in this time, for those in which nothing befell any."""
    if any(flow.answered_in(within) for flow in flows):
        return None
    return no_data(check, f"none of {len(flows)} {kind.name} was answered in this time")


def counted(
    check: str, flows: Sequence[KeptFlow], kind: Kind, mishaps: Sequence[Mishap], words: str, at_most: int | None
) -> Finding:
    """How many mishaps befell these flows, held against a promise. `words` say what that is."""
    origin_ns = min(flow.steps[0].at_ns for flow in flows)
    reason = f"of {len(flows)} {kind.name} {words}"
    return held_against(check, len(mishaps), kind.unit, reason, at_most, lines(mishaps, origin_ns))


def held_against(
    check: str, count: int, unit: str, reason: str, at_most: int | None, details: tuple[str, ...]
) -> Finding:
    """The finding about a count of which at most so many are promised; None: nothing is, it is measured."""
    promised = "nothing is promised" if at_most is None else f"promised: at most {at_most}"
    verdict = Verdict.MEASURED if at_most is None else Verdict.FAIL if count > at_most else Verdict.PASS
    threshold = None if at_most is None else float(at_most)
    return Finding(check, verdict, f"{reason}; {promised}", float(count), unit, threshold, 0.0, details)


def kept_flows(attempts: pl.DataFrame, protocol: Protocol) -> list[KeptFlow]:
    """The kept flows of one protocol, by name."""
    mine = attempts.filter((pl.col("connection") == Connection.KEPT) & (pl.col("protocol") == str(protocol)))
    return [_flow(part) for _, part in by_flow(mine)]


def _flow(part: pl.DataFrame) -> KeptFlow:
    row = part.row(0, named=True)
    steps = (
        Step(at_ns, at_ns + (latency_ns or 0), outcome, backend or "")
        for at_ns, latency_ns, outcome, backend in part.select("at_ns", "latency_ns", "outcome", "backend").iter_rows()
    )
    where = row["client_node"] or OUTSIDE
    client = row["client"] if row["client"] in (where, OUTSIDE) else f"{row['client']} ({where})"
    return KeptFlow(flow_name(part), client, row["frontend"], tuple(steps))


def mishap(history: History, flow: KeptFlow, before: Step, after: Step, what: str) -> Mishap:
    """What befell a flow between the end of one attempt and that of a later one."""
    since_ns, until_ns = before.end_ns, after.end_ns
    return Mishap(flow, since_ns, until_ns, what, occasion(history.events, since_ns, until_ns))


def had_gone(backend: str, by_ns: int, gone: Mapping[str, int]) -> bool:
    """Whether a backend had begun to go by then. `gone` says when, in ns, for those that went."""
    return backend in gone and gone[backend] <= by_ns


def tally(mishaps: Iterable[Mishap]) -> str:
    """`client-1 (node-1) by cluster_ip: 2, outside by node_port: 1`, most first."""
    counted = Counter(f"{each.flow.client} by {each.flow.frontend}" for each in mishaps)
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{who}: {count}" for who, count in ordered)


def lines(mishaps: Sequence[Mishap], origin_ns: int) -> tuple[str, ...]:
    """A line for each, the earliest first."""
    return tuple(each.line(origin_ns) for each in sorted(mishaps, key=lambda each: (each.until_ns, each.flow.name)))


def pairs(flow: KeptFlow) -> Iterator[tuple[Step, Step]]:
    """Each ok attempt with the next ok one."""
    good = [step for step in flow.steps if step.ok]
    return pairwise(good)
