"""Outage: for how long a client was not served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.checkers.occasion import beginning
from gauntlet.checkers.sample import by_flow, end_ns, hurt, no_data, seconds
from gauntlet.checkers.spells import Spell, spells
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

_SHOWN = 8


@dataclass(frozen=True)
class Outage:
    """One spell of one flow, which is what `client` sends to one address."""

    flow: str
    client: str
    spell: Spell

    def line(self, origin_ns: int, events: pl.DataFrame | None = None) -> str:
        """The outage in words, timed from `origin_ns`; with the deed among `events` that goes with it, if any are."""
        spell = self.spell
        end = "" if spell.over else ", not over when the history ends"
        deed = "" if events is None else f", {beginning(events, spell.first_ns, spell.last_ns)}"
        return (
            f"{self.flow}: {spell.length_s:.3f} s (+/- {spell.resolution_s:.3f} s) from"
            f" {seconds(spell.first_ns - origin_ns)}, {spell.hurt} attempts hurt{deed}{end}"
        )


def outages(
    attempts: pl.DataFrame,
    *,
    hold_s: float,
    slow_after_ms: float | None = None,
    since_ns: int | None = None,
    deeds_ns: Sequence[int] = (),
) -> list[Outage]:
    """Every outage of every flow, the longest first.

    Two hurt attempts belong to one outage unless all attempts in between were good for `hold_s`. `since_ns`: attempts
    that ended before are left out, and no outage begins earlier. `deeds_ns`: when something new was done; what hurts a
    flow that was good again by then is another outage.
    """
    seen = (
        attempts
        if since_ns is None
        else attempts.filter((pl.col("at_ns") >= since_ns) | (hurt(slow_after_ms) & (end_ns() > since_ns)))
    )
    found = [
        Outage(name, flow["client"][0], spell)
        for name, flow in by_flow(seen)
        for spell in spells(flow, hold_s, slow_after_ms, since_ns, deeds_ns)
    ]
    return sorted(found, key=lambda outage: (-outage.spell.length_s, outage.flow, outage.spell.first_ns))


def outage(
    attempts: pl.DataFrame,
    *,
    hold_s: float,
    at_most_s: float | None = None,
    slow_after_ms: float | None = None,
    since_ns: int | None = None,
    deeds_ns: Sequence[int] = (),
    origin_ns: int | None = None,
    events: pl.DataFrame | None = None,
) -> Finding:
    """The longest outage of any flow, in seconds, with what it can be off by as its resolution.

    `at_most_s` None: nothing is promised, the figure is measured. An outage that may be longer or shorter than
    `at_most_s` within its resolution is inconclusive. Outages are timed from `origin_ns` (default: `since_ns`, else the
    first hurt attempt), and told with the deed among `events` that they go with.
    """
    check = "outage"
    if since_ns is not None and attempts.filter(pl.col("at_ns") >= since_ns).is_empty():
        return no_data(check, "no attempt began after the fault")
    if attempts.is_empty():
        return no_data(check)
    found = outages(attempts, hold_s=hold_s, slow_after_ms=slow_after_ms, since_ns=since_ns, deeds_ns=deeds_ns)
    if not found:
        return Finding(check, _verdict(found, at_most_s), "no attempt was hurt", 0.0, "s", at_most_s, 0.0)
    worst = found[0].spell
    origin = next((at for at in (origin_ns, since_ns) if at is not None), min(each.spell.first_ns for each in found))
    lines = tuple(each.line(origin, events) for each in found[:_SHOWN])
    reason = f"{'1 outage' if len(found) == 1 else f'{len(found)} outages, the longest'}: {lines[0]}"
    return Finding(
        check,
        _verdict(found, at_most_s),
        f"{reason}; {'nothing is promised' if at_most_s is None else f'promised: at most {at_most_s:g} s'}",
        worst.length_s,
        "s",
        at_most_s,
        worst.resolution_s,
        lines,
    )


def _verdict(found: list[Outage], at_most_s: float | None) -> Verdict:
    if at_most_s is None:
        return Verdict.MEASURED
    if all(outage.spell.over and outage.spell.longest_s <= at_most_s for outage in found):
        return Verdict.PASS
    # With nothing allowed, a hurt attempt is proof enough, however short its spell may have been.
    proven = [outage for outage in found if outage.spell.shortest_s > at_most_s or at_most_s == 0]
    return Verdict.FAIL if proven else Verdict.INCONCLUSIVE
