"""`gauntlet lookahead`: what a version or a mode of kube-proxy will do to a cluster, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gauntlet.cli.cluster_options import cluster_options
from gauntlet.ground import screen
from gauntlet.ground.errors import ExitCode

if TYPE_CHECKING:
    from gauntlet.providers.existing.options import ExistingOptions


@click.command(short_help="Say what the next kube-proxy will do to a cluster.")
@click.option(
    "--to",
    metavar="VERSION|SUBJECT",
    help="Where the cluster is to go: 1.37 (with the configuration as it is), or a subject like nftables@1.37.  "
    "[default: the next minor version]",
)
@cluster_options()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def lookahead(
    ctx: click.Context,
    *,
    to: str | None,
    cluster: ExistingOptions,
    as_json: bool,
) -> None:
    """Say what the next version or mode of kube-proxy will do to this cluster, and what to do about it.

    Its mode and when that goes, kernels and tools, NodePorts, externalIPs, names, flags, fields, feature gates and the
    version skew, each with its source (docs/lookahead.md). If the kube-proxy that is asked about is on this machine, it
    reads the cluster's configuration itself. Nothing of the cluster is changed, but that in somebody's cluster with the
    gauntlet's marker a privileged pod runs on each node while this lasts (docs/existing.md).

    Exit code 0 if nothing stands in the way (there may be warnings), 1 if something does or cannot be told, 2 for wrong
    usage.

    \b
    Examples:
      gauntlet lookahead
      gauntlet lookahead --to nftables@1.37 --context staging
      gauntlet lookahead --to 1.43 --json
    """
    from gauntlet.doctor.cluster_check.target import opened
    from gauntlet.doctor.lookahead import Goal, look_ahead

    goal = None if to is None else Goal.parse(to)
    with opened(cluster) as target:
        outlook = look_ahead(target.api, target.nodes, goal, no_way_in=target.no_way_in)
    if as_json:
        click.echo(outlook.as_json())
    else:
        console = screen.console()
        for shown in outlook.shown():
            console.print(screen.fitted(console, shown))
    ctx.exit(ExitCode.OK if outlook.is_clear else ExitCode.FAILED)
