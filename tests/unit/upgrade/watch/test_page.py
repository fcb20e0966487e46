"""The page of a watch: the answer, who lost what, what happened, and what is not told."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind
from gauntlet.upgrade.page import WIDTH
from gauntlet.upgrade.watch.course import CHANGE, Watch
from gauntlet.upgrade.watch.losses import losses
from gauntlet.upgrade.watch.page import Heading, page
from gauntlet.upgrade.watch.unwatched import Unwatched
from tests.unit.checkers.histories import ns
from tests.unit.upgrade.watch.watches import OTHER, PHASES, judge, rows, watch

HEADING = Heading("play", "watch of kubectl rollout restart", 2)
STOPPED = Event(EventKind.PROXY_STOPPED, "kube-proxy-a", "node-2", "the pod was told to end", at_ns=ns(9.9))


def text(made: Watch, untold: tuple[str, ...] = ()) -> str:
    found = judge(made)
    lost = losses(found.parts[CHANGE.name], 2, {})
    lines = list(page(HEADING, made, found, lost, untold))
    assert max(map(len, lines)) <= WIDTH
    return "\n".join(lines)


def test_a_change_that_nobody_noticed() -> None:
    shown = text(watch(rows()), ("Client pods alone (--unprivileged).",))
    assert shown.startswith("watch of kubectl rollout restart: MAY\n")
    assert "Nobody lost anything: 501 attempts, all good." in shown
    assert "Client pods alone (--unprivileged)." in shown
    assert "the versions of its kube-proxies are not known" in shown


def test_an_outage_stands_with_its_client_its_node_and_what_happened_there() -> None:
    seen = [*rows(), *rows(client=OTHER, bad=[(10, 11.5)])]
    shown = " ".join(text(watch(seen, events=[*PHASES, STOPPED])).split())
    assert "watch of kubectl rollout restart: MAY NOT" in shown
    assert "node-2: client-2, new TCP by cluster ip: 1.50 s" in shown
    assert "proxy stopped 0.1 s before" in shown
    assert "+4.9 node-2: proxy stopped kube-proxy-a, the pod was told to end" in shown
    assert "30/501" in shown


def test_the_failure_of_the_command_is_a_reason() -> None:
    shown = text(watch(rows(), Finding("command", Verdict.FAIL, "`kubectl`: it ended with 3")))
    assert "MAY NOT" in shown
    assert "`kubectl`: it ended with 3" in shown


def test_versions_before_and_after() -> None:
    made = watch(rows())
    both = {"node-1": "1.36.3", "node-2": "1.36.3"}
    passed = replace(made.passed, began=both, ended={**both, "node-2": "1.37.2"})
    assert "kube-proxy 1.36.3 on all nodes before; " in text(replace(made, passed=passed))
    assert "1.37.2 on node-2" in text(replace(made, passed=passed))
    same = replace(made.passed, began=both, ended=both)
    assert "kube-proxy 1.36.3 on all nodes, before and after" in text(replace(made, passed=same))


def test_a_version_that_is_not_known_of_a_node_is_not_that_of_all() -> None:
    made = watch(rows())
    passed = replace(made.passed, began={"node-1": "1.36.3", "node-2": "1.36.3"}, ended={"node-1": "1.37.2"})
    assert "kube-proxy 1.36.3 on all nodes before; 1.37.2 on node-1 after" in text(replace(made, passed=passed))
    alone = replace(made.passed, began={"node-1": "1.36.3"}, ended={"node-1": "1.36.3"})
    assert "kube-proxy 1.36.3 on node-1, before and after" in text(replace(made, passed=alone))


def test_that_nobody_attempted_anything_is_not_that_nobody_lost_anything() -> None:
    assert "Nobody attempted anything." in text(watch([]))


def test_a_node_on_which_no_client_ran_is_named_with_the_reason() -> None:
    unwatched = Unwatched()
    unwatched.ready("node-3")
    shown = " ".join(text(watch(rows(), *unwatched.findings(lambda _: "client-x: Pending, ErrImagePull"))).split())
    assert "watch of kubectl rollout restart: CANNOT TELL" in shown
    assert "no client ran on nodes that came meanwhile" in shown
    assert "node-3 (client-x: Pending, ErrImagePull)" in shown
    assert "remedy: see what keeps pods of DaemonSets from running on new nodes" in shown


def test_one_that_was_interrupted_before_the_change_says_so() -> None:
    made = watch(rows(end_s=2), events=PHASES[:1])
    made.passed.interrupted = True
    lines = list(page(HEADING, made, judge(made), (), ()))
    assert lines[0] == "watch of kubectl rollout restart: CANNOT TELL"
    assert "  interrupted before the change: nothing was begun" in lines
