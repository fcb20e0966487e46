"""How long a node is without kube-proxy before its supervisor starts the next."""

from __future__ import annotations

import signal

from gauntlet.providers.sandbox.proxies import RESTART_DELAY_S, pause_after
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest

ONE = ProxyManifest("iptables", "/bin/kube-proxy", "/etc/one.yaml")
ANOTHER = ProxyManifest("nftables", "/bin/kube-proxy", "/etc/another.yaml")


def test_one_that_is_told_to_end_is_started_again_at_once() -> None:
    assert pause_after(-signal.SIGTERM, ONE, ONE) == 0


def test_one_that_is_killed_or_ends_by_itself_leaves_a_gap() -> None:
    assert {pause_after(code, ONE, ONE) for code in (-signal.SIGKILL, 0, 1)} == {RESTART_DELAY_S}


def test_one_that_another_follows_leaves_a_gap_as_in_a_roll() -> None:
    assert pause_after(-signal.SIGTERM, ONE, ANOTHER) == RESTART_DELAY_S
