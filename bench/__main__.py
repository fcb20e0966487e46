"""Measures speed and precision on the sandbox: `python -m bench`, or `make bench`.

Writes `results/bench.json` (flat keys) and `docs/benchmarks.md`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from bench.connections import connections_per_s
from bench.gate import gate
from bench.own_kernel import RATE_PER_S, own_kernel
from bench.probes import probes_per_s
from bench.recovery import errors_ms
from bench.services import services_s
from bench.stage import Stage, stage
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.machine import machine
from gauntlet.ground.paths import project_root

MODES = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
Figures = dict[str, float | dict[str, float]]
_HOST_GATE: dict[str, Sequence[ProxyMode]] = {"gate_s": MODES}
GATES = {"all": _HOST_GATE | {"ipvs_gate_s": (ProxyMode.IPVS,)}, "host-kernel": _HOST_GATE, "none": {}}

# key -> what it is, unit, target. Where it names no mode, a figure is the worse of the two.
MEANING = {
    "cluster_up_s": ("three nodes, start to the first answer of a Service from a pod", "s", "≤ 6, goal 4"),
    "connections_per_s": ("new connections of one Locust process, every attempt in the history", "1/s", "≥ 2,000"),
    "probes_per_s": ("probes of the clients of a cluster of three nodes, asked as tables", "1/s", "≥ 1,000"),
    "recovery_error_ms": ("largest error against an outage of known length", "ms", "≤ 20, goal 10"),
    "services_1000_s": ("1,000 Services with 10 endpoints each created and answering", "s", "≤ 10"),
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

# What is measured on the stage of each mode, by the key of its figure.
_RATES = {
    "connections_per_s": (connections_per_s, "new connections"),
    "probes_per_s": (probes_per_s, "probes"),
}


@click.command()
@click.option(
    "--gates",
    type=click.Choice([*GATES]),
    default="all",
    show_default=True,
    help="Which gates to run as well: all, that of iptables and nftables mode (host-kernel), or none. Without any, "
    "docs/benchmarks.md stays as it is.",
)
def main(gates: str) -> None:
    """Measure, print, and write results/bench.json and docs/benchmarks.md."""
    by_mode = {mode: _measure(mode) for mode in MODES}
    figures: Figures = {
        "cluster_up_s": max(each[0] for each in by_mode.values()),
        "recovery_error_ms": {
            length: max(each[2][length] for each in by_mode.values()) for length in by_mode[MODES[0]][2]
        },
        "services_1000_s": max(each[3] for each in by_mode.values()),
    }
    for key in _RATES:
        rates = [each[1][key] for each in by_mode.values() if key in each[1]]
        if len(rates) == len(by_mode):
            figures[key] = min(rates)
    figures |= _own_kernel()
    wanted = GATES[gates]
    figures |= _gates(wanted)
    results = project_root() / "results"
    results.mkdir(exist_ok=True)
    (results / "bench.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if wanted:
        (project_root() / "docs" / "benchmarks.md").write_text(_page(figures), encoding="utf-8")
    click.echo(json.dumps(figures, indent=2))


def _own_kernel() -> Figures:
    """No figures where an attempt failed."""
    try:
        found = own_kernel()
    except Inconclusive as error:
        click.echo(f"own-kernel nodes: {error}", err=True)
        return {}
    return {
        "ipvs_up_s": round(found.up_s, 2),
        "own_kernel_boot_s": round(found.boot_s, 2),
        "own_kernel_rules_s": round(found.rules_s, 2),
        "ipvs_connections_per_s": round(found.connections_per_s),
        "clock_ms": round(found.clock_ms, 2),
    }


def _gates(wanted: Mapping[str, Sequence[ProxyMode]]) -> Figures:
    """Modes of a gate by the key of its time. Only gates that pass have a figure."""
    figures: Figures = {}
    largest_mb = []
    for key, modes in wanted.items():
        try:
            found = gate(*modes)
        except Inconclusive as error:
            click.echo(f"{key}: {error}", err=True)
            continue
        figures[key] = round(found.gate_s)
        largest_mb.append(found.driver_rss_mb)
    if largest_mb:
        figures["driver_rss_mb"] = round(max(largest_mb))
    return figures


def _rates(mode: ProxyMode, found: Stage) -> dict[str, float]:
    """Those of _RATES of which no attempt failed."""
    rates: dict[str, float] = {}
    for key, (measure, what) in _RATES.items():
        try:
            rates[key] = round(measure(found))
        except Inconclusive as error:
            click.echo(f"{mode}: {error}", err=True)
            continue
        click.echo(f"{mode}: {rates[key]} {what} a second", err=True)
    return rates


def _measure(mode: ProxyMode) -> tuple[float, dict[str, float], dict[str, float], float]:
    with stage(mode) as found:
        click.echo(f"{mode}: Service answers after {found.up_s:.1f} s", err=True)
        rates = _rates(mode, found)
        errors = errors_ms(found)
        click.echo(f"{mode}: errors in ms by outage in ms: {errors}", err=True)
        many = services_s(found)
        click.echo(f"{mode}: 1,000 Services in {many:.1f} s", err=True)
        return round(found.up_s, 2), rates, errors, round(many, 1)


def _page(figures: Figures) -> str:
    rows = []
    for key, (what, unit, target) in MEANING.items():
        value = figures.get(key, "not measured")
        if isinstance(value, dict):
            shown = ", ".join(f"{k}: {v}" for k, v in value.items())
        else:
            shown = value if isinstance(value, str) else f"{value:,}"
        rows.append(f"| `{key}` | {what} | {shown} | {unit} | {target} |")
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Machine: {machine()},"
            f" Python {platform.python_version()}."
            " Where it names no mode, a figure is the worse of iptables and nftables mode.",
            "",
            "| key | what | figure | unit | target |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
