"""Measures speed and precision on the sandbox: `python -m bench`, or `make bench`.

Writes `results/bench.json` (flat keys) and `docs/benchmarks.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import click

from bench import audit, conformance, page, upgrade_outage
from bench.connections import connections_per_s
from bench.figures import Figures
from bench.own_kernel import own_kernel
from bench.probes import probes_per_s
from bench.profile_run import run
from bench.recovery import errors_ms
from bench.services import services_s
from bench.stage import Stage, stage
from bench.watching import DEFAULT_S, watching
from gauntlet.cli.span import Span
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.paths import project_root

MODES = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)


def _cluster() -> Figures:
    by_mode = {mode: _measure(mode) for mode in MODES}
    figures: Figures = {
        "cluster_up_s": max(each[0] for each in by_mode.values()),
        "recovery_error_ms": {
            length: max(each[2][length] for each in by_mode.values()) for length in by_mode[MODES[0]][2]
        },
        "services_1000_s": max(each[3] for each in by_mode.values()),
    }
    return figures | _slowest("connections_per_s", [each[1] for each in by_mode.values()])


def _audit() -> Figures:
    """No figure if an audit does not pass."""
    took_s = []
    for mode in MODES:
        with stage(mode) as found:
            services_s(found)
            try:
                took_s.append(audit.node_s(found))
            except Inconclusive as error:
                click.echo(f"{mode}: {error}", err=True)
                return {}
            click.echo(f"{mode}: audited in {took_s[-1]:.1f} s a node", err=True)
    return {"audit_node_s": round(max(took_s), 1)}


def _catalogue() -> Figures:
    rates = []
    for mode in MODES:
        with stage(mode) as found:
            rates.append(_rate(mode, found, probes_per_s, "probes"))
    figures = _slowest("probes_per_s", rates)
    try:
        done = conformance.sound()
        figures |= {
            "conformance_s": round(done.took_s),
            "conformance_cases": done.cases,
            "conformance_peak_gib": round(done.peak_gib, 2),
        }
        click.echo(
            f"conformance: {done.cases} cases a mode in {done.took_s:.0f} s, at most {done.peak_gib:.2f} GiB", err=True
        )
    except Inconclusive as error:
        click.echo(f"conformance: {error}", err=True)
    try:
        figures["broken_conformance_s"] = round(conformance.broken_s())
    except Inconclusive as error:
        click.echo(f"broken conformance: {error}", err=True)
    return figures


def _upgrade() -> Figures:
    """No figure if the upgrade measured none."""
    try:
        return {"upgrade_outage_error_ms": upgrade_outage.error_ms()}
    except Inconclusive as error:
        click.echo(f"upgrade: {error}", err=True)
        return {}


def _watch(for_s: float) -> Figures:
    """No figures if the watch says nothing of its clients."""
    try:
        found = watching(for_s)
    except Inconclusive as error:
        click.echo(f"watch: {error}", err=True)
        return {}
    click.echo(f"watch: {found.made:,} attempts in {for_s:g} s, {found.rate_per_s:.0f} a second a client", err=True)
    return {"watch_core_share": found.core_share_percent, "watch_rows_lost": found.lost}


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


def _gates() -> Figures:
    """Only gates that pass have a figure."""
    figures: Figures = {}
    largest_mb = []
    for key, modes in (("gate_s", MODES), ("ipvs_gate_s", (ProxyMode.IPVS,))):
        try:
            found = run("gate", modes)
        except Inconclusive as error:
            click.echo(f"{key}: {error}", err=True)
            continue
        figures[key] = round(found.took_s)
        largest_mb.append(found.driver_rss_mb)
    if largest_mb:
        figures["driver_rss_mb"] = round(max(largest_mb))
    return figures


def _parts(watch_for_s: float) -> Mapping[str, Callable[[], Figures]]:
    return {
        "cluster": _cluster,
        "audit": _audit,
        "catalogue": _catalogue,
        "upgrade": _upgrade,
        "watch": partial(_watch, watch_for_s),
        "own-kernel": _own_kernel,
        "gates": _gates,
    }


@click.command()
@click.option("--watch-for", "watch_for_s", type=Span(), default=DEFAULT_S, help="How long the watch lasts.")
@click.argument("parts", nargs=-1, type=click.Choice([*_parts(DEFAULT_S)]))
def main(watch_for_s: float, parts: tuple[str, ...]) -> None:
    """Measure these parts, or all; print, and write results/bench.json and docs/benchmarks.md.

    Figures of other parts stay as they were.
    """
    figures: Figures = {}
    measures = _parts(watch_for_s)
    for part in parts or measures:
        figures |= measures[part]()
    kept = project_root() / "results" / "bench.json"
    kept.parent.mkdir(exist_ok=True)
    before: Figures = json.loads(kept.read_text(encoding="utf-8")) if parts and kept.exists() else {}
    kept.write_text(json.dumps(before | figures, indent=2) + "\n", encoding="utf-8")
    page.write(figures)
    click.echo(json.dumps(figures, indent=2))


def _slowest(key: str, rates: Sequence[float | None]) -> Figures:
    """No figure if a mode has none."""
    known = [each for each in rates if each is not None]
    return {key: min(known)} if len(known) == len(rates) else {}


def _rate(mode: ProxyMode, found: Stage, measure: Callable[[Stage], float], what: str) -> float | None:
    """None if an attempt failed."""
    try:
        rate = round(measure(found))
    except Inconclusive as error:
        click.echo(f"{mode}: {error}", err=True)
        return None
    click.echo(f"{mode}: {rate} {what} a second", err=True)
    return rate


def _measure(mode: ProxyMode) -> tuple[float, float | None, dict[str, float], float]:
    with stage(mode) as found:
        click.echo(f"{mode}: Service answers after {found.up_s:.1f} s", err=True)
        rate = _rate(mode, found, connections_per_s, "new connections")
        errors = errors_ms(found)
        click.echo(f"{mode}: errors in ms by outage in ms: {errors}", err=True)
        many = services_s(found)
        click.echo(f"{mode}: 1,000 Services in {many:.1f} s", err=True)
        return round(found.up_s, 2), rate, errors, round(many, 1)


if __name__ == "__main__":
    main()
