"""What the audit of a run makes of what is left."""

from __future__ import annotations

from gauntlet.doctor.cluster_check.audit import at_rest
from gauntlet.doctor.cluster_check.examination import about_rules, judged
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Report, findings
from gauntlet.ground.finding import Verdict
from tests.unit.cluster_check.facts import cluster, cni, node
from tests.unit.cluster_check.test_leftovers import GONE, ORPHAN, STALE, report


def verdicts(found: Report) -> dict[str, Verdict]:
    return {each.check: each.verdict for each in findings(at_rest(about_rules(found)))}


def test_after_a_run_nothing_may_be_left_but_what_kube_proxy_leaves_by_design() -> None:
    assert set(verdicts(report()).values()) == {Verdict.PASS}
    assert verdicts(report(ORPHAN))["left-over rules"] is Verdict.FAIL
    assert verdicts(report(STALE))["stale flows"] is Verdict.FAIL
    assert verdicts(report(GONE))["kept flows"] is Verdict.PASS


def test_whoever_could_not_look_does_not_say_that_nothing_is_left() -> None:
    unread = judged(cluster(), (node(rules=(), trouble="no iptables-save"),), {})
    assert verdicts(unread) == {"rules": Verdict.INCONCLUSIVE}
    unseen = judged(cluster(), (NodeFacts("node-1", unseen="no way in"),), {})
    assert verdicts(unseen) == {"access": Verdict.INCONCLUSIVE}
    replaced = cluster(cnis=(cni("cilium", {"kube-proxy-replacement": "true"}),))
    assert verdicts(judged(replaced, (), {})) == {}
