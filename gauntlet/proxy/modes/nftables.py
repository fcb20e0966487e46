"""nftables mode: verdict maps lead to a chain for each Service port, all in tables of kube-proxy's own."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.features import Feature, Has
from gauntlet.proxy.rules import nftables
from gauntlet.proxy.rules.forwarding import RuleSize
from gauntlet.proxy.traits import Call, Era, NameLimit, Need, Residue, RulesReader, Stage, Traits

_TABLES = {Family.IPV4: "table ip kube-proxy", Family.IPV6: "table ip6 kube-proxy"}


def _size(text: str) -> RuleSize:
    return nftables.parse(text).size


def _see(_node: str, chains: Sequence[str], family: Family) -> tuple[str, ...]:
    of_table = _TABLES[family].removeprefix("table ")
    return tuple(f"nft list chain {of_table} {chain}" for chain in dict.fromkeys(chains[:3]))


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
    history="KEP-3866",
    rules=RulesReader(
        {family: ("nft", "-j", "list", *table.split()) for family, table in _TABLES.items()},
        nftables.forwarding,
        _size,
        may_fail=True,
    ),
    residue=Residue(f"nft -t list {_TABLES[Family.IPV4]} >/dev/null 2>&1"),
    see=_see,
    # It lists by nft as well; what it writes, it gives to `nft -f -`.
    writers=(Call("nft", "*' -f '*"),),
    sections=("nftables",),
    needs=(
        Need((5, 13), "kubernetes/kubernetes 122743; pkg/proxy/nftables/supported.go"),
        Need((1, 0, 1), "kubernetes/kubernetes 122743; pkg/proxy/nftables/supported.go", tool="nft"),
    ),
    # Seen on 1.35.4; its comments are cut to what the kernel takes since 1.37.0.
    name_limit=NameLimit(128, (1, 37, 0), "kubernetes/kubernetes 139515; CHANGELOG-1.37"),
    # platformApplyDefaults in cmd/kube-proxy/app/server_linux.go; 1.29 does not do it yet.
    primary_since=(1, 31),
    has=(
        # Files below pkg/proxy of Kubernetes 1.37.
        Has(Feature.AFFINITY_TIMEOUT, "sets affinity-… with a time-out (nftables/proxier.go)"),
        Has(Feature.ENDPOINT_SLICES, "endpointslicecache.go"),
        Has(Feature.FRAGMENTS_OF_NODES, "NAT in OUTPUT comes before the way is looked up and the datagram is cut"),
        Has(Feature.HALF_CLOSED, "connections are the kernel's, which passes on what comes"),
        Has(Feature.LEAVING_NODES, "NodeEligible in healthcheck/proxy_health.go; KEP-3836", since=(1, 30)),
        Has(Feature.LOCAL_TRAFFIC_POLICY, "external-… and local chains (nftables/proxier.go)"),
        Has(
            Feature.LOCALHOST_NODE_PORT,
            "KEP-6032: alpha, off by default; nodePortAddresses has to list localhost, for TCP (nftables/proxier.go)",
            since=(1, 37),
            gate="KubeProxyNFTablesLocalhostNodePorts",
            lists=(("nodePortAddresses", ("primary", "localhost")),),
        ),
        Has(Feature.PORT_OF_A_PROCESS, "NodePorts are translated before a socket sees them (nftables/proxier.go)"),
        Has(Feature.REFUSAL, "reject-chain, maps no-endpoint-… (nftables/proxier.go)"),
        Has(Feature.SERVES_ON, "rules are the kernel's, and stay when kube-proxy ends"),
        Has(Feature.SOURCE_IP, "only what would not come back is masqueraded (nftables/proxier.go)"),
    ),
    one_transaction=True,
    guests_lack="no inet family of nftables",
)
