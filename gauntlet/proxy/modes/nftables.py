"""nftables mode: verdict maps lead to a chain for each Service port, all in tables of kube-proxy's own."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.rules import nftables
from gauntlet.proxy.rules.forwarding import RuleSize
from gauntlet.proxy.traits import Era, Residue, RulesReader, Stage, Traits

_TABLE = "table ip kube-proxy"


def _size(text: str) -> RuleSize:
    return nftables.parse(text).size


def _see(_node: str, chains: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"nft list chain ip kube-proxy {chain}" for chain in dict.fromkeys(chains[:3]))


TRAITS = Traits(
    mode=ProxyMode.NFTABLES,
    # KEP-3866: alpha 1.29, beta and on by default 1.31, stable 1.33.
    versions=(
        Era((1, 29), Stage.ALPHA, "NFTablesProxyMode", (1, 30)),
        Era((1, 31), Stage.BETA, until=(1, 32)),
        Era((1, 33), Stage.STABLE),
    ),
    # 1.37 announces it when it starts (platformApplyDefaults in cmd/kube-proxy/app/server_linux.go).
    default_since=(1, 40),
    rules=RulesReader(("nft", "-j", "list", *_TABLE.split()), nftables.forwarding, _size, may_fail=True),
    residue=Residue(f"nft -t list {_TABLE} >/dev/null 2>&1"),
    see=_see,
    guests_lack="no inet family of nftables",
)
