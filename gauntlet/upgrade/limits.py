"""What the answer of an upgrade is not about: phases that were not run, what was not told, whom nobody asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.phases import Leg, Selection, Task
from gauntlet.upgrade.resolver import CHECK as RESOLVER
from gauntlet.upgrade.verdict import Answer, Judgement, Observation


def limits(observations: Sequence[Observation], plan: Plan) -> Iterator[str]:
    """All there is to say, in sentences."""
    yield from _not_told(observations)
    yield from unresolved(observations)
    if plan.selection is Selection.SMOKE:
        yield "Of the cases of conformance the few of smoke alone were asked, as the options say: the gate has more."
    if plan.not_run:
        yield f"Not tried, as the options leave them out: {', '.join(phase.name for phase in plan.not_run)}."


def unresolved(observations: Sequence[Observation]) -> Iterator[str]:
    """That no client resolved a name, and why, if that is so."""
    yield from (f"DNS: {each.finding.reason}." for each in observations if each.finding.check == RESOLVER)


def reach(found: Judgement, plan: Plan) -> str:
    """How far a `may` goes: it claims no more than what was run. Empty for another answer, or if all was run."""
    return ", ".join(_reach(plan)) if found.answer is Answer.MAY else ""


def _reach(plan: Plan) -> Iterator[str]:
    left_out = {(phase.task, phase.leg) for phase in plan.not_run}
    if (Task.ROLL, Leg.BACK) in left_out:
        yield "on the way there"
    if (Task.CONFORMANCE, Leg.THERE) in left_out:
        yield "as far as the roll goes"
        return
    if plan.selection is Selection.SMOKE:
        yield "with the cases of smoke alone"
    if (Task.FAULTS, Leg.THERE) in left_out:
        yield "without faults"


def _not_told(observations: Sequence[Observation]) -> Iterator[str]:
    """That what was left behind could not be told, once: a dash in the table is easily taken for nothing."""
    about = [each for each in observations if each.finding.check == "residue"]
    untold = [each for each in about if each.finding.verdict is Verdict.MEASURED and each.finding.figure is None]
    if untold:
        phases = ", ".join(each.phase for each in untold)
        yield f"What was left behind in {phases}: {untold[-1].finding.reason}."
