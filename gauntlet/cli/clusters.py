"""The running clusters, and the one of them that a command is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gauntlet.ground.errors import GauntletError, UsageError

if TYPE_CHECKING:
    from gauntlet.ground.cluster import Cluster, Node
    from gauntlet.ground.journal.owner import Owner


@dataclass(frozen=True)
class Address:
    """Where a cluster is found, whatever there is of it: with whom, and by which name."""

    provider: str
    name: str


def every() -> tuple[Cluster, ...]:
    """All running clusters of this user, of every provider."""
    from gauntlet.providers import provider, provider_names

    return tuple(found for name in provider_names() for found in provider(name).list())


def broken() -> Mapping[Address, GauntletError]:
    """What there is of clusters that cannot be used, and why not, each with its remedy."""
    from gauntlet.providers import provider, provider_names

    return {
        Address(source, name): error for source in provider_names() for name, error in provider(source).broken().items()
    }


def named(name: str | None) -> Cluster:
    """The running cluster of this name (or PROVIDER/NAME); without one, the only one that no run is at work in.

    Raises UsageError if there is none, or if it is not clear which one is meant; GauntletError if it cannot be used.
    """
    running = every()
    names = ", ".join(cluster.name for cluster in running)
    if name is None:
        return _only(running)
    matching = [found for found in running if name in (found.name, full_name(found.provider, found.name))]
    if len(matching) > 1:
        raise ambiguous(name, [found.provider for found in matching])
    if not matching:
        for address, error in broken().items():
            if name in (address.name, full_name(address.provider, address.name)):
                raise error
        raise UsageError(
            f"no cluster {name!r} runs", f"running: {names}" if running else "gauntlet cluster up makes one"
        )
    return matching[0]


def full_name(provider: str, name: str) -> str:
    """The name that tells a cluster from that of another provider."""
    return f"{provider}/{name}"


def users(running: Sequence[Cluster]) -> dict[str, Owner]:
    """The processes that use clusters, by the full name of the cluster."""
    from gauntlet.ground.journal import lock

    found = {full_name(each.provider, each.name): lock.user(each.provider, each.name) for each in running}
    return {name: owner for name, owner in found.items() if owner is not None}


def _only(running: Sequence[Cluster]) -> Cluster:
    """The only cluster that nobody uses: one that a run is at work in is meant only if it is named."""
    used = users(running)
    free = [found for found in running if full_name(found.provider, found.name) not in used]
    if len(free) == 1:
        return free[0]
    if free:
        names = ", ".join(found.name for found in free)
        raise UsageError(f"there are several clusters: {names}", "say which one you mean")
    if not running:
        raise UsageError("no cluster runs", "gauntlet cluster up makes one")
    busy = "; ".join(f"{name} is in use by {owner}" for name, owner in used.items())
    raise UsageError(f"the only clusters are in use: {busy}", "name it if you mean it")


def ambiguous(name: str, providers: Sequence[str]) -> UsageError:
    full = " or ".join(full_name(each, name) for each in providers)
    return UsageError(f"there are {len(providers)} clusters named {name}", f"say which one you mean: {full}")


def node_of(target: Cluster, name: str) -> Node:
    """The node of this name. Raises UsageError, which lists the names, if there is none."""
    for node in target.nodes:
        if node.name == name:
            return node
    names = ", ".join(node.name for node in target.nodes)
    raise UsageError(f"cluster {target.name} has no node {name!r}", f"choose one of: {names}")
