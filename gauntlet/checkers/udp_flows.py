"""UDP flows: what becomes of datagrams that always come from the same port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gauntlet.checkers.kept_flows import (
    ALWAYS,
    NOTHING_GONE,
    UDP_FLOWS,
    KeptFlow,
    Mishap,
    Step,
    Stretch,
    answered,
    counted,
    had_gone,
    mishap,
    pairs,
    tally,
    unanswered,
)
from gauntlet.checkers.sample import NANO, failed, no_data, unnamed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History

# nf_conntrack_udp_timeout: a flow that is silent for longer is forgotten, and chooses anew (nf_conntrack-sysctl.rst).
IDLE_S = 30.0
# A lost datagram is no lost flow.
LOST_AFTER_S = 2.0


def udp_flows_lost(
    history: History,
    *,
    at_most: int | None = 0,
    lost_after_s: float = LOST_AFTER_S,
    gone: Mapping[str, int] = NOTHING_GONE,
    within: Stretch = ALWAYS,
) -> Finding:
    """How often a UDP flow that had been answered got no answer for `lost_after_s` or longer, by client and frontend.

    A flow whose conntrack entry leads to nobody stays lost for as long as it sends (kubernetes/kubernetes 105657): one
    that is still without an answer when the history ends is lost if that is so for `lost_after_s`. Each silence counts
    once. A flow of a backend that had begun to go has to be answered by another one: it is lost all the same, and its
    line says so. `within`: only silences that were first seen in this stretch of the history count.
    """
    check = "udp-flows-lost"
    flows, trouble = answered(check, history.attempts, UDP_FLOWS)
    if trouble:
        return trouble
    silences = (each for flow in flows for each in _silences(history, flow, lost_after_s, gone))
    lost = [each for each in silences if within.holds(each.until_ns)]
    if not lost and (trouble := unanswered(check, flows, UDP_FLOWS, within)):
        return trouble
    return counted(check, flows, UDP_FLOWS, lost, _words(lost, "lost"), at_most)


def udp_flows_moved(
    history: History,
    *,
    at_most: int | None = 0,
    idle_s: float = IDLE_S,
    gone: Mapping[str, int] = NOTHING_GONE,
    within: Stretch = ALWAYS,
) -> Finding:
    """How many times a UDP flow was answered by another backend than before though the old one still served.

    conntrack keeps a flow where it is, and kube-proxy deletes only entries of endpoints that are gone
    (pkg/proxy/conntrack/cleanup.go). A flow that was silent for `idle_s` may choose anew, and has to if its backend had
    begun to go (`gone`: when, in ns). That the old one still served is proven by an answer of its own, to whomever,
    after the flow had moved; without that it is not known whether the flow had to move, which is inconclusive, as is an
    ok reply that does not say who gave it.
    `within`: only moves that were seen in this stretch of the history count.
    """
    check = "udp-flows-moved"
    flows, trouble = answered(check, history.attempts, UDP_FLOWS)
    if trouble:
        return trouble
    if nameless := sum(step.ok and not step.backend for flow in flows for step in flow.steps):
        return unnamed(check, nameless)
    moves = [
        (before, step, mishap(history, flow, before, step, f"moved from {before.backend} to {step.backend}"))
        for flow in flows
        for before, step in pairs(flow)
        if before.backend != step.backend
        and within.holds(step.end_ns)
        and step.at_ns - before.end_ns < idle_s * NANO
        and not had_gone(before.backend, step.end_ns, gone)
    ]
    if not moves and (trouble := unanswered(check, flows, UDP_FLOWS, within)):
        return trouble
    last = _last_answers(history)
    proven = [move for before, step, move in moves if last[before.backend] >= step.end_ns]
    doubtful = [move for before, step, move in moves if last[before.backend] < step.end_ns]
    found = counted(check, flows, UDP_FLOWS, proven, _words(proven, "moved"), at_most)
    if doubtful and found.verdict is Verdict.PASS:
        first = doubtful[0]
        return no_data(
            check, f"{len(doubtful)} flows moved, and nobody saw their backends serve afterwards: {first.what}"
        )
    return found


def _silences(history: History, flow: KeptFlow, lost_after_s: float, gone: Mapping[str, int]) -> Iterator[Mishap]:
    before: Step | None = None
    silent: list[Step] = []
    for step in flow.steps:
        if not step.ok:
            silent.append(step)
            continue
        if before is not None and silent and _lasted(silent, step.at_ns) >= lost_after_s:
            yield _silence(history, flow, before, silent, _lasted(silent, step.at_ns), gone)
        before, silent = step, []
    if before is not None and silent and _lasted(silent, silent[-1].end_ns) >= lost_after_s:
        yield _silence(history, flow, before, silent, _lasted(silent, silent[-1].end_ns), gone, "so far ")


def _lasted(silent: list[Step], until_ns: int) -> float:
    return (until_ns - silent[0].at_ns) / NANO


def _silence(
    history: History,
    flow: KeptFlow,
    before: Step,
    silent: list[Step],
    length_s: float,
    gone: Mapping[str, int],
    so_far: str = "",
) -> Mishap:
    ended = ", which had begun to go" if had_gone(before.backend, silent[0].end_ns, gone) else ""
    what = f"no answer for {so_far}{length_s:.3f} s, it led to {before.backend}{ended}"
    return mishap(history, flow, before, silent[0], what)


def _last_answers(history: History) -> dict[str, int]:
    """When the last answer of each backend was asked for, in ns."""
    good = history.attempts.filter(~failed() & pl.col("backend").is_not_null())
    return dict(good.group_by("backend").agg(pl.col("at_ns").max()).iter_rows())


def _words(mishaps: list[Mishap], word: str) -> str:
    return f"{len(mishaps)} times one was {word} ({tally(mishaps)})" if mishaps else f"none was {word}"
