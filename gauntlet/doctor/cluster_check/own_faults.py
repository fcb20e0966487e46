"""Faults that the gauntlet itself put into the cluster, and that are not healed: its journal knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level
from gauntlet.ground.journal.store import Record

CHECK = "own faults"


def judge(faults: Iterable[Record]) -> Iterator[Diagnosis]:
    """A run that was killed leaves a problem. What a run that goes on has injected explains what else is found."""
    for record in faults:
        where = record.node or CLUSTER
        if record.is_anothers:
            what = f"{record.owner} has injected {record.fault} here, which may explain what else is found"
            yield Diagnosis(CHECK, Level.WARNING, where, what, "wait until that run is over, and check again")
        else:
            what = f"a run of the gauntlet that was killed has left its fault {record.fault} here"
            yield Diagnosis(CHECK, Level.PROBLEM, where, what, "gauntlet heal")
