"""Is kube-proxy of this cluster sound? What the API server says, held against what is really there on each node.

Gathering (`gathering`, by `cluster_facts` and `node_facts`) is apart from judging (pure functions over what was
gathered).
"""

from __future__ import annotations

from gauntlet.doctor.cluster_check.examination import about_rules, examine, examined
from gauntlet.doctor.cluster_check.gathering import gather
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, NodeSummary, Report, findings

__all__ = ["Diagnosis", "Level", "NodeSummary", "Report", "about_rules", "examine", "examined", "findings", "gather"]
