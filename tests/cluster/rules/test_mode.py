"""Which mode's rules are on a node, found with the real tools in a network of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest

from gauntlet.ground.cluster import Completed, ProxyMode
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.proxy.residue import mode_of
from tests.unit.rules.node import Captured

PRIVATE = ("unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c")
LEAVES = {
    ProxyMode.IPTABLES: "iptables -w -t nat -N KUBE-SERVICES",
    ProxyMode.NFTABLES: "nft add table ip kube-proxy",
    # Any kind of interface will do; this machine's kernel may lack the dummy.
    ProxyMode.IPVS: "ip link add name kube-ipvs0 type bridge",
    ProxyMode.USERSPACE: "iptables -w -t nat -N KUBE-PORTALS-CONTAINER",
}


class Fresh(Captured):
    """A node that is made anew for each command, by what a mode leaves on it."""

    def __init__(self, leaves: str) -> None:
        super().__init__(ProxyMode.IPTABLES)
        self.leaves = leaves

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        done = subprocess.run(
            [*PRIVATE, f'mount -t tmpfs tmpfs /run && {self.leaves} && exec "$@"', "sh", *argv],
            capture_output=True, text=True, timeout=timeout_s, check=True, env={**os.environ, "PATH": SYSTEM_PATH},
        )  # fmt: skip
        return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("proxy_mode", list(LEAVES))
def test_each_mode_is_known_by_what_it_leaves(proxy_mode: ProxyMode) -> None:
    assert mode_of(Fresh(LEAVES[proxy_mode])) is proxy_mode


def test_an_empty_node_is_taken_for_iptables() -> None:
    assert mode_of(Fresh("true")) is ProxyMode.IPTABLES
