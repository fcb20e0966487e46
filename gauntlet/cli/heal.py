"""`gauntlet heal`: what a run that was killed left behind in clusters is undone."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.cli import aftercare
from gauntlet.cli.clusters import broken, every, full_name, named
from gauntlet.ground.choice import exclusive
from gauntlet.ground.names import NAME


@click.command(short_help="Undo faults that a killed run left behind.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The cluster of this kubeconfig."
)
@click.option("--name", type=NAME, help="The cluster of this name (see gauntlet cluster list).")
def heal(kubeconfig: Path | None, name: str | None) -> None:
    """Undo every fault that a killed run left in a cluster.

    Works from the cluster's journal and access to the cluster alone, and may be repeated. Without options: all
    clusters of this user; those that a run is at work in are left alone, and named, as are those of which the record
    cannot be read. The start of each run does the same.

    Exit code 0 if what was left is healed, 1 if something could not be, 2 if the cluster that was named is in use.
    """
    from gauntlet.faults.heal import HealFailed
    from gauntlet.providers import connect

    exclusive({"--kubeconfig": kubeconfig, "--name": name})
    if kubeconfig or name:
        aftercare.heal(connect(kubeconfig) if kubeconfig else named(name))
        return
    clusters, unusable = every(), broken()
    if not clusters and not unusable:
        click.echo("no cluster runs; nothing to heal")
    failed = list(aftercare.to_each(clusters, aftercare.heal).failed.values())
    what = [error.what for error in failed]
    what += [f"{full_name(each.provider, each.name)}: {error.what}" for each, error in unusable.items()]
    if what:
        raise HealFailed("\n".join(what), "; ".join(error.remedy for error in (*failed, *unusable.values())))
