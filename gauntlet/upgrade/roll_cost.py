"""What replacing kube-proxies cost the traffic that flowed meanwhile: the findings of one phase of a roll."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gauntlet.checkers.affinity_broken import affinity_broken
from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness, right_answers
from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.outage import Outage, outage, outages
from gauntlet.checkers.sample import NANO, by_flow, declared_of, end_ns, no_data
from gauntlet.checkers.shared_outage import shared
from gauntlet.checkers.silence import ALL_THE_TIME, Presence, attendance, while_present
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.finding import Finding, Verdict, split_check
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, DeclaredFlow, EventKind, Frontend, History, Protocol
from gauntlet.promises.upgrade import RollPromise, UpgradeTerms
from gauntlet.upgrade.own_load import REMEDY, checked
from gauntlet.upgrade.phases import PhaseHistory

KINDS: Mapping[str, tuple[Protocol, Connection]] = {
    "new TCP": (Protocol.TCP, Connection.NEW),
    "kept TCP": (Protocol.TCP, Connection.KEPT),
    "new UDP": (Protocol.UDP, Connection.NEW),
    "kept UDP": (Protocol.UDP, Connection.KEPT),
}
# Clients that resolve a name are a kind of their own, by UDP and TCP.
DNS = "DNS"
# What an outage is told with. A watch has the others as well.
_DEEDS = (
    EventKind.PROXY_STOPPED,
    EventKind.COMMAND_STARTED,
    EventKind.NODE_GONE,
    EventKind.NODE_NOT_READY,
)
_FIELDS = {
    "correctness": "roll.wrong_backend",
    "availability": "roll.availability",
    "outage": "roll.outage_s",
    "resolution": "roll.resolution_s",
    "connections-cut": "roll.connections_cut",
    "udp-flows-lost": "roll.udp_flows_lost",
    "udp-flows-moved": "roll.udp_flows_moved",
    "affinity-broken": "roll.affinity_broken",
    "ready": "roll.ready_within_s",
}


@dataclass(frozen=True)
class Setting:
    """What traffic there was. None of its `backends` goes meanwhile but those in `gone`, which says when, in ns.

    `sticky` are the Services (`namespace/name`) with `sessionAffinity: ClientIP`, with their time-outs in seconds.
    `present` says when flows attempted whose clients came late or left early; the others did all the time. The servers
    of `unnamed` Services do not say who they are, but their clients know what the answer has to be.
    """

    flows: Collection[DeclaredFlow]
    backends: frozenset[str]
    sticky: Mapping[str, float] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    present: Presence = field(default_factory=dict)
    unnamed: frozenset[str] = frozenset()


def cost(history: PhaseHistory, setting: Setting, terms: UpgradeTerms) -> list[Finding]:
    """The findings about one phase in which kube-proxies were replaced, each with the field that it is held against."""
    return [*held(history, setting, terms), *_promised([ready(history.events, terms.slo.roll.ready_within_s)], terms)]


def held(history: PhaseHistory, setting: Setting, terms: UpgradeTerms) -> list[Finding]:
    """The findings about traffic alone: all that a phase has in which nothing was replaced."""
    return _promised(_of_traffic(history, setting, terms), terms)


def _promised(found: Iterable[Finding], terms: UpgradeTerms) -> list[Finding]:
    return [
        replace(each, promise=terms.field(_FIELDS[base])) if (base := split_check(each.check)[0]) in _FIELDS else each
        for each in found
    ]


def _of_traffic(history: PhaseHistory, setting: Setting, terms: UpgradeTerms) -> Iterator[Finding]:
    promise = terms.slo.roll
    seen = history.attempts
    whole, stretch = history.whole, history.stretch
    yield attendance(seen, setting.flows, stretch.start_ns, stretch.end_ns, setting.present)
    unnamed = pl.col("service").is_in(sorted(setting.unnamed))
    yield correctness(seen.filter(~unnamed), setting.backends, at_most=promise.wrong_backend)
    if setting.unnamed:
        right = right_answers(seen.filter(unnamed), at_most=promise.wrong_backend)
        yield replace(right, check=f"{right.check}: {DNS}")
    # Nodes follow one another sooner than an outage of one counts as over: each has its own.
    stopped = sorted(_of_kind(history.events, EventKind.PROXY_STOPPED)["at_ns"])
    yield resolution(whole.attempts, stretch, promise.resolution_s, setting.present)
    parts = dict(_by_kind(seen, setting.flows))
    for kind, part in parts.items():
        share = availability(part, promise.availability)
        longest = outage(
            part,
            hold_s=promise.hold_s,
            at_most_s=promise.outage_s,
            deeds_ns=stopped,
            # Which node was getting its next kube-proxy then, or what else was done, and how far into the phase.
            origin_ns=stretch.start_ns,
            events=_of_kind(whole.events, *_DEEDS),
        )
        longest = together(longest, outages(part, hold_s=promise.hold_s, deeds_ns=stopped), whole.attempts)
        for each in (share, longest):
            yield replace(_checked(each, part, whole, promise), check=f"{each.check}: {kind}")
    if "kept TCP" in parts:
        cut = connections_cut(whole, at_most=promise.connections_cut, gone=setting.gone, within=stretch)
        # A client gives up a connection that does not answer in time.
        yield _checked(cut, parts["kept TCP"], whole, promise)
    if "kept UDP" in parts:
        yield udp_flows_lost(whole, at_most=promise.udp_flows_lost, gone=setting.gone, within=stretch)
        yield udp_flows_moved(whole, at_most=promise.udp_flows_moved, gone=setting.gone, within=stretch)
    for service, timeout_s in setting.sticky.items():
        mine = History(whole.attempts.filter(pl.col("service") == service), whole.events)
        found = affinity_broken(
            mine, timeout_s=timeout_s, at_most=promise.affinity_broken, gone=setting.gone, within=stretch
        )
        yield replace(found, check=f"{found.check}: {service}")


def _checked(finding: Finding, attempts: pl.DataFrame, whole: History, promise: RollPromise) -> Finding:
    """Clients that begin so late cannot see what was promised that they see."""
    return checked(finding, attempts, whole, hold_s=promise.hold_s, late_s=promise.resolution_s)


def together(longest: Finding, found: Sequence[Outage], attempts: pl.DataFrame) -> Finding:
    """The longest outage of a flow, with its length as all flows saw it that were hurt by the same.

    The verdict stays that of each flow by itself.
    """
    known = shared(found, attempts) if found else None
    if known is None:
        return longest
    words = f"by {known.flows} flows together: {known.length_s:.3f} s (+/- {known.resolution_s:.3f} s)"
    return replace(longest, figure=known.length_s, resolution=known.resolution_s, reason=f"{longest.reason}; {words}")


def _of_kind(events: pl.DataFrame, *kinds: EventKind) -> pl.DataFrame:
    return events.filter(pl.col("kind").is_in([str(kind) for kind in kinds]))


def _by_kind(attempts: pl.DataFrame, flows: Collection[DeclaredFlow]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The attempts of each kind of connection that was declared, also if there is none; then those of resolvers."""
    names = pl.col("frontend") == str(Frontend.DNS)
    others = [flow for flow in flows if flow.frontend != Frontend.DNS]
    for kind, (protocol, connection) in KINDS.items():
        if any((flow.protocol, flow.connection) == (protocol, connection) for flow in others):
            mine = (pl.col("protocol") == str(protocol)) & (pl.col("connection") == str(connection))
            yield kind, attempts.filter(mine & ~names)
    if len(others) < len(flows):
        yield DNS, attempts.filter(names)


