"""`gauntlet audit`: the rules of each node, held against what the API server wants served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gauntlet.cli.cluster_options import cluster_options
from gauntlet.ground import screen
from gauntlet.ground.errors import ExitCode

if TYPE_CHECKING:
    from gauntlet.providers.existing.options import ExistingOptions


@click.command(short_help="Hold the rules of a cluster's nodes against its Services.")
@cluster_options()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def audit(ctx: click.Context, *, cluster: ExistingOptions, as_json: bool) -> None:
    """Find rules that are wrong before anybody's connection meets them, node by node, in IPv4 and IPv6.

    What the API server wants served is worked out by the model, and held against the rules that each node's kernel has:
    places without a rule, rules that lead to the wrong endpoints or ports, rules that are left of Services or of
    another mode. It is the part of `gauntlet doctor --cluster` that is about rules, and changes as little
    (docs/cluster-check.md). Exit code 0 if no rule is wrong, else 1; what cannot be looked at counts as wrong.

    \b
    Examples:
      gauntlet audit --kubeconfig "$(gauntlet cluster kubeconfig play)"
      gauntlet audit --context staging --json
    """
    from gauntlet.doctor.cluster_check import about_rules, examine
    from gauntlet.doctor.cluster_check.table import tables
    from gauntlet.doctor.cluster_check.target import opened

    with opened(cluster) as target:
        report = about_rules(examine(target.api, target.nodes, no_way_in=target.no_way_in, faults=target.faults))
    if as_json:
        click.echo(report.as_json())
    else:
        console = screen.console()
        for table in tables(report):
            console.print(screen.fitted(console, table))
    ctx.exit(ExitCode.OK if report.sound else ExitCode.FAILED)
