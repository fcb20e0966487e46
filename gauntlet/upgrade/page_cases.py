"""What the page says of pytest's cases: how many ran in each phase, what the next kube-proxy gains, what it has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.report.names import title
from gauntlet.upgrade.case_run import CHECK
from gauntlet.upgrade.compare import Change
from gauntlet.upgrade.phases import Phase, Task
from gauntlet.upgrade.verdict import Judgement, Observation

_MOST = 5


def of_cases(observations: Sequence[Observation], found: Judgement, planned: Sequence[Phase]) -> Iterator[str]:
    """Paragraphs, to be wrapped. None if no phase had cases."""
    counts = [
        f"{each.phase} {each.finding.reason}" for each in observations if each.finding.check == CHECK and not each.case
    ]
    if not counts:
        return
    yield f"Cases: {'; '.join(counts)}. Those that fail with both kube-proxies stand against neither."
    if any(phase.task is Task.CONFORMANCE and phase.side is None for phase in planned):
        yield "While nodes have different kube-proxies, only cases count that pass with each of them alone."
    if any(phase.task is Task.FAULTS for phase in planned):
        yield (
            "What the traffic lost in a phase of faults is not held against the upgrade: their experiments judge what "
            "a fault may cost."
        )
    yield from _listed("Better than today's", found.gains)
    yield from _listed("Different by design", found.by_design)


def _listed(heading: str, changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        return
    by_text: dict[str, list[str]] = {}
    for each in changes:
        by_text.setdefault(each.text, []).append(f"{title(each.case)}{f', {each.check}' if each.check else ''}")
    told = list(by_text.items())
    shown = [f"{', '.join(names)} ({text})" for text, names in told[:_MOST]]
    left_out = sum(len(names) for _, names in told[_MOST:])
    more = f"; and {left_out} more" if left_out else ""
    yield f"{heading}: {'; '.join(shown)}{more}."
