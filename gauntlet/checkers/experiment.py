"""Experiment: an Slo applied to the history of one experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gauntlet.checkers.availability import availability
from gauntlet.checkers.balance import balance
from gauntlet.checkers.blast_radius import blast_radius
from gauntlet.checkers.control import control
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.error_kinds import error_kinds
from gauntlet.checkers.hold import held
from gauntlet.checkers.latency import latency
from gauntlet.checkers.outage import outage
from gauntlet.checkers.recovery import flow_recoveries, recovery
from gauntlet.checkers.sample import NANO, declared_name, no_data
from gauntlet.checkers.silence import silent
from gauntlet.checkers.windows import AFTER, CONTROL, HURT, WINDOWS, Windows, cut
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, DeclaredFlow, EventKind, History
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
)

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
}


def judge(
    history: History,
    slo: Slo,
    hurt_node: str | None,
    backends: frozenset[str],
    flows: Mapping[DeclaredFlow, Collection[str]],
    *,
    reach: BlastRadius,
    removed: frozenset[str] = frozenset(),
    hurt_addresses: frozenset[str] = frozenset(),
) -> list[Finding]:
    """One finding for each of `CHECKS`, and "removed-endpoint" where backends were removed.

    `reach` is the blast radius that the fault declares; it is promised unless the Slo promises another.

    `hurt_node` is the node that the fault acts on (None: all of them). `backends` are all that may ever answer;
    `removed` those of them that must not once the cluster has recovered. `hurt_addresses` are addresses that lead
    through the hurt node whoever uses them (its own, for NodePorts): attempts to these count as its clients'.
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
    case = _Case(history, windows, slo, radius, hurt_node, backends, removed, hurt_addresses)
    missing = _silent_flows(history, windows, flows)
    control_found = _heard(control(windows.control, slo), missing)
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
    removed: frozenset[str]
    hurt_addresses: frozenset[str]

    def findings(self) -> list[Finding]:
        slo, windows = self.slo, self.windows
        after = self._after()
        expected = self.backends - self.removed
        found = [
            correctness(self.history.attempts, self.backends, at_most=slo.wrong_backend),
            availability(self._promised_to(), slo.availability),
            error_kinds(windows.struck, slo.allowed_errors),
            self._blast_radius(),
            outage(
                self.history.attempts,
                hold_s=slo.recovery.hold_s,
                at_most_s=slo.outage_s,
                slow_after_ms=slo.slow_after_ms,
                since_ns=windows.strike_ns,
            ),
            recovery(
                self.history,
                slo.recovery.since.event,
                within_s=slo.recovery.within_s,
                hold_s=slo.recovery.hold_s,
                resolution_s=slo.recovery.resolution_s,
                slow_after_ms=slo.slow_after_ms,
            ),
            availability(after, slo.control.availability, min_attempts=slo.control.min_attempts, check="after"),
            latency(after, slo.latency.p50_ms, slo.latency.p99_ms),
            balance(
                after,
                expected,
                significance=slo.balance.significance,
                max_skew=slo.balance.max_skew,
                detects_skew=slo.balance.detects_skew,
                each_node=slo.balance.each_node,
            ),
        ]
        if self.removed:
            # A kept connection may stay with its backend: kube-proxy redirects new ones only.
            new = after.filter(pl.col("connection") == Connection.NEW)
            found.append(dataclasses.replace(correctness(new, expected), check="removed-endpoint"))
        return found

    def _after(self) -> pl.DataFrame:
        """The attempts of the window "after", from the moment on at which every flow had recovered, if all did."""
        rules = self.slo.recovery
        try:
            since_ns = self.history.at(rules.since.event)
        except LookupError:
            return self.windows.after
        flows = flow_recoveries(
            self.history.attempts, since_ns, hold_s=rules.hold_s, slow_after_ms=self.slo.slow_after_ms
        )
        recovered = [flow.recovered_s for flow in flows if flow.recovered_s is not None]
        if len(recovered) < len(flows) or not recovered:
            return self.windows.after
        return self.windows.after.filter(pl.col("at_ns") >= since_ns + round(max(recovered) * NANO))

    def _touches(self) -> pl.Expr:
        """Whether an attempt goes through the hurt node."""
        if self.hurt_node is None:
            return pl.lit(value=True)
        on_node = pl.col("client_node").eq_missing(pl.lit(self.hurt_node))
        return on_node | pl.col("address").is_in(sorted(self.hurt_addresses))

    def _promised_to(self) -> pl.DataFrame:
        """The attempts whose availability is promised: where only some clients may be hurt, theirs."""
        if self.radius in (BlastRadius.NONE, BlastRadius.CLUSTER):
            return self.windows.hurt
        return self.windows.hurt.filter(self._touches())

    def _blast_radius(self) -> Finding:
        radius, struck = self.radius, self.windows.struck
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
        return self._collateral()

    def _collateral(self) -> Finding:
        """Clients elsewhere may miss the backends on the hurt node, hence fail in that share of their attempts."""
        homes = self.windows.control.select("backend", "backend_node").drop_nulls("backend").unique()
        if homes.is_empty() or homes["backend_node"].null_count():
            return no_data("blast-radius", "the control window does not say on which nodes the backends are")
        there = homes.filter(pl.col("backend_node") == self.hurt_node).height
        elsewhere = self.windows.hurt.filter(~self._touches())
        return availability(elsewhere, 1 - there / homes.height, check="blast-radius")


def _silent_flows(
    history: History, windows: Windows, flows: Mapping[DeclaredFlow, Collection[str]]
) -> dict[str, list[str]]:
    """Names of the flows that were silent in each window; windows in which none was are left out."""
    missing: dict[str, list[str]] = {}
    for flow, expected_in in flows.items():
        for before, window in zip((None, *WINDOWS), WINDOWS, strict=False):
            joins = before not in expected_in
            if window in expected_in and silent(history.attempts, flow, *windows.spans[window], joins=joins):
                missing.setdefault(window, []).append(declared_name(flow))
    return missing


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
