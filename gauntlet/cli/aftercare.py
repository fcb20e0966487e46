"""What is done about clusters that no run is at work in any more: their faults are healed, and they are deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from gauntlet.ground.errors import GauntletError

if TYPE_CHECKING:
    from gauntlet.ground.cluster import Cluster


class Named(Protocol):
    @property
    def name(self) -> str: ...


_Named = TypeVar("_Named", bound=Named)


@dataclass(frozen=True)
class Left:
    """Names of the clusters that were left as they are: those in use, and why nothing could be done about others."""

    busy: tuple[str, ...]
    failed: Mapping[str, GauntletError]


def heal(found: Cluster) -> None:
    """Heal a cluster, and say so. Of somebody's, what a run that was killed had made there is then taken away as well.

    Raises ClusterInUse, HealFailed.
    """
    from gauntlet.ground.journal import lock
    from gauntlet.providers import provider

    maker = provider(found.provider)
    with lock.used(found.provider, found.name):
        _heal(found)
        if not maker.makes_clusters:
            maker.delete(found.name)
            click.echo(f"{found.name}: what the run that was killed had made there is gone")


def end(source: str, name: str) -> None:
    """Delete a cluster, and say so; one that goes on is healed first. Raises ClusterInUse, HealFailed."""
    from gauntlet.ground.journal import lock
    from gauntlet.providers import provider

    maker = provider(source)
    with lock.used(source, name):
        if not maker.makes_clusters:
            for found in maker.list():
                if found.name == name:
                    _heal(found)
        maker.delete(name)
    click.echo(f"{name}: deleted")


def to_each(clusters: Iterable[_Named], act: Callable[[_Named], None]) -> Left:
    """Do this to each cluster, whatever becomes of the others."""
    from gauntlet.ground.journal.lock import ClusterInUse

    busy: list[str] = []
    failed: dict[str, GauntletError] = {}
    for found in clusters:
        try:
            act(found)
        except ClusterInUse as refusal:
            click.echo(f"{found.name}: left alone: {refusal.what}")
            busy.append(found.name)
        except GauntletError as error:
            failed[found.name] = error
    return Left(tuple(busy), failed)


def _heal(found: Cluster) -> None:
    from gauntlet.faults.heal import heal as undo

    done = undo(found)
    click.echo(f"{found.name}: {len(done)} fault(s) healed" if done else f"{found.name}: nothing to heal")
    for fault in done:
        click.echo(f"  {fault.fault} on {fault.node or 'the API'}: {fault.evidence}")
