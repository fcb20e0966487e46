"""Experiment: an Slo applied to the history of one experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gauntlet.checkers.availability import availability
from gauntlet.checkers.balance import balance
from gauntlet.checkers.blast_radius import blast_radius
from gauntlet.checkers.control import control, served
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.error_kinds import error_kinds
from gauntlet.checkers.hold import held
from gauntlet.checkers.joined import worst
from gauntlet.checkers.kinds import is_free, is_new
from gauntlet.checkers.latency import latency
from gauntlet.checkers.losses import LOSSES, Reach, Sticky, losses
from gauntlet.checkers.outage import outage
from gauntlet.checkers.recovery import flow_recoveries, recovery
from gauntlet.checkers.sample import NANO, no_data
from gauntlet.checkers.silence import silent_flows
from gauntlet.checkers.windows import AFTER, CONTROL, HURT, WINDOWS, Windows, cut
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, EventKind, History, Protocol
from gauntlet.promises.promise import BlastRadius, Slo

CHECKS = (
    "flows",
    "control",
    "landed",
    "held",
    "healed",
    "correctness",
    "availability",
    "error-kinds",
    "blast-radius",
    "outage",
    "recovery",
    "after",
    "latency",
    "balance",
    *LOSSES,
)
# A kept flow has one user: while an attempt hangs, for a second at most, it makes no other, and what was cut is opened
# anew only then. So much later than others it may be served again, and so much coarser is what it shows of time.
KEPT_HANGS_S = 1.5

# The windows in which a flow must have attempted for a check to say that all was well.
_RESTS_ON = {
    "control": (CONTROL,),
    "correctness": WINDOWS,
    "availability": (HURT,),
    "error-kinds": (HURT, AFTER),
    "blast-radius": (HURT, AFTER),
    "outage": (HURT, AFTER),
    "recovery": (HURT, AFTER),
    "after": (AFTER,),
    "latency": (AFTER,),
    "balance": (AFTER,),
    "removed-endpoint": (AFTER,),
    **dict.fromkeys(LOSSES, WINDOWS),
}


def judge(
    history: History,
    slo: Slo,
    hurt_node: str | None,
    backends: frozenset[str],
    flows: Mapping[DeclaredFlow, Collection[str]],
    *,
    reach: BlastRadius,
    sticky: Sticky,
    removed: frozenset[str] = frozenset(),
    hurt_addresses: frozenset[str] = frozenset(),
) -> list[Finding]:
    """One finding for each of `CHECKS`, and "removed-endpoint" where backends were removed.

    `reach` is the blast radius that the fault declares; it is promised unless the Slo promises another.

    `hurt_node` is the node that the fault acts on (None: all of them). `backends` are all that may ever answer;
    `removed` those of them that must not once the cluster has recovered. `hurt_addresses` are addresses that lead
    through the hurt node whoever uses them (its own, for NodePorts): attempts to these count as its clients'.
    `sticky` is the Service that remembers its clients.
    `flows` are all flows that were declared, each with the windows in which it was to attempt.

    If the control window is bad, or the fault did not land or did not hold, all else is inconclusive, except a wrong
    backend: that is wrong at any time. If a declared flow was silent in a window, no check that rests on it passes; one
    that fails does.
    """
    try:
        windows = cut(history)
    except Inconclusive as problem:
        others = [check for check in CHECKS if check != "correctness"]
        remedy = _first("experiment")
        found = [Finding(check, Verdict.INCONCLUSIVE, problem.what, remedy=remedy) for check in others]
        return [*found, _gated(correctness(history.attempts, backends, at_most=slo.wrong_backend), found)]
    radius = reach if slo.blast_radius == "as_declared" else BlastRadius(slo.blast_radius)
    case = _Case(history, windows, slo, radius, hurt_node, backends, sticky, removed, hurt_addresses)
    missing = silent_flows(history.attempts, windows, flows)
    control_found = _heard(control(windows.control, slo, is_free((sticky.service,))), missing)
    landed = _evidence(history, EventKind.FAULT_LANDED, "landed")
    healed = _evidence(history, EventKind.FAULT_HEAL_CONFIRMED, "healed")
    conditions = [control_found, landed, held(history)]
    found = [_gated(_heard(finding, missing), conditions) for finding in case.findings()]
    return [_attendance(flows, missing), *conditions, healed, *found]


@dataclass(frozen=True)
class _Case:
    history: History
    windows: Windows
    slo: Slo
    radius: BlastRadius
    hurt_node: str | None
    backends: frozenset[str]
    sticky: Sticky
    removed: frozenset[str]
    hurt_addresses: frozenset[str]

    def findings(self) -> list[Finding]:
        slo, windows, free = self.slo, self.windows, is_free((self.sticky.service,))
        after = self._after()
        expected = self.backends - self.removed
        found = [
            correctness(self.history.attempts, self.backends, at_most=slo.wrong_backend),
            availability(self._promised_to(free), slo.availability),
            error_kinds(windows.struck.filter(is_new()), slo.allowed_errors),
            self._blast_radius(free),
            outage(
                self.history.attempts.filter(is_new()),
                hold_s=slo.recovery.hold_s,
                at_most_s=slo.outage_s,
                slow_after_ms=slo.slow_after_ms,
                since_ns=windows.strike_ns,
            ),
            self._recovery(),
            served("after", after, slo, free),
            latency(after.filter(free), slo.latency.p50_ms, slo.latency.p99_ms),
            balance(
                after.filter(free),
                expected,
                significance=slo.balance.significance,
                max_skew=slo.balance.max_skew,
                detects_skew=slo.balance.detects_skew,
                each_node=slo.balance.each_node,
            ),
            *self._losses(),
        ]
        if self.removed:
            # A kept connection may stay with its backend: kube-proxy redirects new ones only.
            new = after.filter(is_new())
            found.append(dataclasses.replace(correctness(new, expected), check="removed-endpoint"))
        return found

    def _recovery(self) -> Finding:
        """That of the worst flow. Kept ones have until an attempt that hangs is over."""

        def of(attempts: pl.DataFrame, allowance_s: float) -> Finding:
            rules = self.slo.recovery
            return recovery(
                History(attempts, self.history.events),
                rules.since.event,
                within_s=rules.within_s + allowance_s,
                hold_s=rules.hold_s,
                resolution_s=rules.resolution_s + allowance_s,
                slow_after_ms=self.slo.slow_after_ms,
            )

        seen = self.history.attempts.filter(self._returns())
        new, kept = seen.filter(is_new()), seen.filter(~is_new())
        return of(new, 0.0) if kept.is_empty() else worst(of(new, 0.0), of(kept, KEPT_HANGS_S))

    def _losses(self) -> Iterable[Finding]:
        changed = self.history.events.filter(pl.col("kind") == str(EventKind.ENDPOINT_CHANGED))["at_ns"]
        gone = {} if changed.is_empty() else dict.fromkeys(self.removed, int(changed[0]))
        carried_off: dict[str, int] = {}
        if self.radius is BlastRadius.BACKENDS_ON_HURT_NODE:
            homes = self._homes()
            there = homes.filter(pl.col("backend_node") == self.hurt_node)["backend"]
            carried_off = dict.fromkeys(there.to_list(), self.windows.strike_ns)
        reach = Reach(self.radius, self._touches(), self.slo.losses_elsewhere, carried_off)
        since_ns = self.windows.strike_ns
        return losses(self.history, self.slo, reach, since_ns=since_ns, sticky=self.sticky, gone=gone)

    def _after(self) -> pl.DataFrame:
        """The attempts of the window "after", from the moment on at which every flow had recovered, if all did."""
        rules, returning = self.slo.recovery, self._returns()
        after = self.windows.after.filter(returning)
        try:
            since_ns = self.history.at(rules.since.event)
        except LookupError:
            return after
        flows = flow_recoveries(
            self.history.attempts.filter(returning), since_ns, hold_s=rules.hold_s, slow_after_ms=self.slo.slow_after_ms
        )
        recovered = [flow.recovered_s for flow in flows if flow.recovered_s is not None]
        if len(recovered) < len(flows) or not recovered:
            return after
        return after.filter(pl.col("at_ns") >= since_ns + round(max(recovered) * NANO))

    def _returns(self) -> pl.Expr:
        """Whether an attempt is of a flow that has to be served again."""
        if self.slo.udp_flows_return:
            return pl.lit(value=True)
        return is_new() | (pl.col("protocol") != str(Protocol.UDP)) | ~self._touches()

    def _touches(self) -> pl.Expr:
        """Whether an attempt goes through the hurt node."""
        if self.hurt_node is None:
            return pl.lit(value=True)
        on_node = pl.col("client_node").eq_missing(pl.lit(self.hurt_node))
        return on_node | pl.col("address").is_in(sorted(self.hurt_addresses))

    def _promised_to(self, free: pl.Expr) -> pl.DataFrame:
        """The attempts whose availability is promised: where only some clients may be hurt, theirs.

        All new ones if not a single one may fail. A share is of many attempts that choose by chance: of `free` ones.
        """
        mine = self.windows.hurt.filter(is_new() if self.slo.availability >= 1 else free)
        if self.radius in (BlastRadius.NONE, BlastRadius.CLUSTER):
            return mine
        return mine.filter(self._touches())

    def _blast_radius(self, free: pl.Expr) -> Finding:
        radius, struck = self.radius, self.windows.struck.filter(is_new())
        if radius is BlastRadius.NONE:
            return blast_radius(struck, frozenset())
        if radius is BlastRadius.CLUSTER:
            reason = f"every client may notice; {struck.height} attempts seen"
            return Finding("blast-radius", Verdict.INCONCLUSIVE if struck.is_empty() else Verdict.MEASURED, reason)
        if self.hurt_node is None:
            return no_data("blast-radius", f"the promise is {radius}, but no single node is hurt")
        if radius is BlastRadius.HURT_NODE:
            elsewhere = struck.filter(~pl.col("address").is_in(sorted(self.hurt_addresses)))
            return blast_radius(elsewhere, frozenset({self.hurt_node}))
        return self._collateral(free)

    def _homes(self) -> pl.DataFrame:
        """Backends and their nodes, as the control window shows them."""
        return self.windows.control.select("backend", "backend_node").drop_nulls("backend").unique()

    def _collateral(self, free: pl.Expr) -> Finding:
        """Clients elsewhere may miss the backends on the hurt node, hence fail in that share of their attempts."""
        homes = self._homes()
        if homes.is_empty() or homes["backend_node"].null_count():
            return no_data("blast-radius", "the control window does not say on which nodes the backends are")
        there = homes.filter(pl.col("backend_node") == self.hurt_node).height
        elsewhere = self.windows.hurt.filter(free, ~self._touches())
        return availability(elsewhere, 1 - there / homes.height, check="blast-radius")


def _attendance(flows: Mapping[DeclaredFlow, Collection[str]], missing: Mapping[str, list[str]]) -> Finding:
    if not flows:
        return no_data("flows", "no flow was declared: nobody was to attempt anything")
    lines = tuple(f"{name} in the window {window!r}" for window, names in missing.items() for name in sorted(names))
    quiet = len({name for names in missing.values() for name in names})
    if lines:
        reason = f"{quiet} of {len(flows)} declared flows were silent: {'; '.join(lines)}"
        return Finding("flows", Verdict.INCONCLUSIVE, reason, float(quiet), "flows", 0.0, details=lines)
    reason = f"all {len(flows)} declared flows attempted in every window"
    return Finding("flows", Verdict.PASS, reason, 0.0, "flows", 0.0)


def _heard(finding: Finding, missing: Mapping[str, list[str]]) -> Finding:
    """The finding, or, if it found nothing wrong but a flow that it rests on was silent, the same as inconclusive."""
    quiet = [window for window in _RESTS_ON[finding.check] if window in missing]
    if finding.verdict.blocks or not quiet:
        return finding
    when = " and ".join(repr(window) for window in quiet)
    reason = f"not judged, since flows that `flows` names were silent in the window {when} (seen: {finding.reason})"
    return dataclasses.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason, remedy=_first("flows"))


def _first(check: str) -> str:
    return f"first follow the advice of the finding `{check}`"


def _evidence(history: History, kind: EventKind, check: str) -> Finding:
    found = history.events.filter(pl.col("kind") == str(kind))
    if found.is_empty():
        return no_data(check, f"there is no evidence that the fault {check}: the history holds no {kind} event")
    detail = found["detail"][0] or "evidence without words"
    return Finding(check, Verdict.PASS, str(detail), details=tuple(found["detail"].drop_nulls().to_list()))


def _gated(finding: Finding, conditions: list[Finding]) -> Finding:
    """The finding, or, where a condition does not hold, the same figures without a verdict."""
    unmet = next((condition for condition in conditions if condition.verdict is not Verdict.PASS), None)
    wrong_backend = finding.check == "correctness" and finding.verdict is Verdict.FAIL
    if unmet is None or wrong_backend:
        return finding
    reason = f"not judged, since {unmet.check} is {unmet.verdict}: {unmet.reason} (seen: {finding.reason})"
    return dataclasses.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason, remedy=_first(unmet.check))
