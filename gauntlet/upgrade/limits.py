"""What the answer of an upgrade is not about: phases that were not run, what was not told, what is not compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.phases import TASKS, Leg, Phase
from gauntlet.upgrade.verdict import Answer, Judgement, Observation


@dataclass(frozen=True)
class Limit:
    """A sentence, and the command that does what it says is missing; empty if there is none."""

    text: str
    command: str = ""

    @property
    def line(self) -> str:
        return f"{self.text} {self.command}".rstrip()


def limits(observations: Sequence[Observation], not_run: Sequence[Phase], command: str) -> Iterator[Limit]:
    """All there is to say. `command` runs what an upgrade does not run yet."""
    yield from _not_told(observations)
    yield Limit("The latency, speed, CPU and memory of the two kube-proxies are not compared yet.")
    if left_out := _left_out(not_run):
        yield Limit(f"Not tried, as --quick leaves them out: {_names(left_out)}.")
    if not_yet := _not_yet(not_run):
        text = f"Not part of this answer, as this command does not run them yet: {_names(not_yet)}."
        yield Limit(f"{text} This runs cases and faults:", command)


def reach(found: Judgement, not_run: Sequence[Phase]) -> str:
    """How far a `may` goes: it claims no more than what was run. Empty for another answer, or if all was run."""
    if found.answer is not Answer.MAY:
        return ""
    there = ["on the way there"] if any(phase.leg is Leg.BACK for phase in _left_out(not_run)) else []
    return ", ".join([*there, *(["as far as the roll goes"] if _not_yet(not_run) else [])])


def _not_told(observations: Sequence[Observation]) -> Iterator[Limit]:
    """That what was left behind could not be told, once: a dash in the table is easily taken for nothing."""
    about = [each for each in observations if each.finding.check == "residue"]
    untold = [each for each in about if each.finding.verdict is Verdict.MEASURED and each.finding.figure is None]
    if untold:
        phases = ", ".join(each.phase for each in untold)
        yield Limit(f"What was left behind in {phases}: {untold[-1].finding.reason}.")


def _left_out(not_run: Sequence[Phase]) -> list[Phase]:
    """Those that the command can do."""
    return [phase for phase in not_run if phase.task in TASKS]


def _not_yet(not_run: Sequence[Phase]) -> list[Phase]:
    return [phase for phase in not_run if phase.task not in TASKS]


def _names(phases: Sequence[Phase]) -> str:
    return ", ".join(phase.name for phase in phases)
