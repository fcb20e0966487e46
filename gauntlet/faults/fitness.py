"""Whether a mode, a version and the place of a run have what an experiment needs: what its case is skipped for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gauntlet.faults.fault import Needs
from gauntlet.faults.registry import of_experiment
from gauntlet.ground.cluster import ProxyMode
from gauntlet.promises.support import Place, unsupported
from gauntlet.subject import Subject

# What is asked of the place, in the words of gauntlet/promises/support.py. Every experiment looks at kube-proxy on its
# node, also if the fault leaves the node alone.
_ON_A_NODE = "node-faults"
_OWN_KERNEL = "own-kernel"
_POD_RANGES = "pod-ranges"


def unfit(experiment: str, mode: ProxyMode, version: str, places: Collection[Place] = ()) -> str | None:
    """Why this experiment of a fault cannot be run there; None if it can, or if no fault of ours has it."""
    fault = of_experiment(experiment)
    if fault is None:
        return None
    lacking = fault.needs.lacking_in(mode)
    if lacking is not None:
        return f"{experiment} in {mode} mode: {lacking}"
    reasons = (unsupported(feature, mode, version, places) for feature in _of_the_place(fault.needs))
    return next((reason for reason in reasons if reason is not None), None)


def reasons_to_skip(
    features: Sequence[str], experiments: Sequence[str], subject: Subject, places: Collection[Place]
) -> tuple[str, ...]:
    """One for each feature and each experiment of a case that cannot be had; without any, the case runs.

    Raises UsageError for a feature that nobody knows.
    """
    asked = (
        *(unsupported(feature, subject.mode, subject.version, places, subject.gates_on) for feature in features),
        *(unfit(experiment, subject.mode, subject.version, places) for experiment in experiments),
    )
    return tuple(reason for reason in asked if reason is not None)


def _of_the_place(needs: Needs) -> tuple[str, ...]:
    wanted = {_ON_A_NODE: True, _OWN_KERNEL: needs.own_kernel, _POD_RANGES: needs.pod_ranges}
    return tuple(feature for feature, is_wanted in wanted.items() if is_wanted)
