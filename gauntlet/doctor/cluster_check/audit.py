"""The audit of a cluster that has come to rest, as findings of a case: wrong rules, and whatever is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gauntlet.doctor.cluster_check import cni, data_plane, modes
from gauntlet.doctor.cluster_check.audit_table import Row, rows, seen_by, written
from gauntlet.doctor.cluster_check.examination import SETTLE_S, about_rules, examined
from gauntlet.doctor.cluster_check.gathering import gather
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level, Report, findings
from gauntlet.ground.cluster import Cluster, have_own_kernels
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.traffic.evidence import Evidence

TABLE = "audit.md"
# Guests take seconds for a sync, and the Services of their last cases go together.
_OF_GUESTS_S = 60.0
# What the cluster check only warns of, as it costs no connection by itself. Nothing of the kind may outlast a run.
_MUST_NOT_BE = (data_plane.CHECK, modes.LEFT_OVER)


class Audit:
    """Call it when nothing changes any more: a finding for each check.

    In a cluster that was made for the run, what is left is as bad as what is wrong.
    """

    def __init__(self, api: Api, cluster: Cluster) -> None:
        self._api = api
        self._cluster = cluster

    def __call__(self, encounters: pl.DataFrame, evidence: Evidence) -> tuple[Finding, ...]:
        """What attempts met (gauntlet.traffic.encounters) stands beside rules and intent, in a table for the evidence.

        Raises ApiUnreachable.
        """
        gathered = gather(self._api, self._cluster.nodes)
        pods = self._api.list(PodObject, "/api/v1/pods")
        seen = seen_by(encounters, gathered.nodes, pods, gathered.facts)
        table = tuple(rows(gathered.facts, gathered.nodes, seen))
        kept = evidence.keep(TABLE, written(table))
        nodes = self._cluster.nodes
        settle_s = _OF_GUESTS_S if have_own_kernels(nodes) else SETTLE_S
        report = about_rules(examined(self._api, nodes, gathered, settle_s=settle_s))
        # Somebody's cluster had a life before the run.
        is_ours = self._cluster.provider != "existing"
        return (*findings(at_rest(report) if is_ours else report), _extent(table, kept))


def _extent(table: Sequence[Row], kept: str) -> Finding:
    """How far the three columns could be held against each other."""
    asked = [row for row in table if row.traffic]
    words = f"{len(table)} places of nodes, {len(asked)} of which traffic has asked; the table is {kept}"
    return Finding("table", Verdict.MEASURED, words, float(len(table)), "places")


def at_rest(report: Report) -> Report:
    """The report on a cluster in which nothing may be left."""
    found = [
        replace(each, level=Level.PROBLEM) if each.level is Level.WARNING and each.check in _MUST_NOT_BE else each
        for each in report.diagnoses
        if (each.check, each.level) != (cni.CHECK, Level.OK)
    ]
    # Whoever could not look says so above.
    is_whole = not any(each.level is Level.UNKNOWN for each in found)
    if is_whole and report.nodes and not any(each.check == modes.LEFT_OVER for each in found):
        found.append(Diagnosis(modes.LEFT_OVER, Level.OK, CLUSTER, "nothing is left of former Services or modes"))
    return replace(report, diagnoses=tuple(found))
