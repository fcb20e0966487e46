"""What the page says of the figures of the next kube-proxy beside today's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.figures import KINDS
from gauntlet.upgrade.verdict import Observation

_CHECKS = frozenset(kind.check for kind in KINDS)
_NEXT = "hold-to"


def of_figures(observations: Sequence[Observation]) -> Iterator[str]:
    """A paragraph, to be wrapped; none if the next kube-proxy was never held. What failed is among the reasons."""
    mine = [each.finding for each in observations if each.phase == _NEXT and each.finding.check in _CHECKS]
    shown = [each for each in mine if not each.verdict.blocks]
    if shown:
        yield f"Beside today's: {'; '.join(f'{each.check} {each.reason}' for each in shown)}."
    if any(each.verdict is Verdict.MEASURED for each in shown):
        yield "What is only measured there decides nothing: worse in slos/upgrade.yaml says what is promised of it."
