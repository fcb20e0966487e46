"""What kube-proxy says of itself, held against what is there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from gauntlet.doctor.cluster_check.mismatches import Mismatch
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy import ports
from gauntlet.proxy.modes import traits

CHECK = "health"
# kube-proxy waits at most minSyncPeriod, and calls itself unhealthy after twice syncPeriod, by default 30 s.
PENDING_S = 60
_RESTART = "restart kube-proxy on this node: it writes everything anew when it starts"
SEE_FAILURE = f"mend what makes its syncs fail (told under {CHECK}); restart kube-proxy only after that"
_OK = 200
_NOT_FOUND = 404


def judge(node: NodeFacts, mode: ProxyMode | None, differences: Collection[Mismatch]) -> Iterator[Diagnosis]:
    """/healthz, /livez and the last sync of a node that could be looked at, whose kube-proxy runs in this mode."""
    if node.unseen or (not node.processes and node.healthz.code is None):
        # That no kube-proxy runs is said elsewhere.
        return
    troubles = [*_healthz(node), *_livez(node), *_sync(node, mode)]
    if node.healthz.code == _OK and not node.trouble:
        troubles += _against_the_truth(node, differences)
    yield from troubles
    if not troubles:
        when = synced(node, mode)
        words = f"synced {when}" if when else f"{mode} mode does not say when it synced"
        yield Diagnosis(CHECK, Level.OK, node.name, f"/healthz says {node.healthz.code}, {words}")


def synced(node: NodeFacts, mode: ProxyMode | None) -> str:
    """When the rules were last written, in words; empty if that is not known."""
    if node.metrics is None or _is_silent(mode):
        return ""
    synced_at_s = node.metrics.furthest_behind.synced_at_s
    return f"{_span(node.clock_s - synced_at_s)} ago" if synced_at_s else "never"


def _is_silent(mode: ProxyMode | None) -> bool:
    """Whether kube-proxy says nothing of its syncs in this mode."""
    return mode is not None and not traits(mode).counts_syncs


def _span(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _healthz(node: NodeFacts) -> Iterator[Diagnosis]:
    answer = node.healthz
    if answer.code == _OK:
        return
    if answer.code is None:
        level = Level.UNKNOWN if "no curl" in answer.trouble else Level.PROBLEM
        yield Diagnosis(
            CHECK,
            level,
            node.name,
            f"kube-proxy runs, but /healthz does not answer: {answer.trouble}",
            "see healthzBindAddress in its configuration; if it hangs, restart it and keep its log",
        )
        return
    if _told(answer.body).get("nodeEligible") is False and _told(answer.body).get("healthy") is not False:
        yield Diagnosis(
            CHECK,
            Level.WARNING,
            node.name,
            f"/healthz says {answer.code} because the node is about to go (deleted, or tainted by the autoscaler)",
            "nothing, if that is meant: load balancers stop sending here",
        )
        return
    yield Diagnosis(
        CHECK,
        Level.PROBLEM,
        node.name,
        f"/healthz says {answer.code}: rules are behind the API, kube-proxy cannot write them",
        "read its log: often the xtables lock is held, or a rule is refused by the kernel",
    )


def _livez(node: NodeFacts) -> Iterator[Diagnosis]:
    """Kubernetes before 1.28 has none."""
    code = node.livez.code
    if code in (_OK, _NOT_FOUND) or code is None:
        return
    yield Diagnosis(
        CHECK,
        Level.PROBLEM,
        node.name,
        f"/livez says {code}: a liveness probe on it would restart kube-proxy",
        "read its log; rules are behind the API",
    )


def _sync(node: NodeFacts, mode: ProxyMode | None) -> Iterator[Diagnosis]:
    if node.metrics is None:
        if node.healthz.code is not None:
            yield Diagnosis(
                CHECK,
                Level.WARNING,
                node.name,
                "/metrics does not answer: the last sync, the version and the mode it runs in are not known",
                f"see metricsBindAddress in its configuration (by default 127.0.0.1:{ports.METRICS})",
            )
        return
    if _is_silent(mode):
        # Whether its rules are there is seen by the rules.
        return
    if not node.metrics.syncs:
        yield Diagnosis(
            CHECK, Level.PROBLEM, node.name, "kube-proxy has not written its rules once", "read its log from the start"
        )
    if node.failure is not None:
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            f"syncs fail ({node.failure.count} since it started, the last that did not was "
            f"{synced(node, mode) or 'never'}): {node.failure.why}",
            node.failure.remedy,
        )
        return
    times = node.metrics.furthest_behind
    waits = node.clock_s - times.queued_at_s
    if times.queued_at_s > times.synced_at_s and waits > PENDING_S:
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            f"a change has been waiting for {_span(waits)} to be written; the last sync was "
            f"{synced(node, mode) or 'never'}",
            "read its log; restart it if it hangs",
        )


def _against_the_truth(node: NodeFacts, differences: Collection[Mismatch]) -> list[Diagnosis]:
    """/healthz only knows when rules were last written, not whether they are still there (kubernetes 129128)."""
    hooked = [each for each in node.rules if each.hooked]
    if differences or not hooked:
        what = f"{len(differences)} places are wrong" if hooked else "not every packet meets its rules"
        return [
            Diagnosis(
                CHECK,
                Level.PROBLEM,
                node.name,
                f"/healthz says {_OK}, and yet {what}: probes and load balancers will not notice",
                SEE_FAILURE if node.failure else _RESTART,
            )
        ]
    return []


def _told(body: str) -> dict[str, object]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