def resolution(attempts: pl.DataFrame, stretch: Stretch, at_most_s: float, present: Presence = ALL_THE_TIME) -> Finding:
    """No flow was quiet for so long that an outage could have gone unseen. The figure is the longest quiet, in seconds.

    `attempts` are all that there are; a quiet that reaches into the stretch counts, with all of its length. It begins
    when an attempt has ended: while one hangs, nothing goes unseen. One before the first attempt begins with the
    stretch, one after the last attempt ends with it. Coarser than promised is inconclusive, never a failure. A flow is
    looked at only while it was `present`.
    """
    check = "resolution"
    longest = max(
        (
            _quiet(seen, name, part)
            for name, flow in by_flow(attempts)
            for seen, part in _presences(flow, stretch, present)
        ),
        default=None,
    )
    if longest is None:
        return no_data(check)
    quiet_s, name, late_s = longest
    verdict = Verdict.PASS if quiet_s <= at_most_s else Verdict.INCONCLUSIVE
    reason = f"no flow was quiet for longer than {quiet_s:.3f} s ({name}); promised: {at_most_s:g} s"
    if verdict is Verdict.PASS or not late_s:
        return Finding(check, verdict, reason, quiet_s, "s", at_most_s, 0.0)
    reason += f"; its client began {late_s:.3f} s too late after that, which is the load of the machine it runs on"
    return Finding(check, verdict, reason, quiet_s, "s", at_most_s, 0.0, remedy=REMEDY)


