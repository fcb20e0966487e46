"""`gauntlet adopt`: the owner of a cluster says that the gauntlet may act there, after reading what that means."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.ground.errors import ExitCode
from gauntlet.ground.names import NAME


@click.command(short_help="Allow the gauntlet to act on a cluster of yours.")
@click.option("--context", type=NAME, required=True, help="The context of the kubeconfig, by its exact name.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The kubeconfig.  [default: $KUBECONFIG, ~/.kube/config]",
)
@click.option("--yes", is_flag=True, help="Do not ask: it was read and is meant.")
@click.option("--undo", is_flag=True, help="Take the marker away again.")
@click.pass_context
def adopt(ctx: click.Context, context: str, kubeconfig: Path | None, *, yes: bool, undo: bool) -> None:
    """Write the gauntlet's marker into a cluster: from then on runs may act there.

    Says first what a run may do, and asks. The marker is the namespace kube-proxy-gauntlet with an annotation that
    holds for this one cluster; --undo deletes it. docs/existing.md tells the rest.

    \b
    Examples:
      gauntlet adopt --context staging
      gauntlet adopt --context staging --yes
      gauntlet adopt --context staging --undo

    Exit code 0 if the cluster is adopted (with --undo: is not) afterwards, 1 if you said no.
    """
    from gauntlet.kube.access import access
    from gauntlet.kube.api import Api
    from gauntlet.providers.existing import marker

    found = access(kubeconfig, context)
    api = Api(found.client)
    where = f"the cluster of context {found.context} ({found.client.configuration.host})"
    if undo:
        was_there = marker.remove(api)
        click.echo(f"{where} is no longer adopted" if was_there else f"{where} was not adopted; nothing was changed")
        return
    if marker.is_adopted(api):
        click.echo(f"{where} is adopted already")
        return
    click.echo(f"From then on, runs of the gauntlet may in {where}:")
    for power in marker.POWERS:
        click.echo(click.wrap_text(power, width=100, initial_indent="  - ", subsequent_indent="    "))
    if not yes and not click.confirm("Is this cluster yours to hurt, and may they?", default=False):
        click.echo("nothing was changed")
        ctx.exit(ExitCode.FAILED)
    marker.write(api)
    click.echo(f"{where} is adopted. Next:")
    click.echo(
        f"  gauntlet run --provider existing -- --kp-context={found.context} --kp-target-nodes=NODE --kp-dry-run"
    )
    click.echo(f"  gauntlet adopt --context={found.context} --undo")
