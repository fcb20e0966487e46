"""The places of a run (gauntlet/promises/support.py): which of them a cluster is in decides what can be done there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.family import Family
from gauntlet.promises.support import Place
from gauntlet.providers.existing.survey import Survey
from gauntlet.providers.protocol import Provider
from gauntlet.proxy.traits import Traits
from gauntlet.traffic.sctp_server import KERNELS_OWN


def places(
    source: Provider, mode: Traits, kernel: NodeKernel, families: Sequence[Family], survey: Survey | None
) -> frozenset[Place]:
    """The places that a cluster of this provider is in, given whose kernel its nodes run on.

    `families` are the IP families that were asked for, or found; empty if the provider's are to be had. `survey` is
    what was found out about a cluster that is somebody's own, None for one that this run makes.
    """
    applies = {
        Place.USERS_SANDBOX: source.unprivileged,
        Place.SHARED_KERNEL: kernel is NodeKernel.HOST,
        Place.GUESTS: kernel is NodeKernel.OWN,
        Place.WITHOUT_ZONES: not source.zoned,
        Place.KUBELETS: source.runs_daemon_sets,
        Place.SPEAKS_SCTP: kernel is NodeKernel.HOST and Path(KERNELS_OWN).exists(),
        Place.ONE_FAMILY: len(families) == 1 or bool(mode.one_family) or not source.dual_stack,
    }
    if survey is not None:
        applies |= {
            Place.EXISTING: True,
            Place.UNTARGETED: not survey.targets,
            Place.UNBALANCED: not survey.balanced,
            Place.ROUTED_OUTSIDE: survey.routed,
            Place.WITHOUT_POD_RANGES: not survey.has_pod_ranges,
            Place.WITHOUT_ZONES: not survey.has_zones,
            Place.ONE_FAMILY: bool(mode.one_family) or not survey.is_dual_stack,
        }
    return frozenset(place for place, is_there in applies.items() if is_there)
