"""Terms: which field of an SLO each check holds a history against."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gauntlet.ground.finding import Finding
from gauntlet.promises.slo import Terms

FIELDS = {
    "control": "control.availability",
    "correctness": "wrong_backend",
    "availability": "availability",
    "error-kinds": "allowed_errors",
    "blast-radius": "blast_radius",
    "outage": "outage_s",
    "connections-cut": "connections_cut",
    "udp-flows-lost": "udp_flows_lost",
    "udp-flows-moved": "udp_flows_moved",
    "affinity-broken": "affinity_broken",
    "recovery": "recovery.within_s",
    "after": "control.availability",
    "latency": "latency.p99_ms",
    "refusal": "latency.p99_ms",
    "programming": "programming.p99_s",
    "in-effect": "programming.p99_s",
    "balance": "balance.max_skew",
}


def under(terms: Terms, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each with the field of the SLO that it was held against, if there is one."""
    return [
        dataclasses.replace(finding, promise=terms.field(FIELDS[finding.check])) if finding.check in FIELDS else finding
        for finding in findings
    ]
