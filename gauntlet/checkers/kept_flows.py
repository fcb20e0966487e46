"""Kept flows: rows of one connection or one fixed port, in order. What the checkers of kept flows have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gauntlet.checkers.occasion import occasion
from gauntlet.checkers.sample import OUTSIDE, by_flow, flow_name, seconds
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
