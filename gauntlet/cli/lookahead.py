"""`gauntlet lookahead`: what a version or a mode of kube-proxy will do to a cluster, before anything runs."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.ground import screen
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.names import NAME


@click.command(short_help="Say what the next kube-proxy will do to a cluster.")
@click.option(
    "--to",
    metavar="VERSION|SUBJECT",
    help="Where the cluster is to go: 1.37 (with the configuration as it is), or a subject like nftables@1.37.  "
    "[default: the next minor version]",
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The cluster of this kubeconfig.  [default: $KUBECONFIG, ~/.kube/config]",
)
@click.option("--context", type=NAME, help="A context of the kubeconfig.  [default: the current one]")
@click.option(
    "--allow-context",
    type=NAME,
    help="Go onto the nodes of a cluster without the marker; the context's exact name.",
)
@click.option("--client-image", type=NAME, help="Image of the pods by which nodes are reached.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def lookahead(
    ctx: click.Context,
    *,
    to: str | None,
    kubeconfig: Path | None,
    context: str | None,
    allow_context: str | None,
    client_image: str | None,
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
    from gauntlet.providers.existing.options import ExistingOptions

    goal = None if to is None else Goal.parse(to)
    options = ExistingOptions(kubeconfig, context or "", allow_context or "", client_image=client_image or "")
    with opened(options) as target:
        outlook = look_ahead(target.api, target.nodes, goal, no_way_in=target.no_way_in)
    if as_json:
        click.echo(outlook.as_json())
    else:
        console = screen.console()
        for shown in outlook.shown():
            console.print(screen.fitted(console, shown))
    ctx.exit(ExitCode.OK if outlook.is_clear else ExitCode.FAILED)
