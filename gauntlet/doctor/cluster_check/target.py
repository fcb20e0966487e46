"""Which cluster a kubeconfig means, and which of its nodes commands can reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from gauntlet.doctor.cluster_check.detection import detect
from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import Record, journal_in, journal_of
from gauntlet.kube.access import access
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.kubeconfig import Origin, origin
from gauntlet.providers import ClusterSpec, ExistingOptions, provider
from gauntlet.providers.existing import marker
from gauntlet.providers.existing.provider import ExistingProvider
from gauntlet.providers.existing.record import state_dir
from gauntlet.providers.existing.survey import cluster_name
from gauntlet.proxy.eras import default_mode
from gauntlet.subject import plain

NO_WAY_IN = "the gauntlet has no way onto the nodes of this cluster"
_HOW = (
    "; where it is yours: gauntlet adopt --context={context}, or, for once, --allow-context={context}: then a "
    "privileged pod on each node is one, for as long as the check lasts"
)


@dataclass(frozen=True)
class Target:
    """A cluster to look at. `no_way_in` says why `nodes` is empty, if it is.

    `faults` are those that runs of the gauntlet put into it and that are not healed, as far as journals here know.
    """

    api: Api
    nodes: tuple[Node, ...]
    no_way_in: str = ""
    faults: tuple[Record, ...] = ()


@contextmanager
def opened(options: ExistingOptions) -> Iterator[Target]:
    """The cluster of this kubeconfig and context; without these those that kubectl would take.

    Commands can reach the nodes of clusters that the gauntlet made, and, until the end of the context, of those where
    it may act: that carry its marker, or that `allow_context` names. Raises UsageError if there is no such
    kubeconfig or context, or where another one is allowed than is in use.
    """
    found = access(options.kubeconfig, options.context)
    api = Api(found.client)
    made = origin(found.kubeconfig, found.context)
    if made is not None:
        yield _made(api, made)
    elif options.allow_context or _is_adopted(api):
        with ExistingProvider().visit(ClusterSpec("", plain(_mode(api)), existing=options)) as cluster:
            yield Target(api, cluster.nodes, faults=journal_of(cluster).open())
    else:
        why = NO_WAY_IN + _HOW.format(context=found.context)
        yield Target(api, (), why, faults=_left_behind(api, found.context))


def _made(api: Api, made: Origin) -> Target:
    source = provider(made.provider)
    if broken := source.broken().get(made.cluster):
        raise broken
    for found in source.list():
        if found.name == made.cluster:
            return Target(api, found.nodes, faults=journal_of(found).open())
    return Target(api, (), f"{made.provider} cluster {made.cluster} is not among the running ones of this user")


def _left_behind(api: Api, context: str) -> tuple[Record, ...]:
    """Faults of a run of this user that got onto the nodes, where this check may not, and was killed there."""
    try:
        name = cluster_name(context, marker.identity(api))
    except ApiRefused as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return ()
        raise
    return journal_in(state_dir(name)).open()


def _is_adopted(api: Api) -> bool:
    """A user that may not read namespaces has not been let in."""
    try:
        return marker.is_adopted(api)
    except ApiRefused as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return False
        raise


def _mode(api: Api) -> ProxyMode:
    """What to note of it while the check lasts. Only faults would ask, and a check has none."""
    try:
        return detect(api).mode
    except UsageError:
        return default_mode("")
