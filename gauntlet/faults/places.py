"""The places of a run, as gauntlet/promises/support.py has them: by them faults and features are fit or not."""

from __future__ import annotations

from gauntlet.ground.cluster import NodeKernel
from gauntlet.promises.support import Place
from gauntlet.providers.existing.survey import Survey
from gauntlet.providers.protocol import Provider


def places(source: Provider, kernel: NodeKernel, survey: Survey | None) -> frozenset[Place]:
    """Where a cluster of this provider is, by whose kernel its nodes run on; `survey` is of somebody's."""
    applies = {
        Place.USERS_SANDBOX: source.unprivileged,
        Place.SHARED_KERNEL: kernel is NodeKernel.HOST,
        Place.GUESTS: kernel is NodeKernel.OWN,
    }
    if survey is not None:
        applies |= {
            Place.EXISTING: True,
            Place.UNTARGETED: not survey.targets,
            Place.UNBALANCED: not survey.balanced,
            Place.ROUTED_OUTSIDE: survey.routed,
            Place.WITHOUT_POD_RANGES: not survey.has_pod_ranges,
        }
    return frozenset(place for place, is_there in applies.items() if is_there)
