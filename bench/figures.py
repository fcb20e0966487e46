"""The keys of results/bench.json, and what each of them is."""

from __future__ import annotations

from bench.own_kernel import RATE_PER_S

Figures = dict[str, float | dict[str, float]]

# key -> what it is, unit, target. Where it names no mode, a figure is the worse of the two.
MEANING = {
    "cluster_up_s": ("three nodes, start to the first answer of a Service from a pod", "s", "≤ 6, goal 4"),
    "connections_per_s": ("new connections of one Locust process, every attempt in the history", "1/s", "≥ 2,000"),
    "recovery_error_ms": ("largest error against an outage of known length", "ms", "≤ 20, goal 10"),
    "services_1000_s": ("1,000 Services with 10 endpoints each created and answering", "s", "≤ 10"),
    "audit_node_s": ("the audit of such a cluster, for each of its nodes", "s", "≤ 5"),
    "probes_per_s": ("probes of the clients of a cluster of three nodes, asked as tables", "1/s", "≥ 1,000"),
    "conformance_s": ("conformance profile, both modes", "s", "≤ 150"),
    "conformance_cases": ("cases of it that ran, in the mode that has the fewest", "-", "≥ 150"),
    "conformance_peak_gib": (
        "memory of all processes of that run at its most: sum of their PSS, looked at every 2 s",
        "GiB",
        "≤ 4",
    ),
    "broken_conformance_s": ("the same while no NodePort is served, which about half of it asks", "s", "≤ 300"),
    "upgrade_outage_error_ms": (
        "an outage of known length in the middle of an upgrade's roll: error of the worse of two nodes",
        "ms",
        "≤ 20",
    ),
    "watch_core_share": ("a client of a watch, at 50 attempts a second or more, of a core", "%", "≤ 5"),
    "watch_rows_lost": ("rows of a watch that were lost, of all that its clients made", "-", "0"),
    "gate_s": ("gate profile, both modes", "s", "≤ 360"),
    "ipvs_up_s": ("ipvs mode, three nodes with kernels of their own, start to the first answer", "s", "-"),
    "own_kernel_boot_s": ("one such node, power on to the first command", "s", "≤ 8"),
    "own_kernel_rules_s": ("one such node, power on to its rules in effect", "s", "-"),
    "ipvs_connections_per_s": (
        f"new connections through ipvs, {RATE_PER_S:,.0f} a second asked for, none failed",
        "1/s",
        "≥ 1,000",
    ),
    "clock_ms": ("furthest that such a node's clock is from this machine's", "ms", "≤ 5"),
    "ipvs_gate_s": ("gate profile, ipvs mode", "s", "≤ 360"),
    "driver_rss_mb": ("largest test process of the gate", "MB", "≤ 300"),
}