def _presences(flow: pl.DataFrame, stretch: Stretch, present: Presence) -> Iterator[tuple[pl.DataFrame, Stretch]]:
    """The attempts of a flow for each part of the stretch in which it was there; all of them if it always was."""
    declared = declared_of(flow)
    if declared not in present:
        yield flow, stretch
        return
    for part in while_present(declared, stretch, present):
        yield flow.filter((pl.col("at_ns") >= part.start_ns) & (pl.col("at_ns") < part.end_ns)), part


def _quiet(flow: pl.DataFrame, name: str, stretch: Stretch) -> tuple[float, str, float]:
    """The longest quiet, the flow's name, and how late the attempt that ended it began; 0 if that is not known."""
    edges = pl.DataFrame({"at_ns": stretch.end_ns, "end": stretch.start_ns, "late": 0})
    ordered = flow.sort("at_ns").select("at_ns", end=end_ns(), late=pl.col("late_ns").fill_null(0))
    gaps = pl.select(
        since=pl.concat([edges["end"], ordered["end"]]),
        until=pl.concat([ordered["at_ns"], edges["at_ns"]]),
        late=pl.concat([ordered["late"], edges["late"]]),
    )
    reaching = gaps.filter((pl.col("until") > stretch.start_ns) & (pl.col("since") < stretch.end_ns))
    longest = reaching.select(quiet=pl.col("until") - pl.col("since"), late="late").sort("quiet", "late").tail(1)
    quiet_ns, late_ns = longest.row(0) if longest.height else (0, 0)
    return max(0, quiet_ns) / NANO, name, (late_ns if quiet_ns > 0 else 0) / NANO


def ready(events: pl.DataFrame, within_s: float) -> Finding:
    """How long a node was without a kube-proxy in sync: from PROXY_STOPPED to the next PROXY_REPLACED of the node.

    One that was stopped and not replaced fails. Nothing replaced at all is inconclusive.
    """
    check = "ready"
    deeds = events.filter(pl.col("kind").is_in([str(EventKind.PROXY_STOPPED), str(EventKind.PROXY_REPLACED)]))
    spans: list[tuple[float, str]] = []
    since: dict[str, int] = {}
    for kind, node, at_ns in deeds.sort("at_ns").select("kind", "node", "at_ns").iter_rows():
        if kind == EventKind.PROXY_STOPPED:
            since.setdefault(node, at_ns)
        elif node in since:
            spans.append(((at_ns - since.pop(node)) / NANO, node))
    if since:
        reason = f"without a kube-proxy in sync to the end: {', '.join(sorted(since))}"
        return Finding(check, Verdict.FAIL, reason, float(len(since)), "nodes", 0.0, details=_lines(spans))
    if not spans:
        return no_data(check, "no kube-proxy was replaced")
    longest_s, node = max(spans)
    verdict = Verdict.PASS if longest_s <= within_s else Verdict.FAIL
    reason = f"{node} took longest, {longest_s:.3f} s until its next kube-proxy was in sync; promised: {within_s:g} s"
    return Finding(check, verdict, reason, longest_s, "s", within_s, details=_lines(spans))


def _lines(spans: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(f"{node}: {length_s:.3f} s" for length_s, node in spans)
