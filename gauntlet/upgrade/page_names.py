"""What the page says of clients that resolve a name: whether they noticed anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.upgrade.roll_cost import DNS
from gauntlet.upgrade.verdict import Observation


def of_names(observations: Sequence[Observation]) -> Iterator[str]:
    """A sentence, to be wrapped; none without such clients."""
    outages = [each for each in observations if each.finding.check == f"outage: {DNS}"]
    known = [each for each in outages if each.finding.figure is not None]
    if not known:
        return
    worst = max(known, key=lambda each: each.finding.figure or 0.0)
    length_s = worst.finding.figure
    if length_s:
        yield f"DNS: the longest outage of a client that resolved a name was {length_s:.2f} s, in {worst.phase}."
    else:
        yield "DNS: no client that resolved a name noticed anything."
