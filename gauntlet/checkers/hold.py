"""Hold: whether the fault was in effect until it was undone, or ended with nobody's help."""

from __future__ import annotations

from gauntlet.checkers.sample import NANO
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History

CHECK = "held"


def held(history: History) -> Finding:
    """Never fails: a fault that somebody undid early, or whose end has another cause, says nothing about kube-proxy.

    Passes if the fault was seen in effect at the end of the hold, just before it was undone (FAULT_HELD), or if it was
    seen to end before anybody undid it (FAULT_OVER). An end counts as its own only if kube-proxy was at rest before
    the fault (PROXY_AT_REST): one that was not writes its rules anew for another reason.
    """
    landed_ns = _first(history, EventKind.FAULT_LANDED)
    if landed_ns is None:
        return _unknown(
            "the fault is not known to have landed, so that it cannot have held", "find out why it did not land"
        )
    seen = history.events.filter(
        pl.col("kind").is_in([str(EventKind.FAULT_HELD), str(EventKind.FAULT_OVER)]) & (pl.col("at_ns") >= landed_ns)
    )
    if seen.is_empty():
        return _unknown(
            "there is no evidence that the fault held to the end: nobody looked again before it went",
            "put the probe `held` before the step that ends the fault, or `over_by_itself` in its place",
        )
    at_ns, kind, detail = int(seen["at_ns"][0]), seen["kind"][0], seen["detail"][0] or "evidence without words"
    undone_ns = [at for each in (EventKind.REMEDY_APPLIED, EventKind.FAULT_HEALED) if (at := _first(history, each))]
    if undone_ns and min(undone_ns) < at_ns:
        early_s = (at_ns - min(undone_ns)) / NANO
        return _unknown(
            f"the fault was undone {early_s:.3f} s before anybody looked whether it held: {detail}",
            "look before anything is done to end it",
        )
    if kind == EventKind.FAULT_HELD:
        return Finding(CHECK, Verdict.PASS, detail)
    rest_ns = _first(history, EventKind.PROXY_AT_REST)
    struck_ns = _first(history, EventKind.FAULT_INJECTED)
    if rest_ns is None or struck_ns is None or rest_ns > struck_ns:
        return _unknown(
            f"{detail}, but perhaps for another reason: kube-proxy was not seen at rest before it",
            "run it again while nobody changes Services or endpoints",
        )
    return Finding(CHECK, Verdict.PASS, detail)


def _unknown(reason: str, remedy: str) -> Finding:
    return Finding(CHECK, Verdict.INCONCLUSIVE, reason, remedy=remedy)


def _first(history: History, kind: EventKind) -> int | None:
    """When the first event of this kind happened; None if there is none."""
    try:
        return history.at(kind)
    except LookupError:
        return None
