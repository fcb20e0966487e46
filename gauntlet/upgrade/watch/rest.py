"""Is the change over? `kubectl rollout restart` ends at once, and the roll goes on: a watch waits for the cluster."""

from __future__ import annotations

from http import HTTPStatus

from gauntlet.doctor.cluster_check.cluster_facts import SYSTEM
from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.objects import DaemonSet
from gauntlet.upgrade.watch.sightings import NodeTracker

# Nothing has to have happened for so long.
QUIET_S = 5.0
_SETS = SYSTEM.replace("/api/v1/", "/apis/apps/v1/") + "/daemonsets"


def unrest(api: Api, nodes: NodeTracker, away_at_first: frozenset[str], quiet_s: float) -> str:
    """What shows that the change goes on; empty if nothing does."""
    away = sorted((nodes.away & nodes.names) - away_at_first)
    if away:
        return f"not ready: {', '.join(away)}"
    rolling = unrolled(api)
    if rolling:
        return rolling
    return "" if quiet_s >= QUIET_S else "something happened a moment ago"


def unrolled(api: Api) -> str:
    """What a DaemonSet of kube-proxy lacks to be rolled out; empty if nothing, or if none is to be seen."""
    try:
        found = api.list(DaemonSet, _SETS)
    except ApiUnreachable as error:
        return error.what
    except ApiRefused as error:
        return "" if error.status == HTTPStatus.FORBIDDEN else error.what
    for each in found:
        if each.metadata.name.startswith("kube-proxy") and not each.is_rolled_out:
            status = each.status
            return (
                f"DaemonSet {each.metadata.name}: {status.updated_number_scheduled} of "
                f"{status.desired_number_scheduled} pods are of its newest template, {status.number_ready} are ready"
            )
    return ""
