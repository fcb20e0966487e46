"""Why syncs fail, from metrics and from logs as kube-proxy writes them."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.cluster_check.sync_failures import Failure, failing
from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes
from tests.unit.cluster_check.facts import NOW_S, SERVED, bad, cluster, forwarding, node, report, route, told

NAME = f"{'n' * 62}/{'s' * 63}:{'p' * 15}"
# What nft 1.0.6 says of a comment of 142 bytes, in the words that kube-proxy logs.
TOO_LONG = f"""\
I1128 22:12:01.000000       7 server_linux.go:100] "Using nftables Proxier"
E1128 22:13:01.000000       7 proxier.go:1784] "nftables sync failed" err=<
\t/dev/stdin:12:87-230: Error: comment too long, 128 characters maximum allowed
\tadd element ip kube-proxy no-endpoint-services {{ 10.96.3.4 . tcp . 80 comment "{NAME}" : goto reject-chain }}
\t                                                                          ^^^^^^^^
 > ipFamily="IPv4"
I1128 22:13:02.000000       7 bounded_frequency_runner.go:296] "sync-runner: retrying" interval="30s"
"""
REFUSED = """\
E1128 22:13:01.000000       7 proxier.go:1390] "Failed to execute iptables-restore" err="exit status 4: iptables-restore v1.8.9 (nf_tables): \\nline 9: RULE_APPEND failed (No such file or directory)" ipFamily="IPv4"
E1128 22:13:05.000000       7 reflector.go:205] "Failed to watch" err="connection refused"
"""  # noqa: E501


def metrics(failed: int, *, queued_s: float, synced_s: float) -> ProxyMetrics:
    times = (SyncTimes(NOW_S - synced_s, NOW_S - queued_s),)
    return ProxyMetrics(9, 0.5, 2, 0.1, "1.35.4", times, failed_syncs=failed)


BEHIND = metrics(4, queued_s=5, synced_s=90)


def why(log: str, seen: ProxyMetrics | None = BEHIND) -> Failure:
    found = failing(seen, log, NOW_S)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "log", [TOO_LONG, "".join(f"2026-11-28T22:13:01.5Z stderr F {each}\n" for each in TOO_LONG.splitlines())]
)
def test_a_name_that_is_too_long_is_named_and_a_restart_is_not_advised(log: str) -> None:
    found = why(log)
    assert f"the name of {NAME} is longer than the 128 bytes" in found.why
    assert "shorten the name of its port or leave it out" in found.remedy
    assert "a restart does not help" in found.remedy


def test_other_causes_are_told_in_the_words_of_the_log() -> None:
    found = why(REFUSED)
    assert "line 9: RULE_APPEND failed (No such file or directory)" in found.why
    assert "restart kube-proxy only after that" in found.remedy
    assert why(
        TOO_LONG.replace(
            "comment too long, 128 characters maximum allowed", "Could not process rule: Operation not permitted"
        )
    ).remedy.startswith("give kube-proxy the right")


@pytest.mark.parametrize("log", ["", "no klog\n", REFUSED.splitlines()[1]])
def test_a_log_without_a_word_of_it_is_said_to_have_none(log: str) -> None:
    assert why(log).why == "its log does not say why"


@pytest.mark.parametrize("seen", [None, metrics(0, queued_s=5, synced_s=90), metrics(4, queued_s=90, synced_s=5)])
def test_syncs_that_do_not_fail_or_fail_no_more(seen: ProxyMetrics | None) -> None:
    assert failing(seen, TOO_LONG, NOW_S) is None


def test_a_change_that_has_just_come_is_no_failure_though_a_sync_failed_once() -> None:
    assert failing(metrics(1, queued_s=0.4, synced_s=90), TOO_LONG, NOW_S) is None


def test_a_node_whose_syncs_fail_is_not_to_be_restarted() -> None:
    failed = node(metrics=BEHIND, failure=why(TOO_LONG), rules=(forwarding(route(None, 30080)),))
    found = report(cluster(served=SERVED), failed, node("node-2"))
    said = told(found, Level.PROBLEM, "health", "syncs fail (4 since it started, the last that did not was 90 s ago)")
    assert NAME in said.what
    assert said.remedy == why(TOO_LONG).remedy
    remedies = [each.remedy for each in bad(found) if each.where == "node-1"]
    assert len(remedies) == 3
    assert not [each for each in remedies if each.startswith("restart") or "; restart kube-proxy on the node" in each]
