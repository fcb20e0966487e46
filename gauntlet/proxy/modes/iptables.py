"""iptables mode: a chain for each Service port, which picks an endpoint by chance and translates the address."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.features import Feature, Has
from gauntlet.proxy.rules import iptables
from gauntlet.proxy.traits import Call, Era, Residue, RulesReader, Stage, Traits
from gauntlet.semantics.behaviour import SourceRanges

# Without ip6tables there is no proxier of IPv6 either.
_LISTINGS = {
    Family.IPV4: ("iptables-save",),
    Family.IPV6: ("sh", "-c", "command -v ip6tables-save >/dev/null || exit 0; exec ip6tables-save"),
}


def chains_shown(_node: str, chains: Sequence[str], family: Family) -> tuple[str, ...]:
    """Commands that show the first of these chains."""
    return tuple(f"{iptables.TOOLS[family]} -t nat -S {chain}" for chain in dict.fromkeys(chains[:3]))


TRAITS = Traits(
    mode=ProxyMode.IPTABLES,
    versions=(Era((1, 2), Stage.STABLE),),
    # platformApplyDefaults in cmd/kube-proxy/app/server_linux.go.
    default_since=(0, 0),
    history="KEP-5343",
    rules=RulesReader(_LISTINGS, iptables.forwarding, iptables.size),
    # ipvs and userspace mode make this chain too. -w: kube-proxy may hold the lock of iptables.
    residue=Residue("iptables -w 10 -t nat -S KUBE-SERVICES 1 >/dev/null 2>&1", is_shared=True),
    see=chains_shown,
    writers=(Call("iptables-restore"), Call("ip6tables-restore")),
    sections=("iptables",),
    localhost_switch=("iptables", "localhostNodePorts"),
    # usesFWChain is false without endpoints (iptables/proxier.go).
    source_ranges=SourceRanges.WITH_ENDPOINTS,
    # KUBE-EXTERNAL-SERVICES, which rejects, hangs in INPUT and FORWARD alone (iptablesJumpChains in the same file).
    refuses_itself=False,
    has=(
        # Files below pkg/proxy of Kubernetes 1.37.
        Has(Feature.ACCEPTED_FORWARDING, "`--mark … -j ACCEPT` in KUBE-FORWARD (iptables/proxier.go)"),
        Has(Feature.AFFINITY_TIMEOUT, "`-m recent --rcheck --seconds` (iptables/proxier.go)"),
        Has(Feature.ENDPOINT_SLICES, "endpointslicecache.go"),
        Has(Feature.FRAGMENTS_OF_NODES, "NAT in OUTPUT comes before the way is looked up and the datagram is cut"),
        Has(Feature.HALF_CLOSED, "connections are the kernel's, which passes on what comes"),
        Has(Feature.INVALID_DROPPED, "`--ctstate INVALID -j DROP` in KUBE-FORWARD (iptables/proxier.go)"),
        Has(Feature.LEAVING_NODES, "NodeEligible in healthcheck/proxy_health.go; KEP-3836", since=(1, 30)),
        Has(Feature.LOCAL_TRAFFIC_POLICY, "KUBE-SVL- and KUBE-EXT- chains (iptables/proxier.go)"),
        Has(Feature.LOCALHOST_NODE_PORT, "iptables.localhostNodePorts is true by default (apis/config/v1alpha1)"),
        Has(Feature.PORT_OF_A_PROCESS, "NodePorts are translated before a socket sees them (iptables/proxier.go)"),
        Has(Feature.REFUSAL, "REJECT in filter, `has no endpoints` (iptables/proxier.go)"),
        Has(Feature.SERVES_ON, "rules are the kernel's, and stay when kube-proxy ends"),
        Has(Feature.SOURCE_IP, "only what would not come back is masqueraded (iptables/proxier.go)"),
    ),
)
