"""`gauntlet inspect`: what the kernel of a node does with Service traffic."""

from __future__ import annotations

import click

from gauntlet.cli.clusters import named, node_of
from gauntlet.ground import screen
from gauntlet.ground.names import NAME


@click.command(short_help="Show what a node does with Service traffic.")
@click.argument("node")
@click.option(
    "--cluster",
    "--name",
    "name",
    type=NAME,
    help="Name of the cluster; not needed for the only one that no run is at work in.",
)
@click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or programs."
)
def inspect(node: str, name: str | None, output: str) -> None:
    """Show what a node does with Service traffic: its rules, and in ipvs mode IPVS itself.

    Nothing but the node's kernel is asked: no ipvsadm is needed. Rules are counted and read into one model, the
    same for every mode.

    \b
    Examples:
      gauntlet inspect node-1
      gauntlet inspect node-2 --cluster play --output json
    """
    from gauntlet.cli.inspection_table import tables
    from gauntlet.proxy.inspection import inspect as look

    target = named(name)
    found = look(node_of(target, node), target.mode)
    if output == "json":
        click.echo(found.as_json())
        return
    console = screen.console()
    for table in tables(found):
        console.print(screen.fitted(console, table), "")
