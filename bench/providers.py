"""What kind costs against the sandbox, measured in one run: `ci/docker exec .venv/bin/python -m bench.providers`.

Prints a table in Markdown. Kind needs its images: `gauntlet images build`.
"""

from __future__ import annotations

import click

from bench.connections import connections_per_s
from bench.recovery import errors_ms
from bench.services import services_s
from bench.stage import stage
from gauntlet.ground.cluster import ProxyMode

PROVIDERS = ("sandbox", "kind")
MEANING = (
    "three nodes, start to the first answer of a Service from a pod, s",
    "new connections of one Locust process, 1/s",
    "largest error against an outage of known length, ms",
    "1,000 Services with 10 endpoints each created and answering, s",
)


@click.command()
@click.option("--mode", type=click.Choice(["iptables", "nftables"]), default="nftables", show_default=True)
def main(mode: str) -> None:
    """Measure both providers, one after the other, in one mode, and print what they took and the ratio."""
    sandbox, kind = (_measure(provider, ProxyMode(mode)) for provider in PROVIDERS)
    click.echo(f"| {mode} mode | sandbox | kind | kind : sandbox |\n|---|---|---|---|")
    for what, ours, theirs in zip(MEANING, sandbox, kind, strict=True):
        click.echo(f"| {what} | {ours:,.1f} | {theirs:,.1f} | {theirs / ours:.2f} |")


def _measure(provider: str, mode: ProxyMode) -> tuple[float, ...]:
    with stage(mode, of=provider) as found:
        return found.up_s, connections_per_s(found), max(errors_ms(found).values()), services_s(found)


if __name__ == "__main__":
    main()
