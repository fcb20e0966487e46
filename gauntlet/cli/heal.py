"""`gauntlet heal`: what a run that was killed left behind in clusters is undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauntlet.cli.clusters import every, named
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.names import NAME

if TYPE_CHECKING:
    from gauntlet.ground.cluster import Cluster


@click.command(short_help="Undo faults that a killed run left behind.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The cluster of this kubeconfig."
)
@click.option("--name", type=NAME, help="The cluster of this name (see gauntlet cluster list).")
def heal(kubeconfig: Path | None, name: str | None) -> None:
    """Undo every fault that a killed run left in a cluster.

    Works from the cluster's journal and access to the cluster alone, and may be repeated. Without options: all
    clusters of this user; those that a run is at work in are left alone, and named. The start of each run does the
    same.

    Exit code 0 if what was left is healed, 1 if something could not be, 2 if the cluster that was named is in use.
    """
    from gauntlet.faults.heal import HealFailed
    from gauntlet.ground.journal.lock import ClusterInUse
    from gauntlet.providers import connect

    if kubeconfig and name:
        raise UsageError("--kubeconfig and --name exclude each other", "give one of them")
    if kubeconfig or name:
        _heal(connect(kubeconfig) if kubeconfig else named(name))
        return
    clusters = every()
    if not clusters:
        click.echo("no cluster runs; nothing to heal")
    failed: list[GauntletError] = []
    for target in clusters:
        try:
            _heal(target)
        except ClusterInUse as busy:
            click.echo(f"{target.name}: left alone: {busy.what}")
        except GauntletError as error:
            failed.append(error)
    if failed:
        raise HealFailed("\n".join(error.what for error in failed), "; ".join(error.remedy for error in failed))


def _heal(target: Cluster) -> None:
    """Heal a cluster that nobody uses. Of one that will go on, take away as well what the killed run had made there."""
    from gauntlet.faults.heal import heal as undo
    from gauntlet.ground.journal import lock
    from gauntlet.providers import provider

    with lock.used(target.provider, target.name):
        done = undo(target)
        click.echo(f"{target.name}: {len(done)} fault(s) healed" if done else f"{target.name}: nothing to heal")
        for fault in done:
            click.echo(f"  {fault.fault} on {fault.node or 'the API'}: {fault.evidence}")
        source = provider(target.provider)
        if source.outlives_runs:
            source.delete(target.name)
            click.echo(f"{target.name}: what the run that was killed had made there is gone")
