"""iptables mode: a chain for each Service port, which picks an endpoint by chance and translates the address."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.rules import iptables
from gauntlet.proxy.traits import Era, Residue, RulesReader, Stage, Traits


def chains_shown(_node: str, chains: Sequence[str]) -> tuple[str, ...]:
    """Commands that show the first of these chains."""
    return tuple(f"iptables -t nat -S {chain}" for chain in dict.fromkeys(chains[:3]))


TRAITS = Traits(
    mode=ProxyMode.IPTABLES,
    versions=(Era((1, 2), Stage.STABLE),),
    # platformApplyDefaults in cmd/kube-proxy/app/server_linux.go.
    default_since=(0, 0),
    rules=RulesReader(("iptables-save",), iptables.forwarding, iptables.size),
    # ipvs and userspace mode make this chain too. -w: kube-proxy may hold the lock of iptables.
    residue=Residue("iptables -w 10 -t nat -S KUBE-SERVICES 1 >/dev/null 2>&1", is_shared=True),
    see=chains_shown,
)
