"""The matrix: the upgrades that people have to make, what each of them came to, and which were not run and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, Field

from gauntlet.ground.finding import Verdict
from gauntlet.ground.version import minor_of
from gauntlet.report.names import without_namespaces
from gauntlet.report.phase_table import figure_of_check
from gauntlet.report.results import Results
from gauntlet.report.subject_record import Record
from gauntlet.report.upgrade_record import (
    CASES,
    UpgradeRecord,
    verdict_of,
    with_accepted,
    with_known_defects,
    with_reach,
)
from gauntlet.upgrade.phases import Leg, Task, phases
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.undoing import HOLD_UNDONE, UNDO

SCHEMA: Literal["kube-proxy-gauntlet/matrix/v1"] = "kube-proxy-gauntlet/matrix/v1"
FILE = "matrix.json"


@dataclass(frozen=True)
class Pair:
    """An upgrade to run. `never` says why this command cannot run it on any machine; empty if it can."""

    today: str
    next: str
    never: str = ""


def pairs(pinned: Iterable[str], newest: str) -> tuple[Pair, ...]:
    """The upgrades that matter to `newest`, a minor version, those that most people have to make first.

    `pinned` are the minor versions that there are binaries of.
    """
    there = set(pinned)
    major, minor = minor_of(newest)
    steps = [f"{major}.{minor - back}" for back in (1, 3)]
    found = [Pair(f"iptables@{newest}", f"nftables@{newest}")]
    for number, older in enumerate(steps):
        never = "" if older in there else f"no binaries of {older} are pinned"
        found += [Pair(f"{mode}@{older}", f"{mode}@{newest}", never) for mode in ("iptables", "nftables")]
        if not number:
            found += [Pair(f"ipvs@{newest}", f"{mode}@{newest}") for mode in ("iptables", "nftables")]
    return (*found, Pair(f"iptables@{newest}+tools=legacy", f"iptables@{newest}+tools=nft"))


class Outages(Record):
    """The longest outage of any client by kind of connection, in seconds; None if it was not measured."""

    new_tcp_s: float | None = None
    kept_tcp_s: float | None = None
    new_udp_s: float | None = None
    kept_udp_s: float | None = None

    @property
    def by_kind(self) -> tuple[float | None, ...]:
        return self.new_tcp_s, self.kept_tcp_s, self.new_udp_s, self.kept_udp_s


KINDS = {"new_tcp_s": "new TCP", "kept_tcp_s": "kept TCP", "new_udp_s": "new UDP", "kept_udp_s": "kept UDP"}


class PairRecord(Record):
    """What became of one upgrade. `answer` is null if it was not run, and `not_run` says why.

    `there` are the outages of all phases that go to the next kube-proxy or hold it, `back` those of the way back; null
    if that was not tried. `reasons` are names with what was seen, worst first. `left_out` are phases that were not part
    of it.
    """

    today: str = Field(min_length=1)
    next: str = Field(min_length=1)
    answer: Literal["may", "may not", "cannot tell"] | None = None
    reach: str = ""
    accepted: int = Field(default=0, ge=0)
    known_defects: int = Field(default=0, ge=0)
    there: Outages | None = None
    back: Outages | None = None
    reasons: tuple[str, ...] = ()
    gains: int = Field(default=0, ge=0)
    left_out: tuple[str, ...] = ()
    kernel: str = ""
    nodes: int = Field(default=0, ge=0)
    took_s: float = Field(default=0.0, ge=0)
    command: str = ""
    not_run: str = ""

    @property
    def words(self) -> str:
        """The answer as it is shown, with how far it reaches; `not run` if there is none."""
        if self.answer is None:
            return "not run"
        words = with_known_defects(with_accepted(self.answer, self.accepted), self.known_defects)
        return with_reach(words, self.reach)

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.answer)


class Matrix(Record):
    """All pairs, with what they ran on. `commit` is the gauntlet's own."""

    schema_: Literal["kube-proxy-gauntlet/matrix/v1"] = Field(default=SCHEMA, alias="schema")
    tool: str
    commit: str
    machine: str
    command: str
    budget_s: float = Field(gt=0)
    started: AwareDatetime
    finished: AwareDatetime
    pairs: tuple[PairRecord, ...]


def of_results(pair: Pair, results: Results) -> PairRecord:
    """What one upgrade came to, from its results.json."""
    upgrade = results.upgrade
    assert upgrade is not None
    back = [name for name, leg in _legs(upgrade) if leg is Leg.BACK]
    there = [name for name, leg in _legs(upgrade) if leg in (Leg.THERE, Leg.AGAIN)]
    return PairRecord(
        today=pair.today,
        next=pair.next,
        answer=upgrade.answer,
        reach=upgrade.reach,
        accepted=len(upgrade.accepted),
        known_defects=len(upgrade.known_defects),
        there=_outages(results, there),
        back=_outages(results, back) if back else None,
        reasons=tuple(without_namespaces(f"{each.name}: {each.reason}") for each in upgrade.reasons),
        gains=len(upgrade.gains),
        left_out=upgrade.not_run,
        kernel=next((each.kernel for each in results.subjects), ""),
        nodes=upgrade.nodes,
        took_s=round((results.finished - results.started).total_seconds(), 1),
        command=_without_folder(results.reproduce),
    )


def _without_folder(command: str) -> str:
    """A command without the folder of its results, which is another one wherever it is run again."""
    return re.sub(r" --results ('[^']*'|\S+)", "", command)


def _legs(upgrade: UpgradeRecord) -> Iterator[tuple[str, Leg]]:
    """The phases that began and in which traffic alone is judged: what faults cost is no cost of the roll."""
    roll = Strategy.parse(upgrade.strategy).roll(tuple(upgrade.phases[0].after) if upgrade.phases else ("none",))
    legs = {phase.name: phase.leg for phase in phases(roll) if phase.task in (Task.ROLL, Task.HOLD)}
    # A roll that stopped is undone.
    legs |= dict.fromkeys((UNDO, HOLD_UNDONE), Leg.BACK)
    yield from ((phase.name, legs[phase.name]) for phase in upgrade.phases if phase.name in legs)


def _outages(results: Results, of: Sequence[str]) -> Outages:
    found = [[each for each in results.findings if each.case == f"{CASES}{phase}"] for phase in of]

    def longest(kind: str) -> float | None:
        of_phases = (figure_of_check(mine, f"outage: {kind}") for mine in found)
        figures = [figure for figure in of_phases if figure is not None]
        return round(max(figures), 3) if figures else None

    return Outages(**{field: longest(kind) for field, kind in KINDS.items()})


@dataclass(frozen=True)
class Budget:
    """How long the whole matrix may take, and what one pair takes at first guess, in seconds."""

    whole_s: float
    guess_s: float

    def lack(self, spent_s: float, lengths_s: Sequence[float]) -> str:
        """Why the next pair does not fit after `spent_s`; empty if it does.

        A pair is taken to last as long as the longest so far, whose `lengths_s` these are.
        """
        expected_s = max(lengths_s, default=self.guess_s)
        left_s = self.whole_s - spent_s
        if expected_s <= left_s:
            return ""
        left = f"{max(left_s, 0):.0f} s of the budget were left"
        return f"it did not fit: {left}, and a pair takes up to {expected_s:.0f} s"


def not_run(pair: Pair, why: str) -> PairRecord:
    return PairRecord(today=pair.today, next=pair.next, not_run=why)
