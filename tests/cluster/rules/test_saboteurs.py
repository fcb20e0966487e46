"""The saboteurs, on what kube-proxy 1.37.2 gave to iptables-restore and nft, with the real tools behind them."""

from __future__ import annotations

import os
import subprocess

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import SYSTEM_PATH, project_root
from gauntlet.proxy.rules import Action, Forwarding, iptables, nftables
from tests.saboteurs.register import all_saboteurs
from tests.saboteurs.register.saboteur import Saboteur
from tests.unit.rules.node import CAPTURED

SABOTEURS = project_root() / "tests" / "saboteurs"
# A network of its own: nothing of it reaches the machine's rules. iptables wants its lock file somewhere.
PRIVATE = ("unshare", "--user", "--map-root-user", "--net", "--mount")
WRITE_AND_READ = {
    ProxyMode.IPTABLES: "iptables-restore -w 5 --noflush --counters && PATH=$REAL iptables-save",
    ProxyMode.NFTABLES: "nft -f - && PATH=$REAL nft -j list table ip kube-proxy",
}
INPUT = {ProxyMode.IPTABLES: "iptables-restore.txt", ProxyMode.NFTABLES: "nft-transactions.txt"}
MODES = tuple(INPUT)

# Those that need neither an API server nor time.
AT_ONCE = [
    each
    for each in all_saboteurs().values()
    if each.kind in ("weights", "ports", "refusal", "residue", "losses", "masquerade")
]

both_modes = pytest.mark.parametrize("proxy_mode", MODES)


def written(mode: ProxyMode, saboteur: str) -> Forwarding:
    """What is in the kernel after kube-proxy's own input went through the saboteur ("" for none)."""
    path = f"{SABOTEURS / saboteur}:{SYSTEM_PATH}" if saboteur else SYSTEM_PATH
    script = f"mount -t tmpfs tmpfs /run && {WRITE_AND_READ[mode]}"
    done = subprocess.run(
        [*PRIVATE, "sh", "-c", script],
        input=(CAPTURED / INPUT[mode]).read_text(),
        env={**os.environ, "PATH": path, "REAL": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return iptables.forwarding(done.stdout) if mode is ProxyMode.IPTABLES else nftables.forwarding(done.stdout)


def shares(model: Forwarding, service: str) -> list[list[float]]:
    found = [route for route in model.routes if route.service == service and route.action is Action.FORWARD]
    return [[round(share.probability, 3) for share in route.inside] for route in found]


@both_modes
def test_without_a_saboteur_all_is_even_and_refused(proxy_mode: ProxyMode) -> None:
    model = written(proxy_mode, "")
    assert shares(model, "default/three:tcp-80") == [[0.333, 0.333, 0.333]] * 2
    assert [route.action for route in model.routes if route.service == "default/none:tcp-80"] == [Action.REJECT] * 2


@both_modes
def test_uneven_weights_give_one_of_three_seventy_percent(proxy_mode: ProxyMode) -> None:
    model = written(proxy_mode, "weights-70-20-10")
    assert shares(model, "default/three:tcp-80") == [[0.7, 0.2, 0.1]] * 2
    assert shares(model, "default/sticky:tcp-80") == [[0.7, 0.2, 0.1]]
    assert shares(model, "default/kubernetes:https") == [[1.0]]


@both_modes
def test_swallowed_refusal_refuses_nobody_and_forwards_as_ever(proxy_mode: ProxyMode) -> None:
    model = written(proxy_mode, "refusal-swallowed")
    assert [route for route in model.routes if route.action is not Action.FORWARD] == []
    assert shares(model, "default/three:tcp-80") == [[0.333, 0.333, 0.333]] * 2


@both_modes
@pytest.mark.parametrize("saboteur", AT_ONCE, ids=lambda each: each.name)
def test_the_real_tools_take_what_a_saboteur_writes(proxy_mode: ProxyMode, saboteur: Saboteur) -> None:
    """A text that they refused would be a sync that failed, which is another bug than the one that is meant."""
    assert written(proxy_mode, saboteur.name).routes
