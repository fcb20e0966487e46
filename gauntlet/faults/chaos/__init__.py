"""Actions, probes and the safety net of the experiments in `experiments/`, called by name from Chaos Toolkit.

Each takes Chaos Toolkit's `configuration`: `kubeconfig`, and optionally `node` (to hurt; the first), `events`
(file of the event log), `service` (`namespace/name`) and `dead_man_s`.
"""

from __future__ import annotations

from gauntlet.faults.chaos.faults import faults_accounted_for, heal, healed, held, inject, landed, over_by_itself
from gauntlet.faults.chaos.proxy import proxy_at_rest, proxy_healthy, restart_proxy, service_answers
from gauntlet.faults.chaos.service import expose, prepare, remove, replace_endpoint, rules_follow_endpoints, unexpose

__all__ = [
    "expose",
    "faults_accounted_for",
    "heal",
    "healed",
    "held",
    "inject",
    "landed",
    "over_by_itself",
    "prepare",
    "proxy_at_rest",
    "proxy_healthy",
    "remove",
    "replace_endpoint",
    "restart_proxy",
    "rules_follow_endpoints",
    "service_answers",
    "unexpose",
]
